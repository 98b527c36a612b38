"""Optuna's own tests of samplers, and a few of ours."""

import json
import pickle
import warnings
from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna")
cases = pytest.importorskip("optuna.testing.pytest_samplers")

from automl_rs.optuna import OptunaPruner, OptunaSampler  # noqa: E402
from optuna.distributions import (  # noqa: E402
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)


class TestSampler(
    cases.BasicSamplerTestCase,
    cases.RelativeSamplerTestCase,
    cases.MultiObjectiveSamplerTestCase,
):
    # No exceptions: every case of these classes passes. The cases of samplers that refuse several
    # objectives (``SingleOnlySamplerTestCase``) do not apply.
    @pytest.fixture(params=["auto", "tpe", "gp", "random"])
    def sampler(self, request):
        return lambda: OptunaSampler(request.param, seed=1)


def objective(trial):
    x = trial.suggest_float("x", -3, 3)
    n = trial.suggest_int("n", 1, 5)
    return (x - 1) ** 2 + (n - 3) ** 2 + (0 if trial.suggest_categorical("k", [None, "a"]) else 0.1)


def test_the_minimum_is_found_by_parallel_workers():
    study = optuna.create_study(sampler=OptunaSampler(seed=1))
    study.optimize(objective, 50, n_jobs=2)
    assert study.best_value < 0.2


SPACE = {
    "x": FloatDistribution(-3, 3),
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "step": FloatDistribution(0, 1, step=0.25),
    "n": IntDistribution(1, 50, log=True),
    "k": CategoricalDistribution([None, "a", 3, 0.5, True]),
}


@pytest.mark.parametrize("sampler", ["auto", "tpe", "gp", "cmaes", "random", "sobol"])
def test_a_fixed_space_is_proposed_as_by_a_study_of_ours(sampler):
    """Also by ``automl serve``, which has the same engine."""
    from automl_rs import Choice, Float, Int, Study

    def value(params):
        return (params["x"] - 1) ** 2 + params["step"] + params["n"] / 50 + params["lr"]

    def suggested(trial):
        return value({
            "x": trial.suggest_float("x", -3, 3),
            "lr": trial.suggest_float("lr", 1e-5, 1e-1, log=True),
            "step": trial.suggest_float("step", 0, 1, step=0.25),
            "n": trial.suggest_int("n", 1, 50, log=True),
            "k": trial.suggest_categorical("k", [None, "a", 3, 0.5, True]),
        })

    theirs = optuna.create_study(sampler=OptunaSampler(sampler, seed=4, search_space=SPACE))
    theirs.optimize(suggested, 18)
    ours = Study({
        "x": Float(-3, 3), "lr": Float(1e-5, 1e-1, log=True), "step": Float(0, 1, step=0.25),
        "n": Int(1, 50, log=True), "k": Choice([None, "a", 3, 0.5, True]),
    }, seed=4, sampler=sampler)
    for _ in range(18):
        trial = ours.ask()
        ours.tell(trial, value(trial.params))
    assert [t.params for t in theirs.trials] == [t.params for t in ours.trials]


def test_a_parameter_that_the_objective_skips_does_not_lose_the_result():
    space = {"x": FloatDistribution(-3, 3), "unused": FloatDistribution(0, 1)}
    sampler = OptunaSampler("gp", seed=1, search_space=space)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: (trial.suggest_float("x", -3, 3) - 1) ** 2, 25)
    assert study.best_value < 0.01
    assert sampler._mirror is not None
    states = [trial["state"] for trial in json.loads(sampler._mirror.native.trials())]
    assert states.count("complete") == 24 and states.count("failed") == 0


def test_threads_share_one_study_and_replicas_get_seeds_of_their_own():
    sampler = OptunaSampler(seed=1)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, 5)
    mirror = sampler._mirror
    study.optimize(objective, 10, n_jobs=2)
    assert sampler._mirror is mirror
    replica = pickle.loads(pickle.dumps(sampler))
    replica.reseed_rng()
    assert replica._seed != sampler._seed


def test_constraints_and_pickle():
    sampler = OptunaSampler(seed=1, constraints_func=constraint)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(sampler=pickle.loads(pickle.dumps(sampler)))
        study.optimize(lambda t: t.suggest_float("x", 0, 1), 25)
    late = [trial.params["x"] for trial in study.trials[12:]]
    assert sum(x >= 0.4 for x in late) > len(late) / 2


def constraint(trial):
    return (0.5 - trial.params["x"],)


def train(trial):
    x = trial.suggest_float("x", 0, 1)
    for step in range(27):
        trial.report(x + 1 / (step + 1), step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return x


@pytest.mark.parametrize("scheduler", ["asha-stopping", "median", "percentile"])
def test_bad_trials_are_pruned(scheduler):
    pruner = OptunaPruner(1, 27, scheduler)
    study = optuna.create_study(sampler=OptunaSampler("random", seed=1), pruner=pruner)
    study.optimize(train, 40)
    states = [trial.state for trial in study.trials]
    assert states.count(optuna.trial.TrialState.PRUNED) > 10
    assert study.best_value < 0.2


def test_a_pruner_takes_over_what_a_study_has():
    sampler = OptunaSampler("random", seed=1)
    study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.NopPruner())
    study.optimize(train, 10)
    study.pruner = OptunaPruner(1, 27, "median")
    study.optimize(train, 20)
    late = [trial.state for trial in study.trials[10:]]
    assert late.count(optuna.trial.TrialState.PRUNED) > 5


def test_rules_that_pause_and_bad_limits_are_refused():
    with pytest.raises(ValueError, match="asha-stopping"):
        OptunaPruner(scheduler="asha")
    with pytest.raises(ValueError, match="min 9"):
        OptunaPruner(9, 3)


def test_the_package_for_optunahub():
    hub = pytest.importorskip("optunahub")
    root = str(Path(__file__).parents[1] / "optunahub" / "package")
    package = hub.load_local_module(package="samplers/automl_rs", registry_root=root)
    for space in (None, {"x": FloatDistribution(-5, 5)}):
        study = optuna.create_study(sampler=package.AutomlRsSampler(space, "gp", seed=1))
        study.optimize(lambda trial: (trial.suggest_float("x", -5, 5) - 2) ** 2, 20)
        assert study.best_value < 0.01
