"""Generation of transformers with its cache: new tokens a second and processor seconds a token. usage: generate.py MODEL IDS.json THREADS NEW; one {"batch", "mode"} a line on stdin."""
import json, sys, time
import torch, transformers

folder, ids, threads, new = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
transformers.logging.set_verbosity_error()
model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

def run(batch, mode, count):
    x = torch.tensor(ids[:batch])
    how = {"do_sample": False} if mode == "greedy" else {"do_sample": True, "temperature": 0.8, "top_p": 0.95, "top_k": 0}
    with torch.inference_mode():
        out = model.generate(x, attention_mask=torch.ones_like(x), **how, max_new_tokens=count, min_new_tokens=count, pad_token_id=0)
    return out[:, x.shape[1]:].tolist()

run(1, "greedy", 2)
print(json.dumps({"ready": True, "torch": torch.__version__, "transformers": transformers.__version__}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    batch = asked["batch"]
    cpu = time.process_time(); start = time.perf_counter()
    tokens = run(batch, asked["mode"], new)
    seconds = time.perf_counter() - start; cpu = time.process_time() - cpu
    print(json.dumps({"tokensPerSecond": batch * new / seconds, "cpu": cpu / (batch * new), "tokens": tokens}), flush=True)
