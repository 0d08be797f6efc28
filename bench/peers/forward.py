"""transformers on the same sequences, three ways; answers one JSON line a request on stdin.

padded: batches of 32 in corpus order, right-padded (the published way); one: batch 1; sorted: batches of 32 by length.
float32, no cache, base model only (no logits), last token of the final states.
"""
import json, sys, time
import torch, transformers

folder, ids, threads = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3])
torch.set_num_threads(threads)
transformers.logging.set_verbosity_error()
model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
tokens = sum(map(len, ids))

def run(batches):
    with torch.inference_mode():
        for batch in batches:
            longest = max(map(len, batch))
            x = torch.zeros(len(batch), longest, dtype=torch.long); mask = torch.zeros_like(x)
            for i, s in enumerate(batch): x[i, :len(s)] = torch.tensor(s); mask[i, :len(s)] = 1
            h = model(input_ids=x, attention_mask=mask if len(batch) > 1 else None, use_cache=False).last_hidden_state
            h[torch.arange(len(batch)), [len(s) - 1 for s in batch]].clone()

def chunks(xs): return [xs[i:i + 32] for i in range(0, len(xs), 32)]
ways = {"padded": lambda: chunks(ids), "one": lambda: [[s] for s in ids], "sorted": lambda: chunks(sorted(ids, key=len))}
run([ids[0:1]])
print(json.dumps({"ready": True, "torch": torch.__version__, "transformers": transformers.__version__}), flush=True)
for line in sys.stdin:
    batches = ways[line.strip()]()
    start = time.perf_counter(); run(batches); seconds = time.perf_counter() - start
    print(json.dumps({"tokensPerSecond": tokens / seconds}), flush=True)
