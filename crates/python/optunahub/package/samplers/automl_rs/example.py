"""A parabola; run it in the folder of the package."""

import optuna
import optunahub


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    return (x - 2) ** 2


module = optunahub.load_module(package="samplers/automl_rs")
study = optuna.create_study(sampler=module.AutomlRsSampler(seed=1))
study.optimize(objective, n_trials=50)
print(study.best_params)
