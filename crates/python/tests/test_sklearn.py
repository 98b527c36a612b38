"""The search over scikit-learn's estimators."""

import pytest

pytest.importorskip("sklearn")

from automl_rs import Float, Int  # noqa: E402
from automl_rs.sklearn import SearchCV  # noqa: E402
from sklearn.datasets import load_iris  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import PolynomialFeatures, StandardScaler  # noqa: E402


def test_the_best_pipeline_is_fitted():
    X, y = load_iris(return_X_y=True)
    estimator = make_pipeline(PolynomialFeatures(), StandardScaler(),
                              LogisticRegression(max_iter=500))
    space = {"polynomialfeatures__degree": Int(1, 2),
             "logisticregression__C": Float(1e-3, 1e2, log=True)}
    search = SearchCV(estimator, space, n_trials=8, cv=3).fit(X, y)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    assert search.score(X, y) > 0.9 and len(search.predict(X)) == len(y)
    assert search.best_params_.keys() == space.keys()
