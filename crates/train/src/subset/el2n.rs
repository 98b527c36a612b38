//! How hard an image is for small networks.

use super::reference::Reference;
use crate::TrainError;
use automl_models::Network;

/// Number of networks.
const NETWORKS: usize = 3;

/// The EL2N score of each training image: the mean over three small networks, early in training, of
/// `|p - y|`, with `p` the softmax of the scores and `y` the one-hot class. In `[0, sqrt 2]`.
///
/// The paper takes the mean over ten ResNets after 20 of 200 epochs; networks and epochs here are
/// as many as a fidelity that saves time can afford.
///
/// # Errors
/// [`TrainError`] if a network cannot be trained, or training was stopped.
///
/// # Source
/// Paul et al. (2021), "Deep learning on a data diet", definition 2.2.
pub fn el2n(reference: &mut Reference<'_>) -> Result<Vec<f64>, TrainError> {
    let data = reference.data();
    let mut scores = vec![0.0; data.train.len()];
    for number in 0..NETWORKS {
        let logits = reference.output(number, Network::forward)?;
        let rows = logits.chunks_exact(data.classes.max(1));
        for ((score, row), label) in scores.iter_mut().zip(rows).zip(&data.train.labels) {
            *score += error(row, usize::from(*label)) / NETWORKS as f64;
        }
    }
    Ok(scores)
}

/// The length of softmax minus one-hot.
fn error(logits: &[f32], label: usize) -> f64 {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f64> = logits.iter().map(|x| f64::from(x - top).exp()).collect();
    let total: f64 = raised.iter().sum();
    let square = |(class, x): (usize, &f64)| {
        let truth = if class == label { 1.0 } else { 0.0 };
        (x / total - truth).powi(2)
    };
    raised.iter().enumerate().map(square).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::error;

    #[test]
    fn errors_of_certain_and_uncertain_scores() {
        assert!(error(&[90.0, 0.0], 0) < 1e-12);
        assert!((error(&[90.0, 0.0], 1) - 2f64.sqrt()).abs() < 1e-12);
        assert!((error(&[1.0, 1.0, 1.0, 1.0], 2) - 0.75f64.sqrt()).abs() < 1e-12);
    }
}
