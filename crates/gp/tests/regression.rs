//! Regression against scikit-learn, and moments of draws.
#![allow(clippy::unwrap_used)]

#[path = "common/kernels.rs"]
mod kernels;

use automl_gp::{
    Column, Distance, GaussianProcess, Hyperparameters, Kernel, KernelFamily, Observations,
    Posterior, Priors,
};
use kernels::{KERNELS, data, kernels, square};
use nalgebra::DMatrix;
use proptest::prelude::*;

/// Values of scikit-learn in double precision, made by `testdata/reference.py`.
#[test]
fn mean_covariance_and_likelihood_agree_with_scikit_learn() {
    let text = include_str!("../testdata/reference.json");
    let reference: serde_json::Value = serde_json::from_str(text).unwrap();
    let list = |v: &serde_json::Value| -> Vec<f64> {
        v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let table = |v: &serde_json::Value| {
        let rows: Vec<Vec<f64>> = v.as_array().unwrap().iter().map(list).collect();
        DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
    };
    let three = || vec![square(0), square(1), square(2)];
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let kernel = match name {
            "matern12" => Kernel::new(KernelFamily::Matern12, three()),
            "matern32" => Kernel::new(KernelFamily::Matern32, three()),
            "matern52" => Kernel::new(KernelFamily::Matern52, three()),
            "rbf" => Kernel::new(KernelFamily::Rbf, three()),
            "linear" => Kernel::linear(3, 0.0),
            "sum" => Kernel::sum(Kernel::new(KernelFamily::Rbf, three()), Kernel::linear(3, 0.0)),
            _ => Kernel::product(
                Kernel::new(KernelFamily::Matern52, three()),
                Kernel::new(KernelFamily::Rbf, three()),
            ),
        };
        let hyper = Hyperparameters {
            lengths: list(&case["lengths"]),
            signal: case["signal"].as_f64().unwrap(),
            noise: case["noise"].as_f64().unwrap(),
        };
        let (x, y, points) = (table(&case["x"]), list(&case["y"]), table(&case["points"]));
        let data = Observations { x: &x, y: &y, noise: &[] };
        let posterior = Posterior::new(&kernel, &hyper, data, 0.0).unwrap();
        assert_eq!(posterior.jitter(), 0.0);
        let (means, variances) = posterior.predict(&points).unwrap();
        let (_, joint) = posterior.predict_joint(&points).unwrap();
        let covariance = table(&case["covariance"]);
        for (i, expected) in list(&case["mean"]).iter().enumerate() {
            assert!((means[i] - expected).abs() < 1e-8, "{name}: {} {expected}", means[i]);
            assert!((variances[i] - covariance[(i, i)]).abs() < 1e-8, "{name}: variance {i}");
        }
        assert!((joint - covariance).amax() < 1e-8, "{name}: covariance");
        let priors = Priors { mean: 0.0, ..Priors::scaled(kernel.scales()) };
        let process = GaussianProcess::new(kernel).with_priors(priors);
        let value = process.log_evidence(&hyper, data).unwrap().0;
        let expected = case["log_likelihood"].as_f64().unwrap();
        assert!((value - expected).abs() < 1e-8, "{name}: {value} {expected}");
    }
}

#[test]
fn draws_have_the_joint_moments() {
    let x = DMatrix::from_column_slice(4, 1, &[0.1, 0.4, 0.6, 0.9]);
    let y = [0.3, -0.5, 0.8, 0.1];
    let kernel = Kernel::new(KernelFamily::Matern52, vec![square(0)]);
    let hyper = Hyperparameters { lengths: vec![0.3], signal: 1.0, noise: 0.01 };
    let data = Observations { x: &x, y: &y, noise: &[] };
    let posterior = Posterior::new(&kernel, &hyper, data, 0.0).unwrap();
    let points = DMatrix::from_column_slice(3, 1, &[0.2, 0.25, 0.75]);
    // Sums and differences of unit vectors have exactly the moments of the standard normal.
    let root = 3.0_f64.sqrt();
    let normal = DMatrix::from_fn(3, 6, |i, j| match j {
        j if j == i => root,
        j if j == i + 3 => -root,
        _ => 0.0,
    });
    let draws = posterior.draw(&points, &normal).unwrap();
    let (means, covariance) = posterior.predict_joint(&points).unwrap();
    for i in 0..3 {
        assert!((draws.row(i).mean() - means[i]).abs() < 1e-12);
        for j in 0..3 {
            let moment = (0..6)
                .map(|k| (draws[(i, k)] - means[i]) * (draws[(j, k)] - means[j]))
                .sum::<f64>()
                / 6.0;
            assert!((moment - covariance[(i, j)]).abs() < 1e-9);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn evidence_gradient_is_the_derivative(
        (x, y) in data(), which in 0usize..KERNELS, mean in 0usize..2,
        log in proptest::collection::vec(-1.0..1.0f64, 20), noise in -4.0..0.0f64,
        known in 0usize..2,
    ) {
        let kernel = &kernels()[which];
        let noises: Vec<f64> = (0..y.len() * known).map(|i| 0.01 * (i % 5) as f64).collect();
        let observations = Observations { x: &x, y: &y, noise: &noises };
        let priors = Priors { mean: mean as f64, ..Priors::scaled(kernel.scales()) };
        let process = GaussianProcess::new(kernel.clone()).with_priors(priors);
        let evidence = |log: &[f64]| {
            let all: Vec<f64> = log.iter().map(|log| log.exp()).collect();
            let (lengths, others) = all.split_at(all.len() - 2);
            let lengths = lengths.to_vec();
            let hyper = Hyperparameters { lengths, signal: others[0], noise: others[1] };
            process.log_evidence(&hyper, observations).unwrap()
        };
        let m = kernel.scales() + 2;
        let mut log = log[..m - 1].to_vec();
        log.push(noise);
        let (_, gradient) = evidence(&log);
        for i in 0..m {
            let e = 1e-5;
            let at = |d: f64| {
                let mut log = log.clone();
                log[i] += d;
                evidence(&log).0
            };
            let difference = (at(e) - at(-e)) / (2.0 * e);
            prop_assert!(
                (difference - gradient[i]).abs() < 1e-4 * (1.0 + difference.abs()),
                "kernel {which}, parameter {i}: {difference} {}", gradient[i]
            );
        }
    }

    #[test]
    fn leave_one_out_is_a_fit_without_that_one((x, y) in data(), out in 0usize..5) {
        let kernel = &kernels()[1];
        let hyper = Hyperparameters { lengths: vec![0.5, 0.8, 1.5], signal: 1.3, noise: 0.05 };
        let all = Observations { x: &x, y: &y, noise: &[] };
        let posterior = Posterior::new(kernel, &hyper, all, 0.0).unwrap();
        let (means, variances) = posterior.leave_one_out(&y).unwrap();
        let less = x.clone().remove_row(out);
        let mut rest = y.clone();
        rest.remove(out);
        let without = Observations { x: &less, y: &rest, noise: &[] };
        let without = Posterior::new(kernel, &hyper, without, 0.0).unwrap();
        let (mean, variance) = without.predict(&x.rows(out, 1).into_owned()).unwrap();
        prop_assert!((mean[0] - means[out]).abs() < 1e-8);
        prop_assert!((variance[0] + hyper.noise - variances[out]).abs() < 1e-8);
    }
}
