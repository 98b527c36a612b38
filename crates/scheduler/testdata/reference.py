"""Writes reference.json: Hyperband's brackets in exact arithmetic.

usage: python reference.py > reference.json

Li et al. (2018), algorithm 1: with s_max = floor(log_eta R) and B = (s_max + 1) R, bracket s starts
n = ceil((s_max + 1) eta^s / (s + 1)) trials at R eta^-s, and floor(n eta^-i) of them reach rung i. The
number of trials is kept as a fraction until the floor is taken, as in table 1.
"""
import json
import sys
from fractions import Fraction
from math import ceil, floor

cases = []
for eta in [2, 3, 4]:
    for power in range(0, 6):
        top = eta ** power
        brackets = []
        for s in range(power, -1, -1):
            trials = ceil(Fraction(power + 1) * eta ** s / (s + 1))
            sizes = [floor(Fraction(trials) / eta ** i) for i in range(s + 1)]
            brackets.append([[size, top // eta ** (s - i)] for i, size in enumerate(sizes) if size > 0])
        cases.append({"eta": eta, "top": top, "brackets": brackets})
json.dump({"cases": cases}, sys.stdout, indent=None)
print()
