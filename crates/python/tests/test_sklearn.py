"""The search over scikit-learn's estimators."""

from typing import Any

import pytest

pytest.importorskip("sklearn")

import numpy as np  # noqa: E402
from automl_rs import Choice, Float, Int  # noqa: E402
from automl_rs.sklearn import SearchCV  # noqa: E402
from sklearn.base import clone, is_classifier  # noqa: E402
from sklearn.datasets import load_iris  # noqa: E402
from sklearn.exceptions import FitFailedWarning  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import PolynomialFeatures, StandardScaler  # noqa: E402

X, y = load_iris(return_X_y=True)


def test_the_best_pipeline_is_fitted():
    estimator = make_pipeline(PolynomialFeatures(), StandardScaler(), KNeighborsClassifier())
    space = {"polynomialfeatures__degree": Int(1, 2),
             "kneighborsclassifier__n_neighbors": Int(1, 50, log=True)}
    search = SearchCV(estimator, space, n_trials=8, cv=3).fit(X, y)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    assert search.score(X, y) > 0.9 and len(search.predict(X)) == len(y)
    assert search.best_params_.keys() == space.keys()
    assert is_classifier(search) and list(search.classes_) == [0, 1, 2]
    assert search.n_features_in_ == 4


def test_results_have_the_keys_of_scikit_learn():
    space = {"p": Float(1, 3)}
    search: Any = clone(SearchCV(KNeighborsClassifier(), space, n_trials=5, cv=3))
    search.set_params(n_trials=4, n_jobs=2, refit=False).fit(X, y)
    results = search.cv_results_
    assert {"params", "param_p", "mean_test_score", "std_test_score", "rank_test_score",
            "split0_test_score", "split2_test_score", "mean_fit_time"} <= set(results)
    assert len(results["param_p"]) == 4 and results["rank_test_score"][search.best_index_] == 1
    assert not hasattr(search, "best_estimator_")
    with pytest.raises(AttributeError, match="refit=False"):
        search.predict(X)


def test_configurations_that_fail_have_the_last_rank():
    space = {"weights": Choice(["uniform", "no-such-weights"])}
    with pytest.warns(FitFailedWarning):
        search = SearchCV(KNeighborsClassifier(), space, n_trials=2, cv=3).fit(X, y)
    results = search.cv_results_
    failed = np.isnan(results["mean_test_score"])
    assert failed.sum() == 1 and results["rank_test_score"][failed] == [2]
    assert search.best_params_ == {"weights": "uniform"}
    with pytest.warns(FitFailedWarning), pytest.raises(ValueError, match="all 1 configurations failed"):
        SearchCV(KNeighborsClassifier(), {"weights": Choice(["no"])}, n_trials=1, cv=3).fit(X, y)
    with pytest.raises(ValueError, match="'weights' parameter"):
        SearchCV(KNeighborsClassifier(), {"weights": Choice(["no"])}, n_trials=1, cv=3,
                 error_score="raise").fit(X, y)
