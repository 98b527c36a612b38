"""Writes configspace.json, the fixture of tests/configspace.rs, with ConfigSpace 1.2.0."""

import os

from ConfigSpace import (
    AndConjunction, Categorical, ConfigurationSpace, Constant, EqualsCondition, Float,
    ForbiddenAndConjunction, ForbiddenEqualsClause, ForbiddenGreaterThanRelation,
    ForbiddenInClause, GreaterThanCondition, InCondition, Integer, LessThanCondition,
    NormalFloatHyperparameter, NormalIntegerHyperparameter, NotEqualsCondition, OrConjunction,
)

space = ConfigurationSpace(name="fixture")
kind = Categorical("kind", ["x", "y", "z"], weights=[1, 2, 3], default="y")
width = Integer("width", (1, 64), log=True)
size = Categorical("size", ["s", "m", "l"], ordered=True)
normal = NormalFloatHyperparameter("normal", mu=0.0, sigma=1.0, lower=-3, upper=3)
log_normal = NormalFloatHyperparameter(
    "log normal", mu=0.1, sigma=1.5, lower=0.001, upper=1.0, log=True
)
whole = NormalIntegerHyperparameter("whole", mu=5, sigma=2, lower=0, upper=10)
bound = Float("bound", (0.5, 4.0))
children = [Float(name, (0, 1)) for name in ("a", "b", "c", "d", "e", "f")]
space.add(children, kind, width, size, normal, log_normal, whole, bound, Constant("three", 3))
a, b, c, d, e, f = children
space.add(
    EqualsCondition(a, kind, "x"),
    AndConjunction(InCondition(b, kind, ["x", "y"]), GreaterThanCondition(b, width, 4)),
    NotEqualsCondition(c, kind, "x"),
    OrConjunction(EqualsCondition(d, kind, "x"), EqualsCondition(d, kind, "z")),
    LessThanCondition(e, size, "l"),
    LessThanCondition(f, bound, 1.0),
)
space.add(
    ForbiddenAndConjunction(
        ForbiddenEqualsClause(kind, "x"), ForbiddenInClause(width, [1, 2])
    ),
    ForbiddenGreaterThanRelation(normal, bound),
)
space.to_json(os.path.join(os.path.dirname(__file__), "configspace.json"))
