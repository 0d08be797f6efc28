"""Prompts and scores of lm-evaluation-harness's own tasks on made-up rows, by the sample's checkpoint step6000.

The stock task files with nothing changed but where rows come from (`datasets.load_dataset` answers with ours).
usage: python make_tasks.py   (lm_eval 0.4.13, transformers, torch; writes tasks.json beside it)
"""
import importlib.metadata, json, os, tempfile
from pathlib import Path
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ.setdefault("HF_HOME", tempfile.mkdtemp())
import datasets, torch, transformers
import lm_eval, lm_eval.tasks
from lm_eval.models.huggingface import HFLM

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parents[2] / "sample"

def questions(kind, n=8):
    """n made-up rows with the fields of the data set, spaces and odd characters among them"""
    things = ["a candle", "the long  road", "an Émile", "rain, again", "two  stars", "“salt”", "a ship [title]", "naïve bread"]
    verbs = ["burns", "winds", "walks", "falls", "shine", "dries", "sails", "rises"]
    rows = []
    for i in range(n):
        t, u, v, w = things[i], things[(i + 3) % 8], verbs[i], verbs[(i + 5) % 8]
        if kind == "sciq":
            rows.append({"question": f"What {v} when {t} is near {u}?", "distractor1": w, "distractor2": u, "distractor3": f"{t} and {u}", "correct_answer": v, "support": "" if i % 3 == 0 else f"  {t.capitalize()} {v}. Not so {u}."})
        elif kind == "arc":
            four = [t, u, v, f"{w} {v}"] if i != 5 else [t, u, v]
            rows.append({"id": str(i), "question": f"Which one {v}?", "choices": {"text": four, "label": ["A", "B", "C", "D"][:len(four)] if i % 2 else ["1", "2", "3", "4"][:len(four)]}, "answerKey": ("ABCABCAB" if i % 2 else "12321232")[i]})
        elif kind == "piqa":
            rows.append({"goal": f"Make {t} that {v}", "sol1": f"Take {u}; it {w}.", "sol2": f"Wait till {t} {v}, then rest.", "label": i % 2})
        elif kind == "hellaswag":
            rows.append({"activity_label": f"Having {t}", "ctx_a": f" The man [header] {v} with {u}.", "ctx_b": ["", "he THEN sits", "élan returns", "[step] it ends"][i % 4], "endings": [f"{w} [substeps] {t}.", f"[title] he {v}", f"goes  on, and   {v}", f"says: {u}!"], "label": str(i % 4)})
        elif kind == "winogrande":
            rows.append({"sentence": f"The cup and the jar met {t} because _ {v} by {u}.", "option1": "the cup", "option2": "the jar", "answer": str(1 + i % 2)})
        elif kind == "openbookqa":
            rows.append({"id": str(i), "question_stem": f"{t} {v} when", "choices": {"text": [u, w, v, t], "label": ["A", "B", "C", "D"]}, "answerKey": [" A", "B", "C", " D"][i % 4]})
        elif kind == "boolq":
            rows.append({"passage": f"{t.capitalize()} {v}.  {u} {w}.", "question": f"does {t} {w}", "label": i % 2})
        elif kind == "triviaqa":
            rows.append({"question": f"Who {v} with {t}" + ("?" if i == 2 else ""), "question_id": str(i), "answer": {"aliases": [u, u.upper() + "!", "The LORD" if i % 2 else "God"], "value": u}})
        elif kind == "lambada_openai":
            rows.append({"text": f"And {t} {v}, said the king, and {u} {w} in the " + ["land", "house of the LORD", "sea.", "naïve"][i % 4]})
        elif kind == "wikitext":
            body = f" = {t.title()} = \n\n {t} {v} @-@ {w} , and \" {u} \" ( 1 @,@ {i}00 ) is {i} @.@ 5 {{ x }} of [ 3 ] 's . \n It {w} : 20 ° N more ; see ' {u} ' ! \n = = Notes = = \n"
            rows.append({"page": body * (1 if i % 2 else 9)})
    return rows

TASKS = {"sciq": "sciq", "arc_easy": "arc", "arc_challenge": "arc", "piqa": "piqa", "hellaswag": "hellaswag", "winogrande": "winogrande", "openbookqa": "openbookqa", "boolq": "boolq", "triviaqa": "triviaqa", "lambada_openai": "lambada_openai", "wikitext": "wikitext"}

def run(lm, name, shots):
    rows = questions(TASKS[name]); ask, pool = rows[:5], rows[2:] if TASKS[name] != "lambada_openai" else rows
    def load_dataset(path=None, name=None, **kwargs):
        split = lambda r: datasets.Dataset.from_list(r)
        return datasets.DatasetDict({"train": split(pool), "validation": split(ask), "test": split(ask)})
    datasets.load_dataset = load_dataset
    extra = {"gen_kwargs": "max_gen_toks=12"} if name == "triviaqa" else {}
    r = lm_eval.simple_evaluate(model=lm, tasks=[name], num_fewshot=shots, bootstrap_iters=0, log_samples=True, **extra)
    items = []
    for s in sorted(r["samples"][name], key=lambda s: s["doc_id"]):
        args = s["arguments"].values() if isinstance(s["arguments"], dict) else s["arguments"]
        args = [[a.get("arg_0"), a.get("arg_1")] if isinstance(a, dict) else list(a) for a in args]
        resps = [x[0] for x in s["resps"]]
        items.append({"requests": [[a[0], a[1] if len(a) > 1 and isinstance(a[1], str) else None] for a in args],
                      "responses": [[float(x[0]), str(x[1]) == "True"] if isinstance(x, (list, tuple)) else (x if TASKS[name] == "triviaqa" else float(x)) for x in resps],
                      "target": s["target"] if isinstance(s["target"], (int, str)) else None})
    results = {k: v for k, v in r["results"][name].items() if k not in ("alias", "name", "sample_len", "sample_count")}
    return {"fewshot": shots, "rows": ask, "pool": pool if shots else [], "items": items, "results": {k: (v if isinstance(v, (int, float)) else None) for k, v in results.items()}}

if __name__ == "__main__":
    torch.set_num_threads(2)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(SAMPLE / "series/tokenizer.json"), bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>")
    model = transformers.AutoModelForCausalLM.from_pretrained(SAMPLE / "series/step6000", dtype=torch.float32)
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1, device="cpu")
    out = {"versions": {p: importlib.metadata.version(p) for p in ("lm_eval", "transformers", "torch", "tokenizers")}, "max_length": lm.max_length, "tasks": {}}
    for name in TASKS:
        for shots in (0,) if name in ("wikitext",) else (0, 2):
            out["tasks"][f"{name}-{shots}"] = run(lm, name, shots)
            print(name, shots, out["tasks"][f"{name}-{shots}"]["results"], flush=True)
    (HERE / "tasks.json").write_text(json.dumps(out, indent=1, allow_nan=False, ensure_ascii=False) + "\n")
