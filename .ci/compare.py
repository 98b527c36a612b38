"""Compares JSON on standard input with a file, numbers up to a relative difference of 1e-6.

usage: python compare.py FILE < other.json
"""
import json
import sys


def differs(a, b, place):
    """The first place where two documents differ, or None; versions of libraries may."""
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            return place
        return next(filter(None, (differs(a[k], b[k], f"{place}.{k}") for k in a)), None)
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return place
        pairs = enumerate(zip(a, b))
        return next(filter(None, (differs(x, y, f"{place}[{i}]") for i, (x, y) in pairs)), None)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return None if abs(a - b) <= 1e-6 * max(abs(a), abs(b), 1e-6) else place
    is_version = isinstance(a, str) and place.count(".") == 1
    return None if a == b or is_version else place


path = sys.argv[1]
with open(path) as file:
    place = differs(json.load(file), json.load(sys.stdin), "")
if place is not None:
    sys.exit(f"reference: {path} differs at {place}")
print(f"reference: {path} is as the library says")
