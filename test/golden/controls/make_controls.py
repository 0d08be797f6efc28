"""Nulls of the sample series by transformers and NumPy, on the ids and weights that export.mjs writes to DIR.

  node export.mjs DIR && python make_controls.py DIR          (writes controls.json beside this file)
"""
import json, sys
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "sample" / "make"))
from measure import alpha, by_length, rankme, spectrum  # noqa: E402

@torch.no_grad()
def represent(model, ids):
    features = np.empty((len(ids), model.config.hidden_size), dtype=np.float32)
    for index in by_length(ids):
        hidden = model.base_model(input_ids=torch.tensor([ids[i] for i in index]), use_cache=False).last_hidden_state
        features[index] = hidden[:, -1].numpy()
    return features

def measure(folder, ids):
    values = spectrum(represent(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), ids))
    return {"n": len(ids), "d": len(values), "rankme": rankme(values), "alpha": alpha(values)[0]}

place = Path(sys.argv[1])
read = lambda name: [json.loads(line) for line in open(place / name)]
ids, permuted = read("ids.jsonl"), read("permuted.jsonl")
assert ids != permuted and [sorted(a) for a in ids] == [sorted(b) for b in permuted]
series = HERE.parents[2] / "sample" / "series"
out = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__, "numpy": np.__version__},
       "permuted_sha256": (place / "permuted.sha256").read_text(),
       "shuffled-tokens": {r: measure(series / r, permuted) for r in ("step32", "step6000")},
       "random-init": measure(place / "model", ids)}
(HERE / "controls.json").write_text(json.dumps(out, indent=1) + "\n")
print(json.dumps(out, indent=1))
