"""Begins a study with Optuna, or goes on with it after the Rust side.

usage: optuna_begin.py URL begin|"go on"
"""
import sys
import warnings

warnings.filterwarnings("ignore")
import optuna

from optuna_storage import open_storage

optuna.logging.disable_default_handler()
url, what = sys.argv[1:]


def objective(trial):
    x = trial.suggest_float("x", 1e-3, 1.0, log=True)
    if trial.suggest_categorical("kind", ["a", "b"]) == "b":
        x += trial.suggest_int("n", 1, 9, step=2)
    if trial.number == 4:
        raise ValueError("no luck")
    return x


if what == "begin":
    storage = open_storage(url, heartbeat_interval=60)
    study = optuna.create_study(study_name="shared", storage=storage)
    study.optimize(objective, n_trials=5, catch=ValueError)
    # One that runs with a heartbeat, its parameters still to be chosen.
    trial = study.ask()
    if not url.startswith("journal"):
        storage.record_heartbeat(trial._trial_id)
else:
    # The running trial of the Rust side is alive to Optuna.
    storage = open_storage(url, heartbeat_interval=60)
    study = optuna.load_study(study_name="shared", storage=storage)
    assert [t.state.name for t in study.trials[5:]] == ["RUNNING", "COMPLETE", "COMPLETE", "COMPLETE", "RUNNING"]
    if url.startswith("journal"):
        study.optimize(objective, n_trials=2)
        sys.exit()
    assert storage._get_stale_trial_ids(study._study_id) == []
    study.optimize(objective, n_trials=2)
    # The heartbeats are those of what runs; an old one is seen as such.
    import sqlalchemy

    with storage.engine.begin() as connection:
        rows = connection.execute(sqlalchemy.text("SELECT trial_id FROM trial_heartbeats")).all()
        running = {t._trial_id for t in study.trials if t.state.name == "RUNNING"}
        assert running <= {row[0] for row in rows}, (running, rows)
