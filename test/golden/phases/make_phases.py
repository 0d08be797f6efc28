"""Turning points by prominence, written on its own from definitions §7: no code shared with src/phases.

    python3 make_phases.py > expected.json        (Python 3.11; no packages)

Curves are random walks and smooth curves with noise, from a fixed seed. For each the turning points are found at two
thresholds of size, without standard errors, by another method than the library's, which drops the least prominent one after
another: here every subset of the extrema is tried. Also written: a paired jackknife error, and the vertex of a parabola
through three points by Lagrange. (scipy.signal.peak_prominences is another thing: it knows no ends.)
"""
import itertools
import json
import math
import random

random.seed(20260814)


def extrema(y):
    """Interior extrema as (index, kind); values here are all different."""
    return [
        (i, 1 if y[i] > y[i - 1] else -1)
        for i in range(1, len(y) - 1)
        if (y[i] - y[i - 1]) * (y[i + 1] - y[i]) < 0
    ]


def prominence(y, kept, at):
    """Smaller of the changes to the kept extrema (or ends) on either side, towards the extremum's own kind."""
    i, kind = kept[at]
    left = kept[at - 1][0] if at > 0 else 0
    right = kept[at + 1][0] if at + 1 < len(kept) else len(y) - 1
    return min(kind * (y[i] - y[left]), kind * (y[i] - y[right]))


def turning(y, threshold):
    """The largest set of extrema whose prominences all exceed the threshold; of several, the one of most total variation."""
    all_of_them, best = extrema(y), (0, 0.0, [])
    for size in range(1, len(all_of_them) + 1):
        for kept in itertools.combinations(all_of_them, size):
            if all(prominence(y, kept, at) > threshold for at in range(size)):
                path = [y[0]] + [y[i] for i, _ in kept] + [y[-1]]
                variation = sum(abs(b - a) for a, b in zip(path, path[1:]))
                best = max(best, (size, variation, list(kept)))
    kept = best[2]
    return [
        {"kind": "maximum" if kind > 0 else "minimum", "index": i, "prominence": prominence(y, kept, at)}
        for at, (i, kind) in enumerate(kept)
    ]


def jackknife(values):
    k = len(values)
    mean = sum(values) / k
    return math.sqrt((k - 1) / k * sum((v - mean) ** 2 for v in values))


cases = []
for case in range(12):
    n = random.choice([6, 9, 12, 18])
    if case % 3 == 0:
        y = [4 + 0.1 * random.gauss(0, 1)]
        for _ in range(n - 1):
            y.append(y[-1] + 0.3 * random.gauss(0, 1))
    else:
        a, b = random.uniform(0.1, 1.5), random.uniform(1, 3)
        y = [4 + a * math.sin(b * math.pi * i / (n - 1)) + 0.02 * random.gauss(0, 1) for i in range(n)]
    case = {"tokens": [2**i * 1000000 for i in range(n)], "rankme": [math.exp(v) for v in y], "found": {}}
    logs = [math.log(v) for v in case["rankme"]]
    for threshold in (0.048790164169432, 0.3):
        case["found"][str(threshold)] = turning(logs, threshold)
    replicates = [[math.exp(v + 0.01 * random.gauss(0, 1)) for _ in range(4)] for v in logs]
    case["replicates"] = replicates
    case["se_first_last"] = jackknife([math.log(replicates[-1][k]) - math.log(replicates[0][k]) for k in range(4)])
    cases.append(case)

vertices = []
for _ in range(6):
    x = [1.0, 1.0 + random.uniform(0.3, 2), 0]
    x[2] = x[1] + random.uniform(0.3, 2)
    y = [random.uniform(3, 4), random.uniform(4.2, 5), random.uniform(3, 4)]
    # Zero of the derivative of the Lagrange polynomial.
    d = [y[i] / math.prod(x[i] - x[j] for j in range(3) if j != i) for i in range(3)]
    place = sum(d[i] * sum(x[j] for j in range(3) if j != i) for i in range(3)) / (2 * sum(d))
    vertices.append({"x": x, "y": y, "at": min(max(place, x[0]), x[2])})

json.dump({"cases": cases, "vertices": vertices}, __import__("sys").stdout, indent=1)
print()
