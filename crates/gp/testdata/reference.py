"""Writes reference.json: exact Gaussian-process regression by scikit-learn in float64.

usage: python reference.py > reference.json     (scikit-learn, numpy)
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern

rng = np.random.default_rng(20)
cases = []


def case(name, shape, lengths, signal, noise, n=25, d=3):
    x, points = rng.uniform(size=(n, d)), rng.uniform(size=(6, d))
    y = np.sin(5 * x[:, 0]) + x[:, 1] ** 2 - 0.5 * x[:, 2] + 0.1 * rng.normal(size=n)
    gp = GaussianProcessRegressor(ConstantKernel(signal) * shape, alpha=noise, optimizer=None).fit(x, y)
    mean, covariance = gp.predict(points, return_cov=True)
    cases.append({
        "name": name, "lengths": lengths, "signal": signal, "noise": noise,
        "x": x.tolist(), "y": y.tolist(), "points": points.tolist(), "mean": mean.tolist(),
        "covariance": covariance.tolist(), "log_likelihood": gp.log_marginal_likelihood_value_,
    })


ls = [0.4, 0.9, 1.7]
case("matern12", Matern(ls, nu=0.5), ls, 1.3, 0.01)
case("matern32", Matern(ls, nu=1.5), ls, 0.8, 0.05)
case("matern52", Matern(ls, nu=2.5), ls, 2.1, 1e-4)
case("rbf", RBF(ls), ls, 1.0, 1e-3)
case("linear", ConstantKernel(1 / 0.7 ** 2) * DotProduct(0.0), [0.7] * 3, 1.5, 0.1)
case("sum", RBF(ls) + ConstantKernel(0.6) * ConstantKernel(1 / 0.7 ** 2) * DotProduct(0.0), ls + [0.7] * 3 + [0.6], 1.1, 0.02)
other = [1.2, 0.5, 0.8]
case("product", Matern(ls, nu=2.5) * RBF(other), ls + other, 0.9, 0.01)
json.dump({"scikit-learn": sklearn.__version__, "cases": cases}, sys.stdout, indent=None)
print()
