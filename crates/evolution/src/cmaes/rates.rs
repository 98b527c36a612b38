//! Weights and learning rates of CMA-ES.

/// The strategy parameters of table 1 of the tutorial, in its notation.
#[derive(Clone, Debug)]
pub(super) struct Rates {
    /// `w_i`, best first; the second half is negative. `[lambda]`
    pub(super) weights: Vec<f64>,
    /// `mu`: the number of positive weights.
    pub(super) parents: usize,
    /// `mu_eff`: the variance-effective number of parents.
    pub(super) effective: f64,
    pub(super) c_sigma: f64,
    /// `d_sigma`.
    pub(super) damping: f64,
    pub(super) c_c: f64,
    pub(super) c_1: f64,
    pub(super) c_mu: f64,
    /// The expected length of a standard normal vector.
    pub(super) chi: f64,
}

impl Rates {
    /// The defaults for `n` dimensions and `lambda` points; `is_diagonal` raises the rates of the
    /// covariance by `(n + 2) / 3` (Ros & Hansen 2008).
    pub(super) fn new(n: usize, lambda: usize, is_diagonal: bool) -> Self {
        let n = n as f64;
        let parents = lambda / 2;
        let raw: Vec<f64> =
            (1..=lambda).map(|i| ((lambda as f64 + 1.0) / 2.0).ln() - (i as f64).ln()).collect();
        let (positive, negative) = raw.split_at(parents);
        let effective = variance_effective(positive);
        let c_sigma = (effective + 2.0) / (n + effective + 5.0);
        let damping = 1.0 + 2.0 * (((effective - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_sigma;
        let c_c = (4.0 + effective / n) / (n + 4.0 + 2.0 * effective / n);
        let faster = if is_diagonal { (n + 2.0) / 3.0 } else { 1.0 };
        let c_1 = (faster * 2.0 / ((n + 1.3).powi(2) + effective)).min(0.5);
        let c_mu = faster * 2.0 * (0.25 + effective + 1.0 / effective - 2.0)
            / ((n + 2.0).powi(2) + effective);
        let c_mu = c_mu.min(1.0 - c_1);
        let negative_total = (1.0 + c_1 / c_mu)
            .min(1.0 + 2.0 * variance_effective(negative) / (effective + 2.0))
            .min((1.0 - c_1 - c_mu) / (n * c_mu))
            .max(0.0);
        let positive_sum: f64 = positive.iter().sum();
        let negative_sum = negative.iter().sum::<f64>().abs().max(1e-300);
        let normalized = |w: &f64| {
            if *w >= 0.0 { w / positive_sum } else { negative_total * w / negative_sum }
        };
        let weights = raw.iter().map(normalized).collect();
        let chi = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
        Self { weights, parents, effective, c_sigma, damping, c_c, c_1, c_mu, chi }
    }
}

/// `(sum w)^2 / sum w^2`; 0 for weights of 0.
fn variance_effective(weights: &[f64]) -> f64 {
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    if squares > 0.0 { weights.iter().sum::<f64>().powi(2) / squares } else { 0.0 }
}
