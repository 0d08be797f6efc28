"""Greedy generation of transformers with its cache: new tokens a second. usage: generate.py MODEL IDS.json THREADS NEW; one batch size a line on stdin."""
import json, sys, time
import torch, transformers

folder, ids, threads, new = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
transformers.logging.set_verbosity_error()
model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

def run(batch, count):
    x = torch.tensor(ids[:batch])
    with torch.inference_mode():
        out = model.generate(x, attention_mask=torch.ones_like(x), do_sample=False, max_new_tokens=count, min_new_tokens=count, pad_token_id=0)
    return out[:, x.shape[1]:].tolist()

run(1, 2)
print(json.dumps({"ready": True, "torch": torch.__version__, "transformers": transformers.__version__}), flush=True)
for line in sys.stdin:
    batch = int(line)
    start = time.perf_counter(); tokens = run(batch, new); seconds = time.perf_counter() - start
    print(json.dumps({"tokensPerSecond": batch * new / seconds, "tokens": tokens}), flush=True)
