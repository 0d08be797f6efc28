"""How transformers initialises each family: over many seeds, the pooled standard deviation of every tensor, its value where it
is constant, and its rows that are always zero.

  python make_initialisation.py          (torch, transformers; writes initialisation.json beside it)
"""
import json
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

HERE = Path(__file__).parent
SEEDS = 40
FAMILIES = ["gpt_neox", "gpt2", "opt", "llama", "llama_tied", "mistral", "olmo", "olmo2", "olmo3", "qwen2", "qwen3", "gemma2", "gemma3_text"]
# As stored; with another range and padding token; with neither key; with a padding token of null.
CHANGES = [{}, {"std": 0.05, "pad_token_id": 3}, {"std": "absent", "pad_token_id": "absent"}, {"pad_token_id": None}]

def describe(config):
    pooled = {}
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
        for name, p in model.named_parameters():
            pooled.setdefault(name, []).append(p.detach().double())
    tensors = {}
    for name, draws in sorted(pooled.items()):
        x = torch.stack(draws)
        zero = [] if x.dim() < 3 else [int(r) for r in (x == 0).all(-1).all(0).nonzero().flatten()]
        live = x if not zero else x[:, [r for r in range(x.shape[1]) if r not in zero]]
        constant = float(x.flatten()[0]) if bool((x == x.flatten()[0]).all()) else None
        # Of the elements, not of their mean: means are zero.
        tensors[name] = {"constant": constant, "std": None if constant is not None else float(live.square().mean().sqrt()),
                         "elements": live.numel(), "zero_rows": zero if constant is None else []}
    return tensors

cases = []
for family in FAMILIES:
    stored = json.loads((HERE.parent / "architectures" / family / "config.json").read_text())
    for change in CHANGES:
        config = {k: v for k, v in stored.items() if k not in ("architectures", "dtype", "torch_dtype", "transformers_version")}
        for key, value in change.items():
            key = key if key != "std" else "init_std" if stored["model_type"] == "opt" else "initializer_range"
            if value == "absent": config.pop(key, None)
            else: config[key] = value
        cases.append({"family": family, "config": config, "tensors": describe(config)})
        print(family, change, flush=True)
out = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "seeds": SEEDS, "cases": cases}
text = json.dumps(out).replace('}, "', '},\n "').replace('{"family"', '\n{"family"')
(HERE / "initialisation.json").write_text(text + "\n")
