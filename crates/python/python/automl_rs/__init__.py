"""Hyperparameter optimization: studies with the samplers and schedulers of the project in Rust."""

from ._native import StudyError, __version__
from .space import Choice, Float, Int
from .study import Study, Trial, TrialPaused, TrialPruned, TrialRecord

__all__ = [
    "Choice",
    "Float",
    "Int",
    "Study",
    "StudyError",
    "Trial",
    "TrialPaused",
    "TrialPruned",
    "TrialRecord",
    "__version__",
]
