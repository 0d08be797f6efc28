"""One (N, d) float32 file a checkpoint for `eigentrace trace --features`: python features.py SERIES TEXTS.jsonl OUT"""
import json, sys
from pathlib import Path
import numpy as np, torch
from transformers import AutoModel, AutoTokenizer

series, texts, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
N, LONGEST, BATCH = 300, 128, 32
device = "cuda" if torch.cuda.is_available() else "cpu"
tokenizer = AutoTokenizer.from_pretrained(series)
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
tokenizer.padding_side = "right"  # the mask of a causal model then hides the padding from every real token
rows = [json.loads(line)["text"] for line in open(texts, encoding="utf-8")][:N]  # the same texts for every checkpoint
out.mkdir(exist_ok=True)
for folder in sorted(series.glob("step*")):
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).to(device).eval()
    states = []
    for i in range(0, len(rows), BATCH):
        batch = tokenizer(rows[i : i + BATCH], return_tensors="pt", padding=True, truncation=True, max_length=LONGEST)
        batch = {key: batch[key].to(device) for key in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            final = model(**batch).last_hidden_state  # after the final norm
        last = batch["attention_mask"].sum(1) - 1  # the last real token, not the last place
        states.append(final[torch.arange(len(last), device=device), last].float().cpu().numpy())
    np.save(out / f"{folder.name}.npy", np.concatenate(states))
