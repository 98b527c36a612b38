"""Prints what Optuna reads of a study: number, state and values of each trial.

usage: optuna_read.py URL STUDY; ends with 9 where there is no Optuna
"""
import sys
import warnings

warnings.filterwarnings("ignore")
try:
    import optuna

    from optuna_storage import open_storage

    storage = open_storage(sys.argv[1])
except ImportError:
    sys.exit(9)
for trial in optuna.load_study(study_name=sys.argv[2], storage=storage).get_trials(deepcopy=False):
    print(trial.number, trial.state.name, *(repr(value) for value in trial.values or []))
