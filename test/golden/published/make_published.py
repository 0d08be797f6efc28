"""A results file as the published code writes it, by NumPy 2.4.6, and the same as NumPy 1 pickles it (its module's older name)."""
from pathlib import Path

import pickle

import numpy as np

here = Path(__file__).resolve().parent
rng = np.random.default_rng(4)


def entry(n):
    spectrum = np.sort(rng.random(n))[::-1]
    return {"eigenspectrum": spectrum / spectrum.sum(), "rankme": np.float64(n / 2 + 0.125), "alpha": 1.25,
            "ypred": np.arange(1, n + 1, dtype=np.float32) ** -1.0, "r2": np.float32(0.5), "r2_100": float("nan")}


results = {0: entry(6), np.int64(512): entry(8), "main": {"rankme": 3.5, "eigenspectrum": [0.75, 0.25]}}
np.save(here / "results_tiny.npy", results, allow_pickle=True)
data = (here / "results_tiny.npy").read_bytes()

start = 10 + int.from_bytes(data[8:10], "little")
old = pickle.dumps(np.array(results, dtype=object), protocol=3).replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
(here / "results_tiny_numpy1.npy").write_bytes(data[:start] + old)
assert b"_core" not in old and np.load(here / "results_tiny_numpy1.npy", allow_pickle=True).item()[0]["rankme"] == 3.125
print({k: {n: (v.tolist() if hasattr(v, "tolist") else v) for n, v in e.items()} for k, e in results.items()})


class Attack:
    def __reduce__(self):
        import os

        return os.system, ("touch pwned",)


np.save(here / "attack.npy", np.array({0: {"rankme": Attack()}}, dtype=object), allow_pickle=True)
