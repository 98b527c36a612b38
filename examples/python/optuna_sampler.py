"""The sampler and the stopping rule of this project in a study of Optuna 5.

Run: `python examples/python/optuna_sampler.py` (needs `automl_rs` and Optuna)
"""

import optuna
from automl_rs.optuna import OptunaPruner, OptunaSampler

EPOCHS = 27


def train(trial: optuna.Trial) -> float:
    rate = trial.suggest_float("rate", 1e-4, 1, log=True)
    units = trial.suggest_int("units", 4, 128, log=True)
    loss = 3.0
    for epoch in range(EPOCHS):
        loss -= loss * min(rate, 1 - rate) * units / 256      # one epoch of training
        trial.report(loss, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return loss


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=OptunaSampler(seed=1), pruner=OptunaPruner(min_resource=1, max_resource=EPOCHS))
    study.optimize(train, n_trials=40)
    states = [trial.state.name for trial in study.trials]
    print(f"{states.count('PRUNED')} of 40 trials were pruned, the best loss is {study.best_value:.4f}")
    print(study.best_params)
    assert states.count("PRUNED") > 10 and study.best_value < 0.1


if __name__ == "__main__":
    main()
