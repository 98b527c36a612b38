"""Optuna's own tests of samplers, and a few of ours."""

import pickle
import warnings

import pytest

optuna = pytest.importorskip("optuna")
cases = pytest.importorskip("optuna.testing.pytest_samplers")

from automl_rs.optuna import OptunaPruner, OptunaSampler  # noqa: E402
from optuna.distributions import FloatDistribution, IntDistribution  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.WARNING)


class TestSampler(
    cases.BasicSamplerTestCase,
    cases.RelativeSamplerTestCase,
    cases.MultiObjectiveSamplerTestCase,
):
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


def test_a_fixed_space_is_proposed_from_the_first_trial_as_by_a_study_of_ours():
    from automl_rs import Float, Int, Study

    space = {"x": FloatDistribution(-3, 3), "n": IntDistribution(1, 5)}
    value = lambda x, n: (x - 1) ** 2 + (n - 3) ** 2  # noqa: E731
    theirs = optuna.create_study(sampler=OptunaSampler(seed=4, search_space=space))
    theirs.optimize(lambda t: value(t.suggest_float("x", -3, 3), t.suggest_int("n", 1, 5)), 20)
    ours = Study({"x": Float(-3, 3), "n": Int(1, 5)}, seed=4)
    for _ in range(20):
        trial = ours.ask()
        ours.tell(trial, value(trial["x"], trial["n"]))
    assert [t.params for t in theirs.trials] == [t.params for t in ours.trials]


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


def test_bad_trials_are_pruned():
    def train(trial):
        x = trial.suggest_float("x", 0, 1)
        for step in range(27):
            trial.report(x + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x

    pruner = OptunaPruner(1, 27)
    study = optuna.create_study(sampler=OptunaSampler(seed=1), pruner=pruner)
    study.optimize(train, 40)
    states = [trial.state for trial in study.trials]
    assert states.count(optuna.trial.TrialState.PRUNED) > 10
    assert study.best_value < 0.2
    with pytest.raises(ValueError, match="asha-stopping"):
        OptunaPruner(scheduler="asha")
    with pytest.raises(ValueError):
        OptunaPruner(9, 3)
