"""Optimizes a function with two objectives and a constraint in two threads, and goes on from the record.

Run: `python examples/python/optimize.py` (needs the module `automl_rs`, see crates/python)
"""

import tempfile
from pathlib import Path

from automl_rs import Choice, Float, Int, Study

SPACE = {
    "layers": Int(1, 6),
    "width": Int(8, 256, log=True),
    "dropout": Float(0, 0.5),
    "norm": Choice(["batch", "layer"]),
}


def measure(trial):
    """Error and cost of a network that is made up, and what it has above 512 kB."""
    size = trial["layers"] * trial["width"] ** 2 / 1000
    error = 1 / (1 + trial["layers"]) + 4 / trial["width"] + (trial["dropout"] - 0.2) ** 2
    return [error + (0.02 if trial["norm"] == "layer" else 0), size], [size - 512]


def main():
    with tempfile.TemporaryDirectory() as folder:
        record = str(Path(folder) / "study.db")

        def study():
            return Study(SPACE, directions=["minimize", "minimize"], constraints=1, seed=1,
                         storage=record, name="networks")

        study().optimize(measure, n_trials=30, n_jobs=2)
        again = study()
        again.optimize(measure, n_trials=30, n_jobs=2)
        assert len(again.trials) == 60
        for trial in sorted(again.front, key=lambda trial: trial.values[1])[:5]:
            print(f"error {trial.values[0]:.3f}  {trial.values[1]:8.1f} kB  {trial.params}")
        assert all(trial.constraints[0] <= 0 for trial in again.front)


if __name__ == "__main__":
    main()
