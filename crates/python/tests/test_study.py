"""Studies from Python."""

import _thread
import math
import signal
import threading
import time
from typing import cast

import pytest
from automl_rs import Choice, Float, Int, Study, StudyError, TrialPruned

SPACE = {
    "lr": Float(1e-5, 1e-1, log=True),
    "layers": Int(1, 8),
    "optimizer": Choice(["adam", "sgd"]),
    "momentum": Float(0, 0.99, when={"optimizer": "sgd"}),
}


def loss(trial):
    return (math.log10(trial["lr"]) + 2) ** 2 + (trial["layers"] - 3) ** 2


def test_optimize_finds_the_minimum_on_one_and_on_several_threads():
    for jobs in (1, 3):
        study = Study(SPACE, seed=1, n_trials=40)
        study.optimize(loss, 40, n_jobs=jobs)
        assert len(study) == 40 and study.best.values[0] < 0.5
        assert ("momentum" in study.best.params) == (study.best.params["optimizer"] == "sgd")


def test_ask_and_tell_is_reproducible():
    def values():
        study = Study(SPACE, seed=7)
        for _ in range(12):
            trial = study.ask()
            study.tell(trial, loss(trial))
        return [record.params for record in study.trials]

    assert values() == values()


def test_schedulers_pause_and_resume():
    checkpoints, epochs = {}, []

    def train(trial):
        for epoch in range(checkpoints.get(trial.number, 0) + 1, trial.target + 1):
            checkpoints[trial.number] = epoch
            epochs.append(epoch)
            trial.report(epoch, loss(trial) + 1 / epoch)

    study = Study(SPACE, fidelity=("epochs", 1, 9), scheduler="asha", seed=1)
    study.optimize(train, 18, n_jobs=2)
    states = {record.state for record in study.trials}
    assert states == {"complete", "paused"} and study.best.reports[-1][0] == 9
    assert len(epochs) == sum(checkpoints.values()) < 18 * 9 / 2


def test_constraints_front_and_known_results():
    study = Study({"x": Float(0, 1)}, directions=["minimize", "maximize"], constraints=1, seed=0)
    study.add_trial({"x": 0.9}, [0.9, 0.9], constraints=[0.4])
    study.optimize(lambda trial: ([trial["x"], trial["x"]], [trial["x"] - 0.5]), 12)
    assert all(record.params["x"] <= 0.5 for record in study.front)
    assert study.trials[0].constraints == [0.4]


def test_failures_and_stops():
    def objective(trial):
        if trial.number == 0:
            raise KeyError("no data")
        if trial.number == 1:
            return float("nan")
        if trial.number == 2:
            raise TrialPruned
        return 1.0

    study = Study(SPACE, seed=1)
    study.optimize(objective, 4, catch=(KeyError,))
    records = study.trials
    assert [record.state for record in records] == ["failed", "failed", "pruned", "complete"]
    assert records[0].reason == "KeyError: 'no data'"


def test_an_interrupted_trial_is_handed_out_again():
    study = Study(SPACE, seed=1)

    def interrupted(trial):
        if trial.number == 2:
            raise KeyboardInterrupt
        return loss(trial)

    for jobs in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            study.optimize(interrupted, 5, n_jobs=jobs)
    study.optimize(loss, 1)
    assert all(record.state == "complete" for record in study.trials)


@pytest.fixture
def interruptible():
    """Ctrl-C interrupts, also where the tests run as a job in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_loop_and_keeps_what_other_threads_finish(interruptible):
    study = Study(SPACE, seed=1)
    begun = []

    def slow(trial):
        begun.append(trial.number)
        if len(begun) % 6 == 0:
            _thread.interrupt_main()
        time.sleep(0.05)
        return loss(trial)

    for jobs in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            study.optimize(slow, 20, n_jobs=jobs)
        study.optimize(loss, 8)
    states = [record.state for record in study.trials]
    assert set(states) == {"complete"} and 16 <= len(states) < 40 and begun


def test_what_cannot_be_used_is_refused_and_loses_no_trial():
    study = Study({"x": Float(0, 1)}, constraints=1, fidelity=("epochs", 1, 9), scheduler="none")
    for call, words in [
        (lambda: study.optimize(lambda trial: 1.0), "n_trials, timeout"),
        (lambda: study.optimize(lambda trial: 1.0, 3, n_jobs=0), "n_jobs"),
        (lambda: study.optimize(lambda trial: ([1.0, 2.0], [0.0]), 1), "2 values"),
        (lambda: study.optimize(lambda trial: 1.0, 1), "0 constraint values"),
        (lambda: study.optimize(lambda trial: cast(float, "high"), 1), "'high'"),
        (lambda: study.optimize(lambda trial: trial.report(10, 1.0), 1), r"10 is not in \[1, 9\]"),
        (lambda: study.add_trial({"x": 0.5}, 1.0, constraints=[1, 2]), "2 constraint values"),
        (lambda: study.add_trial({"x": object()}, 1.0, constraints=[1]), "object"),
        (lambda: Study({"x": Float(0, math.inf)}), "'x'.*finite"),
        (lambda: Study({"x": Choice(cast(list, [object()]))}), "'x'.*object"),
        (lambda: Study(SPACE, seed=-1), "seed"),
        (lambda: Study(SPACE, storage="nowhere/at/all.db"), "nowhere"),
    ]:
        with pytest.raises((ValueError, StudyError), match=words):
            call()
    # The trial of all these loops is one and the same, handed out again each time.
    assert [record.state for record in study.trials] == ["waiting"]


def test_numbers_of_other_libraries():
    np = pytest.importorskip("numpy")
    study = Study(SPACE)
    study.enqueue({"lr": np.float64(0.01), "layers": np.int64(3), "optimizer": "adam"})
    study.optimize(lambda trial: np.array([trial["layers"] - np.float32(2.5)]), 0)
    assert study.best.params["layers"] == 3 and study.best.values == [0.5]
    study.tell(study.ask(), np.array([0.25]))
    assert study.best.values == [0.25]


def test_a_time_limit_ends_the_loop():
    study = Study(SPACE, sampler="random")
    study.optimize(loss, timeout=0.2, n_jobs=-1)    # nothing else ends it
    assert all(record.state == "complete" for record in study.trials)


def test_stored_studies_go_on(tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    first = Study(SPACE, storage=storage, seed=3)
    first.optimize(loss, 5)
    del first
    again = Study(SPACE, storage=storage)
    assert len(again) == 5
    again.enqueue({"lr": 0.01, "layers": 3, "optimizer": "adam"})
    assert again.ask().params["lr"] == 0.01


def test_errors_have_the_words_of_the_library():
    for make, words in [
        (lambda: Study({"x": Float(1, 0)}), "x"),
        (lambda: Study({"x": 3}), "'x'"),
        (lambda: Study(SPACE, sampler="tep"), "tep"),
        (lambda: Study(SPACE, directions="up"), "up"),
        (lambda: Study(SPACE, scheduler="asha"), "fidelity"),
        (lambda: Study(SPACE).enqueue({"lr": 5.0}), "lr"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
    study = Study(SPACE)
    trial = study.ask()
    study.tell(trial, 1.0)
    with pytest.raises(StudyError, match="already finished"):
        study.tell(trial, 2.0)
    with pytest.raises(StudyError, match="no trial 9"):
        study.tell(9, 2.0)


def test_other_threads_go_on_while_the_study_works():
    study = Study(SPACE, seed=1, sampler="gp")
    for _ in range(60):
        trial = study.ask()
        study.tell(trial, loss(trial))
    ticks, done = 0, threading.Event()

    def ask():
        for _ in range(3):
            study.release(study.ask())
            study.ask()
        done.set()

    threading.Thread(target=ask).start()
    while not done.is_set():
        ticks += 1
        time.sleep(0.0005)
    assert ticks > 0
