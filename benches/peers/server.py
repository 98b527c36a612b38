"""Samplers of other libraries behind the ask/tell protocol (docs/reference/ask-tell-protocol.md).

usage: server.py SAMPLER
  optuna-tpe, optuna-gp, optuna-cmaes, optuna-nsga2, optuna-random
  optuna-auto       the rule of Optuna's AutoSampler (GP, TPE where the space is conditional or categorical)
  botorch-logei     SingleTaskGP, log expected improvement, 10 Sobol points
  hebo
With a fidelity (learning curves, one epoch a reply):
  optuna-hyperband, optuna-sha, optuna-median   TPE with that pruner; optuna-tpe and optuna-random train in full
  syne-asha, syne-bohb                          Syne Tune's ASHA (random) and BOHB
"""
import json
import math
import sys
import warnings

warnings.filterwarnings("ignore")


def active(p, params):
    c = p.get("condition")
    if c is None:
        return True
    for clause in c if isinstance(c, list) else [c]:
        if clause["parent"] not in params:
            return False
        v = params[clause["parent"]]
        if "values" in clause:
            if v not in clause["values"]:
                return False
        elif not clause.get("low", -math.inf) <= v <= clause.get("high", math.inf):
            return False
    return True


class Optuna:
    def __init__(self, name, init):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        self.space, seed, n = init["space"], init["seed"], init.get("n_objectives", 1)
        kind = name.split("-")[1]
        plain = all(p["type"] != "categorical" and "condition" not in p for p in self.space)
        if kind == "auto":
            kind = "gp" if plain else "tpe"
        s = optuna.samplers
        fidelity = init.get("fidelity")
        self.max = fidelity and fidelity["max"]
        p = optuna.pruners
        pruner = {
            "hyperband": lambda: p.HyperbandPruner(min_resource=1, max_resource=self.max),
            "sha": p.SuccessiveHalvingPruner,
            "median": p.MedianPruner,
        }.get(kind, p.NopPruner)()
        if kind in ("hyperband", "sha", "median"):
            kind = "tpe"
        sampler = {
            "tpe": lambda: s.TPESampler(seed=seed),
            "gp": lambda: s.GPSampler(seed=seed, deterministic_objective=True),
            "cmaes": lambda: s.CmaEsSampler(seed=seed),
            "nsga2": lambda: s.NSGAIISampler(seed=seed),
            "random": lambda: s.RandomSampler(seed=seed),
        }[kind]()
        self.study = optuna.create_study(directions=["minimize"] * n, sampler=sampler, pruner=pruner, study_name=f"seed {seed}")
        self.open, self.going = {}, None

    def ask(self):
        if self.going:
            return self.going
        trial, params = self.study.ask(), {}
        for p in self.space:
            if not active(p, params):
                continue
            name, log = p["name"], bool(p.get("log"))
            if p["type"] == "float":
                params[name] = trial.suggest_float(name, p["low"], p["high"], log=log, step=p.get("step"))
            elif p["type"] == "int":
                params[name] = trial.suggest_int(name, p["low"], p["high"], log=log, step=p.get("step") or 1)
            else:
                params[name] = trial.suggest_categorical(name, p["choices"])
        self.open[trial.number] = trial
        return (trial.number, params, 1) if self.max else (trial.number, params)

    def tell(self, number, values):
        self.study.tell(self.open.pop(number), values)

    def report(self, number, epoch, values, params):
        import optuna
        trial, value, self.going = self.open[number], values[0], None
        if value is None:
            self.study.tell(self.open.pop(number), state=optuna.trial.TrialState.FAIL)
            return
        trial.report(value, epoch)
        if epoch >= self.max:
            self.tell(number, values)
        elif trial.should_prune():
            self.study.tell(self.open.pop(number), state=optuna.trial.TrialState.PRUNED)
        else:
            self.going = (number, params, epoch + 1)


class Syne:
    """Syne Tune's schedulers, told epoch by epoch."""

    def __init__(self, name, init):
        import logging
        import random
        import numpy as np
        from syne_tune.config_space import choice, finrange, lograndint, loguniform, randint, uniform
        from syne_tune.optimizer import baselines
        logging.disable(logging.CRITICAL)
        random.seed(init["seed"])
        np.random.seed(init["seed"])
        kinds = {("float", False): uniform, ("float", True): loguniform, ("int", False): randint, ("int", True): lograndint}
        space = {}
        for p in init["space"]:
            if "condition" in p:
                raise ValueError("conditions are not mapped")
            space[p["name"]] = choice(p["choices"]) if p["type"] == "categorical" else kinds[p["type"], bool(p.get("log"))](p["low"], p["high"])
        self.space, self.max = init["space"], init["fidelity"]["max"]
        kind = {"asha": baselines.ASHA, "bohb": baselines.BOHB}[name.split("-")[1]]
        self.scheduler = kind(space, metric="loss", time_attr="epoch", max_t=self.max, random_seed=init["seed"])
        self.trials, self.going = [], None

    def ask(self):
        from datetime import datetime
        from syne_tune.backend.trial_status import Trial
        if self.going:
            return self.going
        suggestion = self.scheduler.suggest()
        trial = Trial(trial_id=len(self.trials), config=suggestion.config, creation_time=datetime.now())
        self.trials.append(trial)
        self.scheduler.on_trial_add(trial)
        params = {k: v.item() if hasattr(v, "item") else v for k, v in trial.config.items()}
        for p in self.space:  # its KDE searcher may leave the range of a logarithmic integer
            if p["type"] != "categorical":
                params[p["name"]] = min(max(params[p["name"]], p["low"]), p["high"])
        return trial.trial_id, params, 1

    def report(self, number, epoch, values, params):
        trial, result, self.going = self.trials[number], {"loss": values[0], "epoch": epoch}, None
        if values[0] is None:
            self.scheduler.on_trial_error(trial)
        elif epoch >= self.max:
            self.scheduler.on_trial_complete(trial, result)
        elif self.scheduler.on_trial_result(trial, result) == "CONTINUE":
            self.going = (number, params, epoch + 1)


class Cube:
    """Parameters as a unit cube, for libraries without mixed spaces of their own."""

    def __init__(self, init):
        self.space, self.n = init["space"], 0

    def decode(self, u):
        params = {}
        for p, x in zip(self.space, u):
            if not active(p, params):
                continue
            x = min(max(float(x), 0.0), 1.0)
            if p["type"] == "categorical":
                params[p["name"]] = p["choices"][min(int(x * len(p["choices"])), len(p["choices"]) - 1)]
                continue
            low, high = p["low"], p["high"]
            if p["type"] == "int":
                low, high = low - 0.5, high + 0.5
            v = math.exp(math.log(low) + x * math.log(high / low)) if p.get("log") else low + x * (high - low)
            if p["type"] == "int":
                v = min(max(round(v), p["low"]), p["high"])
            else:
                v = min(max(v, p["low"]), p["high"])
            params[p["name"]] = v
        return params


class Botorch(Cube):
    def __init__(self, name, init):
        super().__init__(init)
        import torch
        torch.set_num_threads(1)
        torch.manual_seed(init["seed"])
        self.torch = torch
        self.sobol = torch.quasirandom.SobolEngine(len(self.space), scramble=True, seed=init["seed"])
        self.x, self.y, self.open = [], [], {}

    def ask(self):
        torch = self.torch
        d = len(self.space)
        if len(self.y) < 10:
            u = self.sobol.draw(1, dtype=torch.double)[0]
        else:
            from botorch.acquisition import LogExpectedImprovement
            from botorch.fit import fit_gpytorch_mll
            from botorch.models import SingleTaskGP
            from botorch.models.transforms import Standardize
            from botorch.optim import optimize_acqf
            from gpytorch.mlls import ExactMarginalLogLikelihood
            x, y = torch.stack(self.x), -torch.tensor(self.y, dtype=torch.double)[:, None]
            model = SingleTaskGP(x, y, outcome_transform=Standardize(1))
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            bounds = torch.tensor([[0.0] * d, [1.0] * d], dtype=torch.double)
            u = optimize_acqf(LogExpectedImprovement(model, y.max()), bounds, 1, num_restarts=10, raw_samples=512)[0][0]
        self.n += 1
        self.open[self.n] = u
        return self.n, self.decode(u)

    def tell(self, number, values):
        self.x.append(self.open.pop(number))
        self.y.append(values[0])


class Hebo:
    def __init__(self, name, init):
        import numpy as np
        import pandas as pd
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO
        torch.set_num_threads(1)
        np.random.seed(init["seed"])
        torch.manual_seed(init["seed"])
        self.np, self.space, self.open, self.n = np, init["space"], {}, 0
        items = []
        for p in self.space:
            if "condition" in p:
                raise ValueError("HEBO has no conditions")
            if p["type"] == "categorical":
                items.append({"name": p["name"], "type": "cat", "categories": [json.dumps(c) for c in p["choices"]]})
            else:
                kind = {("float", False): "num", ("float", True): "pow", ("int", False): "int", ("int", True): "pow_int"}
                items.append({"name": p["name"], "type": kind[p["type"], bool(p.get("log"))], "lb": p["low"], "ub": p["high"]})
        self.opt = HEBO(DesignSpace().parse(items), scramble_seed=init["seed"])

    def ask(self):
        row = self.opt.suggest(1)
        params = {}
        for p in self.space:
            v = row.iloc[0][p["name"]]
            params[p["name"]] = json.loads(v) if p["type"] == "categorical" else int(v) if p["type"] == "int" else min(max(float(v), p["low"]), p["high"])
        self.n += 1
        self.open[self.n] = row
        return self.n, params

    def tell(self, number, values):
        self.opt.observe(self.open.pop(number), self.np.array([[values[0]]]))


def main():
    name, peer, asked = sys.argv[1], None, {}
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["cmd"] == "quit":
                break
            if request["cmd"] == "init":
                kind = {"optuna": Optuna, "botorch": Botorch, "hebo": Hebo, "syne": Syne}[name.split("-")[0]]
                peer, reply = kind(name, request), {"ok": True}
            elif request["cmd"] == "ask":
                number, params, *fidelity = peer.ask()
                reply = {"id": number, "params": params}
                if fidelity:
                    reply["fidelity"] = fidelity[0]
                    asked[number] = params
            else:
                values = request.get("values") or [request["value"]]
                if "fidelity" in request:
                    peer.report(request["id"], request["fidelity"], values, asked[request["id"]])
                else:
                    peer.tell(request["id"], values)
                reply = {"ok": True}
        except Exception as error:  # whatever the library raises is the reply
            reply = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(reply) + "\n")
        out.flush()


main()
