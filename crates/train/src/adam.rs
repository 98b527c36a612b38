//! Adam on plain vectors, for the few numbers that are learned beside the weights.

/// Running moments of a gradient.
///
/// # Source
/// Kingma & Ba (2015), "Adam", algorithm 1.
#[derive(Clone, Debug)]
pub(crate) struct Adam {
    rate: f64,
    betas: [f64; 2],
    mean: Vec<f64>,
    square: Vec<f64>,
    steps: i32,
}

impl Adam {
    /// For `length` numbers.
    pub(crate) fn new(length: usize, rate: f64, betas: [f64; 2]) -> Self {
        Self { rate, betas, mean: vec![0.0; length], square: vec![0.0; length], steps: 0 }
    }

    /// One step down the gradient. A number with a gradient of zero in every step stays.
    pub(crate) fn descend(&mut self, numbers: &mut [f64], gradient: &[f64]) {
        self.steps += 1;
        let [first, second] = self.betas;
        let corrected = |moment: f64, beta: f64| moment / (1.0 - beta.powi(self.steps));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((number, g), (mean, square)) in numbers.iter_mut().zip(gradient).zip(moments) {
            *mean += (1.0 - first) * (g - *mean);
            *square += (1.0 - second) * (g * g - *square);
            let scale = corrected(*square, second).sqrt() + 1e-12;
            *number -= self.rate * corrected(*mean, first) / scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Adam;

    #[test]
    fn the_first_step_has_the_length_of_the_rate_and_a_bowl_is_descended() {
        let mut adam = Adam::new(2, 0.1, [0.9, 0.999]);
        let mut x = [3.0, -2.0];
        adam.descend(&mut x, &[6.0, 0.0]);
        assert!((x[0] - 2.9).abs() < 1e-9 && x[1] == -2.0);
        for _ in 0..400 {
            let gradient = [2.0 * x[0], 2.0 * (x[1] - 1.0)];
            adam.descend(&mut x, &gradient);
        }
        assert!(x[0].abs() < 0.05 && (x[1] - 1.0).abs() < 0.05, "{x:?}");
    }
}
