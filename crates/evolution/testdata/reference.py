"""Writes reference.json: generations of CMA-ES by pycma, each with the state after it.

usage: python reference.py > reference.json     (cma, numpy)

pycma's own constants of the step size are newer than those of the tutorial (Hansen 2016), so these are
set; everything else is pycma's: weights, rates, evolution paths, negative weights. Ours cuts steps that
are very long (Hansen 2011), so the first seed without one is taken.
"""
import json
import sys

import cma
import numpy as np


def ellipsoid(x):
    return sum(10 ** (2 * i) * (v - 1) ** 2 for i, v in enumerate(x)) + x[0] * x[1]


def generations(seed, f, n, population, sigma):
    options = {"popsize": population, "seed": seed, "verbose": -9, "updatecovwait": 0}
    es = cma.CMAEvolutionStrategy(n * [1.0], sigma, options)
    mu = es.sp.weights.mueff
    c_sigma = (mu + 2) / (n + mu + 5)
    es.adapt_sigma.cs = c_sigma
    es.adapt_sigma.damps = 1 + 2 * max(0, ((mu - 1) / (n + 1)) ** 0.5 - 1) + c_sigma
    es.const.chiN = n ** 0.5 * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    found = []
    for _ in range(12):
        points = sorted(es.ask(), key=f)
        root = np.linalg.cholesky(es.C * es.sigma ** 2)
        steps = [np.linalg.norm(np.linalg.solve(root, x - es.mean)) for x in points]
        if max(steps) > n ** 0.5 + 2 * n / (n + 2):
            return None
        es.tell(points, [f(x) for x in points])
        deviations = np.diag(es.C * es.sigma ** 2) ** 0.5
        found.append({
            "points": [list(map(float, x)) for x in points], "mean": list(map(float, es.mean)),
            "sigma": float(es.sigma), "deviations": list(map(float, deviations)),
        })
    return found


cases = []
for name, f, n, population, sigma in [
    ("sphere", lambda x: sum(v * v for v in x), 6, 10, 0.5), ("ellipsoid", ellipsoid, 4, 8, 0.3),
    ("slope", sum, 5, 8, 0.2),
]:
    found = next(filter(None, (generations(seed, f, n, population, sigma) for seed in range(1, 500))))
    cases.append({"name": name, "population": population, "start": n * [1.0], "sigma": sigma,
                  "generations": found})
json.dump({"cma": cma.__version__, "cases": cases}, sys.stdout, indent=None)
print()
