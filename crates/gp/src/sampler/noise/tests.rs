use super::*;
use crate::regression::{Hyperparameters, Kernel, KernelFamily};
use automl_numeric::{normal, stream};
use nalgebra::DMatrix;
use rand::RngExt;

/// A posterior with noise, conditioned on rows of which every second lies close to the one
/// before it.
fn observed(value: impl Fn(f64, f64) -> f64) -> (Posterior, Vec<f64>) {
    let kernel = Kernel::ard(KernelFamily::Matern52, 1);
    let hyper = Hyperparameters { lengths: vec![0.4], signal: 1.0, noise: 0.1 };
    let mut rng = stream(5, 0, "rows");
    let u: Vec<f64> = (0..24).map(|i| f64::from(i / 2) / 12.0 + 0.001 * f64::from(i % 2)).collect();
    let y: Vec<f64> =
        u.iter().map(|u| value(*u, normal::quantile(rng.random_range(0.01..0.99)))).collect();
    let x = DMatrix::from_column_slice(24, 1, &u);
    let data = Observations { x: &x, y: &y, noise: &[] };
    (Posterior::new(&kernel, &hyper, data, 1.0).unwrap(), y)
}

#[test]
fn noise_is_told_from_ripples_by_close_rows() {
    let (posterior, y) = observed(|u, z| (3.0 * u).sin() + 0.3 * z);
    assert!(is_white(&posterior, &y, 1.0, MAX_ROWS));
    let (posterior, y) = observed(|u, _| (3.0 * u).sin() + 0.4 * (200.0 * u).sin());
    assert!(!is_white(&posterior, &y, 1.0, MAX_ROWS));
}

/// The law of total expectation: the draws' means average to the posterior mean, and at the
/// rows each draw is certain.
#[test]
fn draws_without_noise_average_to_the_posterior_mean() {
    let (posterior, _) = observed(|u, z| (3.0 * u).sin() + 0.3 * z);
    let rows: Vec<Vec<f64>> = (0..24).map(|i| vec![posterior.rows()[(i, 0)]]).collect();
    let mut rng = stream(5, 1, "draws");
    let (with, least) = without_noise(&posterior, &rows, |i| i >= 4, 1.0, 4000, &mut rng).unwrap();
    let points = DMatrix::from_column_slice(3, 1, &[0.25, 0.52, 0.9]);
    let (_, draws, _) = with.predict_all(&points);
    let (means, variances) = posterior.means_and_variances(&points);
    for i in 0..3 {
        let mean = draws.iter().map(|d| d[i]).sum::<f64>() / 4000.0;
        assert!((mean - means[i]).abs() < 0.1 * variances[i].sqrt(), "{mean} {}", means[i]);
    }
    let (_, at_rows, variances) = with.predict_all(&matrix(&rows));
    assert!(variances.iter().all(|v| *v < 1e-4), "{variances:?}");
    let first = at_rows[0][4..].iter().copied().fold(f64::INFINITY, f64::min);
    assert!((first - least[0]).abs() < 1e-2, "{first} {}", least[0]);
}
