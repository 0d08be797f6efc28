"""Expected differences, errors, p-values and correlations of two curves, by NumPy and SciPy.

Reads inputs.json (RankMe of two layers of the bundled sample's pretraining, with the ten left-out values of each
checkpoint, measured on the same rows; and lists with ties), writes expected.json. Nothing of eigentrace is used.
Made with: python 3.11-3.13, numpy 2.x, scipy 1.x (their versions are in expected.json).
"""
import json
import sys

import numpy as np
import scipy
from scipy import stats

inputs = json.load(open("inputs.json"))
x, y = (np.array(inputs[k]["value"]) for k in "ab")
rx, ry = (np.array(inputs[k]["replicates"]) for k in "ab")  # (checkpoints, K)
K = rx.shape[1]


def se(values, axis=-1):
    """Delete-a-group jackknife: SE^2 = (K-1)/K sum (theta_k - mean)^2."""
    values = np.asarray(values)
    spread = values - values.mean(axis=axis, keepdims=True)
    return np.sqrt((K - 1) / K * (spread**2).sum(axis=axis))


def holm(p):
    order = np.argsort(p, kind="stable")
    out = np.empty(len(p))
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, p[i] * (len(p) - rank)))
        out[i] = running
    return out


def differences(errors):
    d = y - x
    t = np.abs(d) / errors
    p = 2 * stats.t.sf(t, K - 1)
    reach = stats.t.ppf(0.975, K - 1) * errors
    return {
        "difference": d.tolist(),
        "se": errors.tolist(),
        "low": (d - reach).tolist(),
        "high": (d + reach).tolist(),
        "p": p.tolist(),
        "pHolm": holm(p).tolist(),
    }


def correlation(figure):
    whole = float(figure(x, y))
    paired = se([figure(rx[:, k], ry[:, k]) for k in range(K)])
    from_x = se([figure(rx[:, k], y) for k in range(K)])
    from_y = se([figure(x, ry[:, k]) for k in range(K)])
    return {"value": whole, "paired": float(paired), "independent": float(np.hypot(from_x, from_y))}


steps = stats.pearsonr(np.diff(x), np.diff(y))
expected = {
    "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__},
    "paired": differences(se(ry - rx)),
    "independent": differences(np.hypot(se(rx), se(ry))),
    "pearson": correlation(lambda a, b: stats.pearsonr(a, b).statistic),
    "spearman": correlation(lambda a, b: stats.spearmanr(a, b).statistic),
    "increments": {"pearson": float(steps.statistic), "p": float(steps.pvalue)},
    "ties": [
        {
            "pearson": float(stats.pearsonr(a, b).statistic),
            "pearsonP": float(stats.pearsonr(a, b).pvalue),
            "spearman": float(stats.spearmanr(a, b).statistic),
            "ranks": stats.rankdata(a).tolist(),
        }
        for a, b in inputs["ties"]
    ],
}
json.dump(expected, open("expected.json", "w"), indent=1)
