"""Small files of torch.save, and what torch reads from them: `tensors.json` for these and for the `.bin` folders beside.

Run with torch 2.15.0, Python 3.11, in this folder.
"""
import hashlib
import json
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

here = Path(__file__).resolve().parent
generator = torch.Generator().manual_seed(4)


def random(*shape):
    return torch.randn(*shape, generator=generator)


base = random(4, 6)
shared = {  # three tensors of one storage, one of them the last two rows
    "whole": base,
    "again": base,
    "rows": base[2:],
    "first": base[0],
    "scalar": torch.tensor(-1e9),
    "empty": torch.zeros(0, 3),
    "column": random(5, 1),
}
kinds = {
    "f64": random(3).double(),
    "f16": random(2, 2).half(),
    "bf16": random(2, 2).bfloat16(),
    "i64": torch.arange(5),
    "bool": torch.tensor([True, False, True]),
    "u16": torch.tensor([1, 65535], dtype=torch.uint16),
    "f8": random(4).to(torch.float8_e4m3fn),
    "parameter": torch.nn.Parameter(random(2, 3)),
}
module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
torch.save(shared, here / "shared.bin")
torch.save(shared, here / "shared_old.bin", _use_new_zipfile_serialization=False)
torch.save(kinds, here / "kinds.bin")
torch.save(kinds, here / "kinds_protocol4.bin", pickle_protocol=4)
torch.save(module.state_dict(), here / "module.bin")  # an OrderedDict with `_metadata`
torch.save(OrderedDict(step=3, note="x", w=base), here / "mixed.bin")
torch.save({"transposed": base.T}, here / "transposed.bin")
torch.save({"model": {"w": base}, "optimizer": {}}, here / "training.bin")
torch.save(module, here / "whole_module.bin")
with zipfile.ZipFile(here / "shared.bin") as source, zipfile.ZipFile(here / "compressed.bin", "w", zipfile.ZIP_DEFLATED) as target:
    for name in source.namelist():
        target.writestr(name, source.read(name))
torch.serialization.set_crc32_options(False)
torch.save(shared, here / "no_checksums.bin")


class Attack:
    def __reduce__(self):
        import os

        return os.system, ("touch pwned",)


torch.serialization.set_crc32_options(True)
torch.save({"w": base, "x": Attack()}, here / "attack.bin")
torch.save({"w": base, "x": Attack()}, here / "attack_old.bin", _use_new_zipfile_serialization=False)
(here / "attack.pkl").write_bytes(pickle.dumps(Attack()))

names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
         torch.bool: "BOOL", torch.uint16: "U16", torch.float8_e4m3fn: "F8_E4M3"}


def described(files):
    state = {k: v for f in files for k, v in torch.load(f, weights_only=False).items() if isinstance(v, torch.Tensor)}
    raw = lambda t: bytes(t.detach().contiguous().reshape(-1).view(torch.uint8).numpy())
    return {k: [names[v.dtype], list(v.shape), hashlib.sha256(raw(v)).hexdigest()] for k, v in state.items()}


result = {f"torch/{f}.bin": described([here / f"{f}.bin"])
          for f in ("shared", "shared_old", "kinds", "kinds_protocol4", "module", "mixed", "no_checksums")}
for folder in ("gpt_neox_bin", "llama_sharded_bin", "olmo2_legacy_bin"):
    result[folder] = described(sorted((here.parent / folder).glob("*.bin")))
(here / "tensors.json").write_text(json.dumps(result, indent=0).replace("\n", "").replace("}, ", "},\n") + "\n")
