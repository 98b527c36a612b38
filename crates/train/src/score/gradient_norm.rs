//! Norms of the gradients at initialization.

use super::ScoreBatch;
use crate::cpu;
use automl_arch::{Architecture, ArchitectureError};
use automl_models::Network;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Gradients, Tensor};

/// Gradient norm of a freshly initialized network on a batch.
pub(super) fn score(
    architecture: &Architecture,
    batch: &ScoreBatch,
    seed: u64,
) -> Result<f64, ArchitectureError> {
    let device = cpu().autodiff();
    let network = Network::new(architecture, seed, &device)?;
    Ok(gradient_norm(&network, batch.images(&device), batch.targets(&device)))
}

/// Sum of the Euclidean norms of the gradients of the mean cross-entropy by the weights of
/// convolutions and linear layers; `targets` are one-hot.
fn gradient_norm(network: &Network, images: Tensor<4>, targets: Tensor<2>) -> f64 {
    let [count, _] = targets.dims();
    let loss = |scores| -(log_softmax(scores, 1) * targets).sum() / count.max(1) as f64;
    let (_, gradients) = network.gradients(images, loss);
    let mut norms = Norms { gradients: &gradients, sum: 0.0 };
    network.visit(&mut norms);
    norms.sum
}

struct Norms<'a> {
    gradients: &'a Gradients,
    sum: f64,
}

impl ModuleVisitor for Norms<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Biases and normalization have one axis.
        if D > 1
            && let Some(gradient) = param.val().grad(self.gradients)
        {
            let squares: f64 =
                gradient.into_data().iter::<f32>().map(|g| f64::from(g).powi(2)).sum();
            self.sum += squares.sqrt();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{Block, Layer};

    /// With weights zero the classes are equally likely, so the gradient is
    /// `(1/classes - target) x^T` with a known norm.
    #[test]
    fn a_linear_classifier_has_its_gradient() {
        let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(4))];
        let architecture = Architecture::new(3, 1, layers);
        let device = cpu().autodiff();
        let mut tensors = Network::new(&architecture, 0, &device).unwrap().tensors();
        tensors.iter_mut().for_each(|tensor| tensor.values.fill(0.0));
        let network = Network::load(&architecture, tensors, &device).unwrap();
        let image = Tensor::<1>::from_floats([1.0, -2.0, 2.0], &device).reshape([1, 3, 1, 1]);
        let target = Tensor::<1>::from_floats([0.0, 0.0, 1.0, 0.0], &device).reshape([1, 4]);
        let norm = gradient_norm(&network, image, target);
        // |x| = 3, |1/4 - target| = sqrt(3 / 16 + 9 / 16).
        assert!((norm - 3.0 * 0.75_f64.sqrt()).abs() < 1e-5, "{norm}");
    }
}
