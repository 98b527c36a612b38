//! Determinant of the kernel of activation patterns.

use super::ScoreBatch;
use crate::cpu;
use automl_arch::{Architecture, ArchitectureError};
use automl_models::Network;
use burn::module::Module;
use burn::tensor::Tensor;

/// Log-determinant of a freshly initialized network on a batch.
pub(super) fn score(
    architecture: &Architecture,
    batch: &ScoreBatch,
    seed: u64,
) -> Result<f64, ArchitectureError> {
    let device = cpu().autodiff();
    let network = Network::new(architecture, seed, &device)?;
    Ok(naswot(network, batch.images(&device)))
}

/// `log |det K|` with K_ij the number of nonlinearities with inputs of the same sign for images i
/// and j, in a fresh network that normalizes by the batch.
fn naswot(mut network: Network, images: Tensor<4>) -> f64 {
    // The running statistics become those of the batch; evaluation then needs no gradients.
    network.set_norm_momentum(1.0);
    network.observe(images.clone());
    let inputs = network.valid().preactivations(images.inner());
    let mut patterns: Vec<Vec<bool>> = Vec::new();
    for tensor in inputs {
        let [batch, units] = tensor.dims();
        patterns.resize_with(batch, Vec::new);
        let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
        for (pattern, row) in patterns.iter_mut().zip(values.chunks_exact(units.max(1))) {
            pattern.extend(row.iter().map(|x| *x > 0.0));
        }
    }
    log_determinant(kernel(&patterns))
}

/// Pairwise numbers of equal entries.
fn kernel(patterns: &[Vec<bool>]) -> Vec<Vec<f64>> {
    let words: Vec<Vec<u64>> = patterns
        .iter()
        .map(|bits| {
            let word = |bits: &[bool]| bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit));
            bits.chunks(64).map(word).collect()
        })
        .collect();
    let equal = |a: &[u64], b: &[u64], units: usize| {
        let differ: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
        units as f64 - f64::from(differ)
    };
    let units = patterns.first().map_or(0, Vec::len);
    words.iter().map(|a| words.iter().map(|b| equal(a, b, units)).collect()).collect()
}

/// log |det A| by elimination with pivots; minus infinity for a singular matrix.
fn log_determinant(mut a: Vec<Vec<f64>>) -> f64 {
    let size = a.len();
    let most = a.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
    let mut log = 0.0;
    for k in 0..size {
        let pivot = (k..size).max_by(|i, j| a[*i][k].abs().total_cmp(&a[*j][k].abs()));
        let pivot = pivot.unwrap_or(k);
        a.swap(k, pivot);
        let (above, below) = a.split_at_mut(k + 1);
        let row = &above[k];
        if row[k].abs() <= 1e-12 * most {
            return f64::NEG_INFINITY;
        }
        log += row[k].abs().ln();
        for other in below {
            let factor = other[k] / row[k];
            other[k..].iter_mut().zip(&row[k..]).for_each(|(x, y)| *x -= factor * y);
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{Activation, Block, Layer, block};

    /// Two ReLU units on vectors of two numbers, with weights such that the signs of the inputs
    /// are the pattern.
    fn signs(pixels: Vec<f32>) -> f64 {
        let images = pixels.len() / 2;
        let architecture = Architecture::new(
            2,
            1,
            [
                Layer::once(Block::Flatten),
                Layer::once(Block::Linear(block::Linear {
                    features: 2,
                    activation: Activation::Relu,
                })),
                Layer::once(Block::linear(3)),
            ],
        );
        let device = cpu().autodiff();
        let mut tensors = Network::new(&architecture, 0, &device).unwrap().tensors();
        tensors[0].values = vec![1.0, 0.0, 0.0, 1.0];
        let network = Network::load(&architecture, tensors, &device).unwrap();
        let pixels = Tensor::<1>::from_floats(pixels.as_slice(), &device);
        naswot(network, pixels.reshape([images, 2, 1, 1]))
    }

    #[test]
    fn a_tiny_network_has_its_determinant() {
        // Patterns 11, 10 and 01: K = [[2, 1, 1], [1, 2, 0], [1, 0, 2]], det K = 4.
        let score = signs(vec![1.0, 2.0, 3.0, -1.0, -2.0, 5.0]);
        assert!((score - 4.0_f64.ln()).abs() < 1e-12, "{score}");
        // Positive factors change no sign.
        assert_eq!(score, signs(vec![10.0, 20.0, 0.3, -0.1, -2.0, 5.0]));
    }

    #[test]
    fn equal_patterns_are_singular() {
        assert_eq!(signs(vec![1.0, 2.0, 1.0, 2.0, -2.0, 5.0]), f64::NEG_INFINITY);
    }

    #[test]
    fn determinants_are_known() {
        let log = log_determinant(vec![vec![0.0, 2.0], vec![-3.0, 1.0]]);
        assert!((log - 6.0_f64.ln()).abs() < 1e-12);
        assert_eq!(log_determinant(vec![vec![0.0; 2]; 2]), f64::NEG_INFINITY);
        assert_eq!(log_determinant(Vec::new()), 0.0);
    }
}
