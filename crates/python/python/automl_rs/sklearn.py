"""A search over the hyperparameters of a scikit-learn estimator."""

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import Any, Mapping, Optional, cast

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv, cross_validate
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, indexable

from .study import Study, Trial

__all__ = ["SearchCV"]

#: What is measured on each fold.
KINDS = ("fit_time", "score_time", "test_score")


def _delegated(name: str) -> Any:
    """A method that the fitted, or else the given, estimator has."""

    def has(self: "SearchCV") -> bool:
        return hasattr(getattr(self, "best_estimator_", self.estimator), name)

    @available_if(has)
    def method(self: "SearchCV", X: Any) -> Any:
        return getattr(self._fitted(), name)(X)

    return method


class SearchCV(MetaEstimatorMixin, BaseEstimator):
    """A search by cross-validation, with the interface of scikit-learn's searches.

    After ``fit`` there are ``best_params_``, ``best_score_``, ``best_estimator_``, ``best_index_``,
    ``cv_results_`` (as of ``GridSearchCV``), and the study itself as ``study_``.

    Args:
        estimator: The estimator.
        space: Its parameters by name, as ``Float``, ``Int`` and ``Choice``.
        n_trials: The number of configurations that are tried.
        sampler: The sampler, perhaps with options.
        scoring, cv, error_score: As of ``cross_validate``; one score.
        n_jobs: Configurations that are evaluated at once, in threads.
        refit: Whether the best configuration is fitted on all data.
        random_state: The seed of the sampler.
    """

    study_: Study
    cv_results_: dict[str, Any]
    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    best_estimator_: Any

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
        X, y = indexable(X, y)
        cv: Any = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        folds = list(cv.split(X, y))
        self.scorer_: Any = check_scoring(self.estimator, self.scoring)
        results: dict[int, dict[str, Any]] = {}

        def objective(trial: Trial) -> float:
            estimator = self._with(trial.params)
            rows = [self._fold(estimator, X, y, fold, fit_params) for fold in folds]
            results[trial.number] = {kind: np.array([row[kind] for row in rows]) for kind in KINDS}
            return float(results[trial.number]["test_score"].mean())

        self.study_ = Study(self.space, directions="maximize", sampler=self.sampler,
                            n_trials=self.n_trials, seed=self.random_state)
        self.study_.optimize(objective, self.n_trials, n_jobs=self.n_jobs)
        records = [record for record in self.study_.trials if record.number in results]
        self.cv_results_ = _table([record.params for record in records],
                                  [results[record.number] for record in records])
        if np.isnan(self.cv_results_["mean_test_score"]).all():
            raise ValueError(f"all {len(records)} configurations failed; see the warnings")
        best = self.study_.best
        self.best_params_ = best.params
        self.best_index_ = [record.number for record in records].index(best.number)
        self.best_score_ = float(self.cv_results_["mean_test_score"][self.best_index_])
        self.n_splits_ = len(folds)
        if self.refit:
            self.best_estimator_ = self._with(best.params)
            self.best_estimator_.fit(X, y, **fit_params)
            if hasattr(self.best_estimator_, "feature_names_in_"):
                self.feature_names_in_ = self.best_estimator_.feature_names_in_
        return self

    def _fold(
        self, estimator: Any, X: Any, y: Any, fold: Any, fit_params: Mapping[str, Any],
    ) -> dict[str, float]:
        """Times and score of one fold. ``cross_validate`` refuses an estimator that fails on all
        folds, where a search goes on with another one."""
        try:
            result = cross_validate(estimator, X, y, scoring=self.scorer_, cv=[fold],
                                    params=dict(fit_params) or None, error_score=cast(Any, "raise"))
        except Exception as error:
            if self.error_score == "raise":
                raise
            warnings.warn(f"{estimator!r} failed: {error}", FitFailedWarning, stacklevel=2)
            return {"fit_time": np.nan, "score_time": np.nan, "test_score": self.error_score}
        return {kind: float(result[kind][0]) for kind in KINDS}

    def _with(self, params: Mapping[str, Any]) -> Any:
        estimator: Any = clone(self.estimator)
        return estimator.set_params(**params)

    def _fitted(self) -> Any:
        if not self.refit:
            raise AttributeError("with refit=False no estimator is fitted on all data")
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_

    predict = _delegated("predict")
    predict_proba = _delegated("predict_proba")
    predict_log_proba = _delegated("predict_log_proba")
    decision_function = _delegated("decision_function")
    transform = _delegated("transform")
    inverse_transform = _delegated("inverse_transform")

    def score(self, X: Any, y: Any = None) -> float:
        """The score of the best estimator."""
        return float(self.scorer_(self._fitted(), X, y))

    @property
    def classes_(self) -> Any:
        """The classes of the best estimator."""
        return self._fitted().classes_

    @property
    def n_features_in_(self) -> int:
        """The number of features of the best estimator."""
        return self._fitted().n_features_in_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags = deepcopy(inner.classifier_tags)
        tags.regressor_tags = deepcopy(inner.regressor_tags)
        tags.input_tags.pairwise = inner.input_tags.pairwise
        tags.input_tags.sparse = inner.input_tags.sparse
        return tags


def _table(params: list[dict[str, Any]], results: list[dict[str, Any]]) -> dict[str, Any]:
    """``cv_results_``: one row for each configuration; a failed one has the last rank."""
    table: dict[str, Any] = {"params": params}
    for name in sorted({name for row in params for name in row}):
        values = np.empty(len(params), dtype=object)
        values[:] = [row.get(name) for row in params]
        absent = [name not in row for row in params]
        table[f"param_{name}"] = np.ma.MaskedArray(values, mask=absent)
    for kind in KINDS:
        values = np.array([result[kind] for result in results], dtype=float)
        table[f"mean_{kind}"], table[f"std_{kind}"] = values.mean(axis=1), values.std(axis=1)
        if kind == "test_score":
            table.update({f"split{i}_{kind}": values[:, i] for i in range(values.shape[1])})
    means = np.nan_to_num(table["mean_test_score"], nan=-np.inf)
    ranks = [1 + int((means > mean).sum()) for mean in means]
    table["rank_test_score"] = np.array(ranks, dtype=np.int32)
    return table
