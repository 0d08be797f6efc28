"""Correlations of pairs of curves by scipy and numpy, which eigentrace's are compared with: python make_relate.py > expected.json

Partial correlations are those of residuals of least squares on ln(tokens), of values and of ranks: another way than the
one under test. p: scipy.stats.pearsonr of differences. Errors: the delete-a-group jackknife over ten curves of x, and of y
where it has any: variances add.
"""

import json
import sys

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20260)


def residuals(values, z):
    # Centred first: least squares on values of 1e6 would lose the digits that are compared.
    values, z = values - values.mean(), z - z.mean()
    return values - z * np.dot(values, z) / np.dot(z, z)


def figures(x, y, z):
    dx, dy = np.diff(x), np.diff(y)
    held = ~np.isnan(z)
    px, py, pz = x[held], y[held], z[held]
    ranks = [stats.rankdata(v) for v in (px, py, pz)]
    return {
        "levels": {"pearson": stats.pearsonr(x, y)[0], "spearman": stats.spearmanr(x, y)[0]},
        "increments": {"pearson": stats.pearsonr(dx, dy)[0], "spearman": stats.spearmanr(dx, dy)[0]},
        "partial": {
            "pearson": stats.pearsonr(residuals(px, pz), residuals(py, pz))[0],
            "spearman": stats.pearsonr(residuals(ranks[0], ranks[2]), residuals(ranks[1], ranks[2]))[0],
        },
    }


def variance(values):
    values = np.array(values)
    return (len(values) - 1) / len(values) * ((values - values.mean()) ** 2).sum()


def case(name, x, y, tokens, replicates=None, of_y=None):
    z = np.array([np.nan if t <= 0 else np.log(t) for t in tokens])
    found = figures(x, y, z)
    dx, dy = np.diff(x), np.diff(y)
    found["increments"]["p"] = stats.pearsonr(dx, dy)[1]
    found["levels"]["n"], found["increments"]["n"], found["partial"]["n"] = len(x), len(dx), int((~np.isnan(z)).sum())
    if replicates is not None:
        each = [figures(r, y, z) for r in replicates]
        each_y = [figures(x, r, z) for r in of_y or []]
        for part in ("levels", "increments", "partial"):
            for kind in ("pearson", "spearman"):
                both = [variance([e[part][kind] for e in some]) for some in (each, each_y) if some]
                found[part][kind + "Se"] = np.sqrt(sum(both))
    return {
        "name": name,
        "x": x.tolist(),
        "y": y.tolist(),
        "tokens": [float(t) for t in tokens],
        "replicates": None if replicates is None else [r.tolist() for r in replicates],
        "yReplicates": None if of_y is None else [r.tolist() for r in of_y],
        "expected": found,
    }


def walk(n):
    return np.cumsum(rng.normal(size=n))


cases = []
pythia = [0] + [2**i for i in range(10)] + list(range(1000, 143001, 10000))
tokens = [s * 2097152 for s in pythia]
x, y = walk(len(tokens)) * 40 + 300, 0.3 + walk(len(tokens)) * 0.02
reps = [x * (1 + 0.01 * rng.normal()) + rng.normal(size=len(x)) * 2 for _ in range(10)]
cases.append(case("two walks over Pythia's checkpoints, step 0 among them", x, y, tokens, reps))
log_tokens = np.log(np.array(tokens[1:], float))
x = 20 + 60 / (1 + np.exp(-(log_tokens - 22))) + rng.normal(size=len(log_tokens))
y = np.round(0.25 + 0.5 / (1 + np.exp(-(log_tokens - 23))) + 0.01 * rng.normal(size=len(log_tokens)), 2)
reps = [x + 0.5 * rng.normal(size=len(x)) for _ in range(10)]
cases.append(case("both follow ln(tokens), accuracies with ties", x, y, tokens[1:], reps))
x, y = rng.normal(size=5), np.array([0.25, 0.25, 0.25, 0.5, 0.75])
cases.append(case("five checkpoints, three of one accuracy", x, y, [1e6, 2e6, 4e6, 8e6, 16e6]))
x, y = 1e6 + rng.normal(size=40) * 1e-3, rng.normal(size=40) * 1e-9
cases.append(case("small changes of large values", x, y, list(np.linspace(1e9, 4e10, 40))))
x = walk(76)
cases.append(case("opposed", x, -x + 0.05 * rng.normal(size=76), list(np.geomspace(1e8, 4e12, 76))))

x, y = walk(20) * 40 + 300, 0.3 + walk(20) * 0.02
reps = [x + 2 * rng.normal(size=20) for _ in range(10)]
of_y = [y + 0.004 * rng.normal(size=20) for _ in range(10)]
cases.append(case("errors over sequences and questions", x, y, list(np.geomspace(1e8, 1e11, 20)), reps, of_y))

p_values = [0.001, 0.04, None, 0.012, 0.03, 0.5, 0.012]
order = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
adjusted, worst = [None] * len(p_values), 0.0
for place, (p, i) in enumerate(order):
    worst = max(worst, min(1.0, (len(order) - place) * p))
    adjusted[i] = worst

json.dump(
    {"versions": {"numpy": np.__version__, "scipy": scipy.__version__}, "cases": cases, "holm": {"p": p_values, "adjusted": adjusted}},
    sys.stdout,
    indent=1,
)
