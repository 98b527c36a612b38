"""A search over the hyperparameters of a scikit-learn estimator."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, cross_val_score
from sklearn.utils.metaestimators import available_if

from .study import Study, Trial

__all__ = ["SearchCV"]


def _delegated(name: str) -> Any:
    """A method that the fitted, or else the given, estimator has."""

    def has(self: "SearchCV") -> bool:
        return hasattr(getattr(self, "best_estimator_", self.estimator), name)

    @available_if(has)
    def method(self: "SearchCV", X: Any) -> Any:
        return getattr(self.best_estimator_, name)(X)

    return method


class SearchCV(MetaEstimatorMixin, BaseEstimator):
    """A search by cross-validation, with the interface of scikit-learn's searches.

    Args:
        estimator: The estimator.
        space: Its parameters by name, as ``Float``, ``Int`` and ``Choice``.
        n_trials: The number of configurations that are tried.
        sampler: The sampler, perhaps with options.
        scoring, cv, error_score: As of ``cross_val_score``.
        n_jobs: Configurations that are evaluated at once.
        refit: Whether the best configuration is fitted on all data.
        random_state: The seed of the sampler.
    """

    def __init__(
        self, estimator: Any, space: Mapping[str, Any], *, n_trials: int = 30,
        sampler: str = "auto", scoring: Any = None, cv: Any = None, n_jobs: int = 1,
        refit: bool = True, random_state: Optional[int] = 0, error_score: Any = np.nan,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.n_trials = n_trials
        self.sampler = sampler
        self.scoring = scoring
        self.cv = cv
        self.n_jobs = n_jobs
        self.refit = refit
        self.random_state = random_state
        self.error_score = error_score

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> "SearchCV":
        """Tries configurations, and fits the best one."""
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        folds = list(cv.split(X, y))
        self.scorer_ = check_scoring(self.estimator, self.scoring)
        scores: dict[int, np.ndarray] = {}

        def objective(trial: Trial) -> float:
            estimator = clone(self.estimator).set_params(**trial.params)
            scores[trial.number] = cross_val_score(
                estimator, X, y, scoring=self.scorer_, cv=folds, params=fit_params or None,
                error_score=self.error_score,
            )
            return float(scores[trial.number].mean())

        self.study_ = Study(self.space, directions="maximize", sampler=self.sampler,
                            n_trials=self.n_trials, seed=self.random_state)
        self.study_.optimize(objective, self.n_trials, n_jobs=self.n_jobs)
        records = [record for record in self.study_.trials if record.number in scores]
        means = np.array([scores[record.number].mean() for record in records])
        self.cv_results_ = {
            "params": [record.params for record in records],
            "mean_test_score": means,
            "std_test_score": np.array([scores[record.number].std() for record in records]),
            "rank_test_score": np.array([1 + int((means > mean).sum()) for mean in means]),
        }
        best = self.study_.best
        self.best_params_, self.best_score_ = best.params, best.value
        self.best_index_ = [record.number for record in records].index(best.number)
        self.n_splits_ = len(folds)
        if self.refit:
            self.best_estimator_ = clone(self.estimator).set_params(**best.params)
            self.best_estimator_.fit(X, y, **fit_params)
        return self

    predict = _delegated("predict")
    predict_proba = _delegated("predict_proba")
    decision_function = _delegated("decision_function")
    transform = _delegated("transform")

    def score(self, X: Any, y: Any = None) -> float:
        """The score of the best estimator."""
        return self.scorer_(self.best_estimator_, X, y)

    @property
    def classes_(self) -> Any:
        """The classes of the best estimator."""
        return self.best_estimator_.classes_
