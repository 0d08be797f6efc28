"""lm-evaluation-harness's `hf` model on CPU, float32, on SciQ questions of a local file; answers one JSON line a batch size on stdin.

The stock task file with nothing changed but where rows come from. The clock runs from the loaded model to the results.
"""
import json, os, sys, time
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
import datasets, torch, transformers
import lm_eval
from lm_eval.models.huggingface import HFLM

folder, tokenizer, rows, limit, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
torch.set_num_threads(threads)
out = sys.stdout; sys.stdout = sys.stderr
questions = [json.loads(line) for line in open(rows, encoding="utf-8")][:limit]
datasets.load_dataset = lambda *a, **k: datasets.DatasetDict({s: datasets.Dataset.from_list(questions) for s in ("train", "validation", "test")})
tok = transformers.PreTrainedTokenizerFast(tokenizer_file=tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>")
model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
tokens = {"forwarded": 0}
def count(module, args, kwargs):
    tokens["forwarded"] += (kwargs["input_ids"] if "input_ids" in kwargs else args[0]).numel()
model.register_forward_pre_hook(count, with_kwargs=True)
print(json.dumps({"ready": True, "lm_eval": lm_eval.__version__ if hasattr(lm_eval, "__version__") else "", "torch": torch.__version__, "transformers": transformers.__version__}), file=out, flush=True)
for line in sys.stdin:
    lm = HFLM(pretrained=model, tokenizer=tok, batch_size=int(line), device="cpu")
    tokens["forwarded"] = 0
    start = time.perf_counter()
    r = lm_eval.simple_evaluate(model=lm, tasks=["sciq"], num_fewshot=0, bootstrap_iters=0, log_samples=True)
    seconds = time.perf_counter() - start
    items = [[float(x[0][0]) for x in s["resps"]] for s in sorted(r["samples"]["sciq"], key=lambda s: s["doc_id"])]
    print(json.dumps({"seconds": seconds, "tokens": tokens["forwarded"], "acc": r["results"]["sciq"]["acc,none"], "items": items}), file=out, flush=True)
