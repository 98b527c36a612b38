//! Priors of hyperparameters.

/// Priors of the hyperparameters. Densities are in the logarithms of the hyperparameters, without
/// Jacobian terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Priors {
    /// Mean and standard deviation of each log length scale (log-normal).
    pub lengths: Vec<(f64, f64)>,
    /// Mean and standard deviation of the logarithms of a kernel's further scales: weights of sums,
    /// exponents of input warping.
    pub others: (f64, f64),
    /// Mean and standard deviation of the log signal variance (log-normal).
    pub signal: (f64, f64),
    /// Shape and rate of the gamma density of the noise variance.
    pub noise: (f64, f64),
    /// Standard deviation of the constant mean, which takes its best value; zero fixes the mean at
    /// zero.
    pub mean: f64,
    /// The smallest and largest noise variance.
    pub noise_bounds: (f64, f64),
}

impl Priors {
    /// Priors for inputs in the unit cube with `scales` parameters and standardized outputs, of
    /// which the length-scale prior grows with the square root of the dimension, so that the
    /// complexity of the functions stays the same: a log length has mean `-1.5 + ln(d) / 2` and
    /// standard deviation 0.7.
    ///
    /// # Source
    /// Hvarfner, Hellsten & Nardi (2024), "Vanilla Bayesian Optimization Performs Great in High
    /// Dimensions", arXiv:2402.02229, equation 7, for the growth with the dimension; the lengths of
    /// that paper are longer and less certain (mean `1.41 + ln(d) / 2`, deviation 1.73).
    ///
    /// # Examples
    /// ```
    /// use automl_gp::Priors;
    ///
    /// let median = |d| Priors::scaled(d).lengths[0].0.exp();
    /// assert!((median(16) / median(4) - 2.0).abs() < 1e-12);
    /// ```
    pub fn scaled(scales: usize) -> Self {
        let d = scales.max(1) as f64;
        Self {
            lengths: vec![(-1.5 + 0.5 * d.ln(), 0.7); scales],
            others: (0.0, 0.5),
            signal: (0.5, 1.5),
            noise: (1.1, 10.0),
            mean: 1.0,
            noise_bounds: (1e-7, 2.0),
        }
    }

    /// Adds `shifts` to the means of the log length scales: for parameters with distances unlike
    /// those of the unit interval.
    #[must_use]
    pub fn shifted(mut self, shifts: &[f64]) -> Self {
        self.lengths.iter_mut().zip(shifts).for_each(|((mean, _), shift)| *mean += shift);
        self
    }

    /// Mean and standard deviation of the logarithm of scale `i`.
    pub(crate) fn length(&self, i: usize) -> (f64, f64) {
        self.lengths.get(i).copied().unwrap_or(self.others)
    }

    /// The log density at log hyperparameters, up to a constant; adds its gradient. `[scales + 2]`
    pub(crate) fn log_density(&self, log: &[f64], gradient: &mut [f64]) -> f64 {
        let m = log.len() - 2;
        let mut normal = |i: usize, (mean, sd): (f64, f64)| {
            let z = (log[i] - mean) / sd;
            gradient[i] -= z / sd;
            -0.5 * z * z
        };
        let mut sum: f64 = (0..m).map(|i| normal(i, self.length(i))).sum();
        sum += normal(m, self.signal);
        let (shape, rate) = self.noise;
        let noise = log[m + 1].exp();
        gradient[m + 1] += shape - 1.0 - rate * noise;
        sum + (shape - 1.0) * log[m + 1] - rate * noise
    }
}
