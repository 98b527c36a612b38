//! Fantasies: outcomes of running trials, drawn from the posterior.

use crate::acquisition_function::standard_normals;
use crate::regression::Posterior;
use crate::surrogate::matrix;
use rand::Rng;

/// The posterior with the rows of running trials appended and `count` joint draws of their outcomes
/// as fantasies, and the least outcome of each draw. `y` are the outputs of the posterior.
///
/// # Source
/// Snoek, Larochelle & Adams (2012), "Practical Bayesian Optimization of Machine Learning
/// Algorithms", section 3.3.
pub(super) fn fantasize(
    posterior: &Posterior,
    y: &[f64],
    pending: &[Vec<f64>],
    count: usize,
    rng: &mut dyn Rng,
) -> Option<(Posterior, Vec<f64>)> {
    let points = matrix(pending);
    let normal = standard_normals(pending.len(), count.max(1), rng);
    let draws = posterior.draw(&points, &normal).ok()?;
    let outputs: Vec<Vec<f64>> = draws
        .column_iter()
        .map(|draw| y.iter().copied().chain(draw.iter().copied()).collect())
        .collect();
    let mut with = extended(posterior, y, pending, draws.column(0).as_slice())?;
    with.set_fantasies(&outputs).ok()?;
    let least = draws.column_iter().map(|d| d.iter().copied().fold(f64::INFINITY, f64::min));
    Some((with, least.collect()))
}

/// The variance at a row with a drawn value of the function, in units of the signal variance.
const CERTAIN: f64 = 1e-6;

/// The posterior with further rows and values of the function there, free of noise.
pub(super) fn extended(
    posterior: &Posterior,
    y: &[f64],
    rows: &[Vec<f64>],
    outputs: &[f64],
) -> Option<Posterior> {
    let mut with = posterior.clone();
    let hyper = posterior.hyperparameters();
    // The noise of an observation less this much.
    let noise = (CERTAIN * hyper.signal - hyper.noise).min(0.0);
    for row in rows {
        with.append(row, noise).ok()?;
    }
    let all: Vec<f64> = y.iter().chain(outputs).copied().collect();
    with.set_outputs(&all).ok()?;
    Some(with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::{Hyperparameters, Kernel, KernelFamily, Observations};
    use automl_numeric::stream;
    use nalgebra::DMatrix;

    /// The draws average to the posterior mean by the law of total expectation, and at a running trial
    /// each draw is certain however noisy observations are: another proposal there would gain nothing.
    #[test]
    fn running_trials_count_as_known_values_of_the_function() {
        let hyper = Hyperparameters { lengths: vec![0.3], signal: 1.0, noise: 0.2 };
        let kernel = Kernel::ard(KernelFamily::Matern52, 1);
        let x = DMatrix::from_column_slice(4, 1, &[0.0, 0.3, 0.6, 1.0]);
        let y = [1.0, -0.4, 0.2, 0.9];
        let data = Observations { x: &x, y: &y, noise: &[] };
        let posterior = Posterior::new(&kernel, &hyper, data, 1.0).unwrap();
        let pending = [vec![0.42], vec![0.8]];
        let mut rng = stream(1, 0, "draws");
        let (with, least) = fantasize(&posterior, &y, &pending, 4000, &mut rng).unwrap();
        let (_, draws, variances) = with.predict_all(&matrix(&pending));
        assert!(variances.iter().all(|v| *v < 1e-4), "{variances:?}");
        let (means, variances) = posterior.means_and_variances(&matrix(&pending));
        for i in 0..2 {
            let mean = draws.iter().map(|draw| draw[i]).sum::<f64>() / 4000.0;
            assert!((mean - means[i]).abs() < 0.1 * variances[i].sqrt(), "{mean} {}", means[i]);
        }
        assert!((draws[0][0].min(draws[0][1]) - least[0]).abs() < 1e-2);
    }
}
