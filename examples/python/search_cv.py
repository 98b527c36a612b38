"""Hyperparameters of a pipeline of scikit-learn, by cross-validation.

Run: `python examples/python/search_cv.py` (needs `automl_rs` and scikit-learn)
"""

from automl_rs import Choice, Float
from automl_rs.sklearn import SearchCV
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def main():
    images, classes = load_iris(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(images, classes, random_state=0)
    space = {
        "svc__kernel": Choice(["rbf", "linear"]),
        "svc__C": Float(1e-2, 1e3, log=True),
        "svc__gamma": Float(1e-4, 1, log=True, when={"svc__kernel": "rbf"}),
    }
    pipeline = make_pipeline(StandardScaler(), SVC())
    search = SearchCV(pipeline, space, n_trials=20, cv=3, random_state=1).fit(x_train, y_train)
    print(search.best_params_)
    print(f"cross-validation {search.best_score_:.3f}, test {search.score(x_test, y_test):.3f}")
    assert search.best_score_ > 0.9


if __name__ == "__main__":
    main()
