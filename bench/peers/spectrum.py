"""The published way (scikit-learn's full SVD) and NumPy's cov + eigvalsh on the same rows, timed on demand.

usage: spectrum.py ROWS.f32 N D; each line of stdin names one, the answer is a JSON line {"seconds", "cpu", "rankme"}; cpu: seconds of all threads
"""
import json
import sys
import time

import numpy as np
from sklearn.decomposition import PCA

path, n, d = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
F = np.fromfile(path, np.float32).reshape(n, d)


def svd():
    return PCA(svd_solver="full").fit(F).explained_variance_


def cov():
    return np.linalg.eigvalsh(np.cov(F, rowvar=False))


print(json.dumps({"ready": True, "numpy": np.__version__}), flush=True)
for line in sys.stdin:
    start, cpu = time.perf_counter(), time.process_time()
    values = {"svd": svd, "cov": cov}[line.strip()]()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    p = np.clip(values.astype(np.float64), 0, None)
    p = p[p > 0] / p.sum()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "rankme": float(np.exp(-(p * np.log(p)).sum()))}), flush=True)
