"""Writes reference.json: log densities of Parzen estimators of continuous parameters by SciPy.

usage: python reference.py > reference.json     (scipy, numpy)

The kernel of an observation is a normal density truncated to [0, 1]; its width is the larger distance to
its neighbors on the axis, the prior at 0.5 among them, at least max(min_width, (k + 2)^-exponent) and at
most 1. Another component is uniform. Weights are relative.
"""
import json
import sys

import numpy as np
import scipy
from scipy.special import logsumexp
from scipy.stats import truncnorm

rng = np.random.default_rng(7)
cases = []
for d, k, min_width, exponent, prior_weight in [
    (1, 1, 0.01, 1.0, 1.0), (1, 12, 0.01, 1.0, 0.5), (3, 7, 0.05, 1.75, 2.0), (2, 60, 0.01, 1.75, 1.0),
]:
    x, points = rng.uniform(size=(k, d)), rng.uniform(size=(6, d))
    weights = rng.uniform(0.5, 2.0, size=k)
    least = min(max(min_width, (k + 2.0) ** -exponent), 1.0)
    logs = np.empty((6, k + 1))
    shares = np.append(weights, prior_weight) / (weights.sum() + prior_weight)
    logs[:] = np.log(shares)
    for j in range(d):
        order = np.sort(np.append(x[:, j], 0.5))
        for i in range(k):
            at = np.searchsorted(order, x[i, j])
            gaps = [order[at] - order[at - 1] if at > 0 else 0.0,
                    order[at + 1] - order[at] if at + 1 < len(order) else 0.0]
            width = min(max(max(gaps), least), 1.0)
            low, high = -x[i, j] / width, (1 - x[i, j]) / width
            logs[:, i] += truncnorm.logpdf(points[:, j], low, high, loc=x[i, j], scale=width)
    cases.append({
        "min_width": min_width, "exponent": exponent, "prior_weight": prior_weight,
        "observations": x.tolist(), "weights": weights.tolist(), "points": points.tolist(),
        "log_densities": logsumexp(logs, axis=1).tolist(),
    })
json.dump({"scipy": scipy.__version__, "cases": cases}, sys.stdout, indent=None)
print()
