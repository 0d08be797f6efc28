"""The model of bench/large.mjs in transformers, float32, on a GPU or a CPU: weights are drawn anew from the same
counter-based generator (bench/large-weights.mjs says how), nothing is downloaded and no weight file is read.

usage: python large-reference.py IDS OUT [--device cuda]      IDS: one JSON array of token ids a line; OUT: a folder
Writes OUT/final.npy (N, d) float32, the last token's final state of every sequence, and OUT/reference.json: checksums
of four tensors, RankMe and alpha (ranks 12..100; null with fewer than 100 positive eigenvalues) of the centred covariance
in float64, versions. Needs torch and transformers (numpy comes with them); about 35 GB of memory on the device.
"""
import argparse
import json
import math
import os
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import numpy as np
import torch
import transformers
from transformers import GPTNeoXConfig, GPTNeoXModel

parser = argparse.ArgumentParser()
parser.add_argument("ids")
parser.add_argument("out")
parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
parser.add_argument("--layers", type=int, default=32, help="fewer, for a quick check against a model of so many layers")
args = parser.parse_args()
start = time.perf_counter()
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.set_float32_matmul_precision("highest")

V, D, INNER, HEADS, LAYERS = 50432, 4096, 16384, 32, args.layers
NAMES = ["embed_in.weight"]
KINDS = ["matrix"]


def norm(name):
    NAMES.extend([f"{name}.weight", f"{name}.bias"])
    KINDS.extend(["norm", "bias"])


def linear(name):
    NAMES.extend([f"{name}.weight", f"{name}.bias"])
    KINDS.extend(["matrix", "bias"])


for layer in range(LAYERS):
    at = f"layers.{layer}."
    norm(f"{at}input_layernorm")
    norm(f"{at}post_attention_layernorm")
    linear(f"{at}attention.query_key_value")
    linear(f"{at}attention.dense")
    linear(f"{at}mlp.dense_h_to_4h")
    linear(f"{at}mlp.dense_4h_to_h")
norm("final_layer_norm")
HEAD_INDEX = len(NAMES)  # embed_out.weight, (V, D): not needed for states

MASK = 0xFFFFFFFF
x = (np.arange(65536, dtype=np.float64) + 0.5) / 32768 - 1
TABLES = {
    kind: torch.from_numpy(values.astype(np.float16)).to(args.device)
    for kind, values in {"matrix": 0.02 * math.sqrt(3) * x, "norm": 1 + 0.05 * x, "bias": 0.01 * x}.items()
}


def mix(v):
    """lowbias32 on int64 tensors (or ints) that hold 32-bit values; products wrap, their low 32 bits are right."""
    v = v ^ (v >> 16)
    v = (v * 0x7FEB352D) & MASK
    v = v ^ (v >> 15)
    v = (v * 0x846CA68B) & MASK
    return v ^ (v >> 16)


def chunks(t, kind, count, step=1 << 25):
    """(from, float16 values) of tensor t, piece by piece."""
    seed = mix(t + 1)
    for at in range(0, count, step):
        i = torch.arange(at, min(count, at + step), dtype=torch.int64, device=args.device)
        yield at, TABLES[kind][mix(mix(i) ^ seed) >> 16]


def checksum(t, kind, count):
    total = 0
    for at, values in chunks(t, kind, count):
        bits = values.view(torch.int16).to(torch.int64) & 0xFFFF
        i = torch.arange(at, at + len(bits), dtype=torch.int64, device=args.device)
        total += int((bits * (i % 65521 + 1)).sum())
    return total


# What large-weights.mjs gives (its `checksum`) for the 32-layer model.
EXPECTED = {
    ("layers.0.input_layernorm.weight", 1, "norm", D): 128780996724,
    ("layers.7.mlp.dense_h_to_4h.bias", 94, "bias", INNER): 3106201395563,
    ("layers.31.attention.query_key_value.weight", 377, "matrix", 3 * D * D): 41622952063683017,
    ("embed_out.weight", 387, "matrix", V * D): 170835119723313028,
}
sums = {}
for (name, t, kind, count), expected in EXPECTED.items():
    found = sums[name] = checksum(t, kind, count)
    if found != expected:
        raise SystemExit(f"{name}: checksum {found}, expected {expected}: the generators differ")
if LAYERS == 32:
    assert NAMES[94] == "layers.7.mlp.dense_h_to_4h.bias" and NAMES[377] == "layers.31.attention.query_key_value.weight"
    assert HEAD_INDEX == 387

config = GPTNeoXConfig(
    vocab_size=V, hidden_size=D, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=INNER,
    hidden_act="gelu", layer_norm_eps=1e-5, max_position_embeddings=2048, use_parallel_residual=True,
    rotary_pct=0.25, rotary_emb_base=10000, tie_word_embeddings=False, bos_token_id=0, eos_token_id=0,
)
# Initialised on the device, so that buffers (the rotary frequencies) are as transformers makes them; then overwritten.
torch.set_default_dtype(torch.float32)
with torch.device(args.device):
    model = GPTNeoXModel(config).eval()
parameters = dict(model.named_parameters())
assert sorted(parameters) == sorted(NAMES), set(parameters) ^ set(NAMES)
with torch.inference_mode():
    for t, (name, kind) in enumerate(zip(NAMES, KINDS)):
        flat = parameters[name].data.view(-1)
        for at, values in chunks(t, kind, flat.numel()):
            flat[at : at + len(values)] = values.to(torch.float32)
print(f"weights: {sum(p.numel() for p in parameters.values()) / 1e9:.2f}e9, {time.perf_counter() - start:.0f} s", flush=True)
# partial_rotary_factor and theta under either spelling of the config.
rotated = model.rotary_emb.inv_freq
wanted = 10000.0 ** -(torch.arange(0, 32, 2, dtype=torch.float64) / 32)
assert rotated.numel() == 16 and torch.allclose(rotated.double().cpu(), wanted, rtol=1e-6), rotated

sequences = [json.loads(line) for line in open(args.ids) if line.strip()]
rows = []
with torch.inference_mode():
    for ids in sequences:  # one at a time: no padding, no mask
        states = model(input_ids=torch.tensor([ids], device=args.device), use_cache=False).last_hidden_state
        rows.append(states[0, -1].float().cpu().numpy())
final = np.stack(rows)

F = final.astype(np.float64)
F -= F.mean(0)
n, d = F.shape
values = np.linalg.eigvalsh(F @ F.T / n if n < d else F.T @ F / n)[::-1]
# definitions.md §2: at most min(N - 1, d), and above the noise of float32 states
floor = (4 * 2.0**-24) ** 2 * float((final.astype(np.float64) ** 2).sum(1).mean())
values = values[: min(n - 1, d)]
values = values[values > floor]
p = values / values.sum()
rankme = float(np.exp(-(p * np.log(p)).sum()))
alpha = None
if len(values) >= 100:
    ranks = np.arange(12, 101)
    a, b, w = -np.log(ranks), np.log(values[11:100]), 1 / ranks
    am, bm = (w * a).sum() / w.sum(), (w * b).sum() / w.sum()
    alpha = float((w * (a - am) * (b - bm)).sum() / (w * (a - am) ** 2).sum())

os.makedirs(args.out, exist_ok=True)
np.save(os.path.join(args.out, "final.npy"), final)
result = {
    "sequences": n, "tokens": sum(map(len, sequences)), "d": d, "layers": LAYERS,
    "rankme": rankme, "alpha": alpha, "positive_eigenvalues": len(values), "eigenvalues": values.tolist(),
    "mean_norm": float(np.linalg.norm(final.astype(np.float64), axis=1).mean()), "checksums": sums,
    "device": torch.cuda.get_device_name() if args.device == "cuda" else args.device,
    "torch": torch.__version__, "transformers": transformers.__version__, "seconds": time.perf_counter() - start,
}
json.dump(result, open(os.path.join(args.out, "reference.json"), "w"), indent=1)
print(json.dumps({k: v for k, v in result.items() if k != "eigenvalues"}))
