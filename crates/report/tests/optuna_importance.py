"""Makes studies with Optuna and prints the importances that its PED-ANOVA evaluator gives.

usage: optuna_importance.py FOLDER         writes FOLDER/<study>.db and prints one JSON object
       optuna_importance.py --fixtures F   writes F, the studies with their importances as JSON
"""
import json, math, os, random, sys, warnings

import optuna
from optuna.distributions import CategoricalDistribution as C
from optuna.distributions import FloatDistribution as F
from optuna.distributions import IntDistribution as I
from optuna.distributions import distribution_to_json
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def draw(rng, dist):
    if isinstance(dist, C):
        return rng.choice(dist.choices)
    if isinstance(dist, I):
        if dist.log:
            return int(round(math.exp(rng.uniform(math.log(dist.low), math.log(dist.high)))))
        return rng.randrange(dist.low, dist.high + 1, dist.step)
    if dist.log:
        x = math.exp(rng.uniform(math.log(dist.low), math.log(dist.high)))
    elif dist.step:
        x = dist.low + dist.step * rng.randint(0, round((dist.high - dist.low) / dist.step))
    else:
        x = rng.uniform(dist.low, dist.high)
    return min(max(float(f"{x:.6g}"), dist.low), dist.high)


def floats(rng):
    space = {"x": F(-5, 5), "y": F(-5, 5), "z": F(1e-4, 1, log=True), "w": F(0, 1, step=0.1)}
    p = {k: draw(rng, d) for k, d in space.items()}
    return space, p, [p["x"] ** 2 + 0.1 * p["y"] ** 2 + 0.05 * math.log10(p["z"]) + 0.3 * p["w"]]


def mixed(rng):
    space = {"n": I(1, 9), "width": I(8, 256, log=True), "step": I(0, 40, step=4),
             "act": C(["relu", "gelu", None]), "flag": C([True, False]), "fixed": F(1, 1)}
    p = {k: draw(rng, d) for k, d in space.items()}
    loss = abs(p["n"] - 6) + 2 * (p["act"] == "gelu") + 0.01 * p["step"] + abs(math.log(p["width"] / 64))
    return space, p, [loss]


def conditional(rng):
    space = {"model": C(["svm", "forest", "net"])}
    p = {"model": draw(rng, space["model"])}
    if p["model"] == "svm":
        space["C"] = F(1e-3, 1e3, log=True)
        p["C"] = draw(rng, space["C"])
        loss = 0.2 + 0.05 * math.log10(p["C"]) ** 2
    elif p["model"] == "forest":
        space.update(trees=I(1, 200), depth=I(1, 9))
        p.update({k: draw(rng, space[k]) for k in ("trees", "depth")})
        loss = 0.1 + 1 / p["trees"] + 0.02 * p["depth"]
    else:
        space["layers"] = I(1, 3)
        p["layers"] = draw(rng, space["layers"])
        loss = 0.4
        for i in range(p["layers"]):
            space[f"units{i}"] = F(0, 1)
            p[f"units{i}"] = draw(rng, space[f"units{i}"])
            loss -= 0.1 * p[f"units{i}"]
    return space, p, [loss]


def maximized(rng):
    space = {f"x{i}": F(0, 1) for i in range(5)}
    p = {k: draw(rng, d) for k, d in space.items()}
    return space, p, [math.exp(-8 * (p["x0"] - 0.7) ** 2) + 0.3 * p["x1"] * p["x2"]]


def several(rng):
    space = {"a": F(0, 1), "b": I(0, 1000), "c": C([str(i) for i in range(12)])}
    p = {k: draw(rng, d) for k, d in space.items()}
    return space, p, [p["a"] ** 2 + int(p["c"]) / 30, p["b"] / 1000 + 0.2 * (1 - p["a"])]


STUDIES = {
    "floats": (floats, ["minimize"], 200),
    "mixed": (mixed, ["minimize"], 150),
    "conditional": (conditional, ["minimize"], 240),
    "maximized": (maximized, ["maximize"], 60),
    "several": (several, ["minimize", "maximize"], 180),
}


def make(name, storage=None):
    function, directions, n = STUDIES[name]
    rng = random.Random(name)
    study = optuna.create_study(study_name=name, storage=storage, directions=directions)
    for _ in range(n):
        space, params, values = function(rng)
        values = [float(f"{v:.6g}") for v in values]
        study.add_trial(optuna.trial.create_trial(params=params, distributions=space, values=values))
    return study


def importances(study):
    if len(study.directions) == 1:
        return [get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())]
    signs = [1 if d == optuna.study.StudyDirection.MINIMIZE else -1 for d in study.directions]
    return [
        get_param_importances(study, evaluator=PedAnovaImportanceEvaluator(), target=lambda t, i=i, s=s: s * t.values[i])
        for i, s in enumerate(signs)
    ]


def fixture(study):
    trials = study.get_trials(deepcopy=False)
    dists = {}
    for trial in trials:
        for name, dist in trial.distributions.items():
            dists.setdefault(name, json.loads(distribution_to_json(dist)))
    rows = [{"values": t.values, "params": {k: t.distributions[k].to_internal_repr(v) for k, v in t.params.items()}} for t in trials]
    return {"name": study.study_name, "directions": [d.name.lower() for d in study.directions],
            "distributions": dists, "trials": rows, "importances": importances(study)}


if sys.argv[1] == "--fixtures":
    with open(sys.argv[2], "w") as file:
        fixtures = [json.dumps(fixture(make(name)), separators=(",", ":")) for name in STUDIES]
        file.write("[\n" + ",\n".join(fixtures) + "\n]\n")
else:
    folder = sys.argv[1]
    found = {}
    for name in STUDIES:
        path = os.path.join(folder, f"{name}.db")
        found[name] = importances(make(name, f"sqlite:///{path}"))
    print(json.dumps(found))
