//! Batch normalization folded into convolutions.

/// Small number below the root of batch normalization, as in training.
pub(crate) const EPSILON: f32 = 1e-5;

/// Scale, shift, mean and variance of each channel.
pub(crate) struct Norm<'a> {
    pub(crate) gamma: &'a [f32],
    pub(crate) beta: &'a [f32],
    pub(crate) mean: &'a [f32],
    pub(crate) variance: &'a [f32],
}

impl Norm<'_> {
    /// The weights and biases of a convolution without bias and this normalization behind it:
    /// w' = w γ / √(v + ε), b' = β - m γ / √(v + ε), channel by channel.
    pub(crate) fn fold(&self, weight: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let channels = self.gamma.len();
        let scale: Vec<f32> =
            self.gamma.iter().zip(self.variance).map(|(g, v)| g / (v + EPSILON).sqrt()).collect();
        let filter = (weight.len() / channels.max(1)).max(1);
        let scaled = weight.chunks(filter).zip(&scale);
        let weight = scaled.flat_map(|(filter, s)| filter.iter().map(move |w| w * s)).collect();
        let shifts = self.beta.iter().zip(self.mean).zip(&scale);
        (weight, shifts.map(|((b, m), s)| b - m * s).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{EPSILON, Norm};

    #[test]
    fn folded_convolutions_equal_normalized_ones() {
        let norm = Norm {
            gamma: &[2.0, 0.5],
            beta: &[1.0, -1.0],
            mean: &[0.3, 4.0],
            variance: &[0.25, 9.0],
        };
        let (weight, x) = ([1.0, 2.0, -3.0, 0.5], [0.7, -0.2]);
        let (folded, bias) = norm.fold(&weight);
        for o in 0..2 {
            let dot = |w: &[f32]| w[2 * o] * x[0] + w[2 * o + 1] * x[1];
            let root = (norm.variance[o] + EPSILON).sqrt();
            let expected = (dot(&weight) - norm.mean[o]) / root * norm.gamma[o] + norm.beta[o];
            assert!((dot(&folded) + bias[o] - expected).abs() < 1e-5);
        }
    }
}
