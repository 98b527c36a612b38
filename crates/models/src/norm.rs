//! Batch normalization (Ioffe & Szegedy 2015).
//!
//! burn's own step is right on every device, but on the CPU it copies its input several times. Here
//! it is written as few passes over the data, of which the automatic derivative is cheap too: a
//! third of the time forward and backward.

use crate::init::Init;
use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::{Device, Tensor};

/// Normalization over batch and positions, per channel.
#[derive(Module, Debug)]
pub(crate) struct Norm {
    pub(super) batch: BatchNorm,
    /// Use of this module's passes, which are for the CPU.
    by_hand: bool,
}

impl Norm {
    pub(crate) fn new(channels: usize, init: &Init<'_>) -> Self {
        Self {
            batch: BatchNormConfig::new(channels).init(init.device()),
            by_hand: *init.device() == Device::flex(),
        }
    }

    pub(crate) fn set_momentum(&mut self, momentum: f64) {
        self.batch.momentum = momentum;
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        if !self.by_hand {
            return self.batch.forward(x);
        }
        let training = x.device().is_autodiff() && self.batch.training.is_enabled();
        let [batch, channels, height, width] = x.dims();
        let x = x.reshape([batch, channels, height * width]);
        let y = if training { self.train(x) } else { self.evaluate(x) };
        y.reshape([batch, channels, height, width])
    }

    /// Normalizes by the statistics of the batch, which update the running ones.
    fn train(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, channels, positions] = x.dims();
        let count = (batch * positions) as f64;
        let mean = x.clone().sum_dim(2).sum_dim(0) / count;
        let centered = x - mean.clone();
        // Half of the derivative of c^2 is that of c times a constant c; twice that, less the
        // constant value, has the value and the derivative of the variance at half the cost.
        let square = centered.clone() * centered.clone().detach();
        let half = square.sum_dim(2).sum_dim(0) / count;
        let value = half.clone().detach();
        let variance = half * 2.0 - value.clone();

        let norm = &self.batch;
        let follow = |running: Tensor<1>, new: Tensor<3>| {
            running * (1.0 - norm.momentum) + new.detach().reshape([channels]) * norm.momentum
        };
        norm.running_mean.update(follow(norm.running_mean.value_sync(), mean).detach());
        norm.running_var.update(follow(norm.running_var.value_sync(), value).detach());

        let gamma = norm.gamma.val().reshape([1, channels, 1]);
        let beta = norm.beta.val().reshape([1, channels, 1]);
        centered * (gamma / (variance + norm.epsilon).sqrt()) + beta
    }

    /// Normalizes by the running statistics: one multiplication and one addition.
    fn evaluate(&self, x: Tensor<3>) -> Tensor<3> {
        let norm = &self.batch;
        let scale = norm.gamma.val() / (norm.running_var.value() + norm.epsilon).sqrt();
        let shift = norm.beta.val() - norm.running_mean.value() * scale.clone();
        let [channels] = scale.dims();
        x * scale.reshape([1, channels, 1]) + shift.reshape([1, channels, 1])
    }
}

#[cfg(test)]
mod tests {
    use super::Norm;
    use crate::init::Init;
    use burn::module::Module;
    use burn::tensor::{Device, Tensor};

    fn close<const D: usize>(a: Tensor<D>, b: Tensor<D>, tolerance: f32) {
        let (a, b) = (a.into_data(), b.into_data());
        for (a, b) in a.iter::<f32>().zip(b.iter::<f32>()) {
            assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} {b}");
        }
    }

    /// Values, derivatives and running statistics are burn's, also far from zero.
    #[test]
    fn agrees_with_burn() {
        let device = Device::flex().autodiff();
        for (offset, spread, tolerance) in [(0.0, 1.0, 1e-5), (3.0, 0.5, 1e-4), (100.0, 2.0, 1e-3)]
        {
            let pixels: Vec<f32> =
                (0..4 * 3 * 25).map(|i| offset + spread * (i as f32 * 2.3).sin()).collect();
            let weights: Vec<f32> = (0..4 * 3 * 25).map(|i| (i as f32 * 0.7).cos()).collect();
            let make =
                |values: &[f32]| Tensor::<1>::from_floats(values, &device).reshape([4, 3, 5, 5]);
            let run = |by_hand| {
                let norm = Norm { by_hand, ..Norm::new(3, &Init::new(0, &device)) };
                let x = make(&pixels).require_grad();
                let y = norm.forward(x.clone());
                let gradients = (y.clone() * make(&weights)).sum().backward();
                let plain = norm.valid();
                let gradient = |t: &Tensor<1>| t.grad(&gradients).unwrap();
                (
                    y.inner(),
                    x.grad(&gradients).unwrap(),
                    gradient(&norm.batch.gamma),
                    gradient(&norm.batch.beta),
                    plain.batch.running_mean.value(),
                    plain.batch.running_var.value(),
                    plain.forward(x.inner()),
                )
            };
            let (a, b) = (run(true), run(false));
            close(a.0, b.0, tolerance);
            close(a.1, b.1, tolerance);
            close(a.2, b.2, tolerance);
            close(a.3, b.3, tolerance);
            close(a.4, b.4, tolerance);
            close(a.5, b.5, tolerance);
            close(a.6, b.6, tolerance);
        }
    }
}
