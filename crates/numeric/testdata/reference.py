"""Writes reference.json: ranks, crowding distances and hypervolumes by pymoo.

usage: python reference.py > reference.json     (pymoo, numpy)
"""
import json
import sys

import numpy as np
import pymoo
from pymoo.indicators.hv import HV
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

rng = np.random.default_rng(11)
cases = []
for m, n in [(2, 40), (3, 30), (4, 20), (5, 12)]:
    points = rng.uniform(size=(n, m)).round(3)
    ranks = NonDominatedSorting().do(points, return_rank=True)[1]
    front = points[ranks == 0]
    hypervolume = HV(ref_point=np.full(m, 1.1))
    whole = hypervolume(front)
    lost = [whole - hypervolume(np.delete(points, i, axis=0)) for i in range(n)]
    crowding = calc_crowding_distance(front)
    cases.append({
        "points": points.tolist(), "ranks": [int(r) for r in ranks], "hypervolume": float(whole),
        "contributions": [float(v) for v in lost], "front": np.flatnonzero(ranks == 0).tolist(),
        # pymoo divides the sum over the objectives by their number.
        "crowding": [None if np.isinf(v) else float(v * m) for v in crowding],
    })
json.dump({"pymoo": pymoo.__version__, "cases": cases}, sys.stdout, indent=None)
print()
