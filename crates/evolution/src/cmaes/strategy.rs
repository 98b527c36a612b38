//! The covariance matrix adaptation evolution strategy.

use super::covariance::Covariance;
use super::rates::Rates;
use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// The state of CMA-ES: a normal distribution `N(m, sigma^2 C)` over `R^n`, without bounds.
///
/// Points are drawn with [`CmaEs::sample`]; [`CmaEs::update`] takes a generation, best point first. With
/// the weights `w_i` and `y_i = (x_i - m) / sigma` of the `i`-th best point it updates
///
/// ```text
/// m     <- m + sigma sum_{i <= mu} w_i y_i
/// C     <- (1 - c_1 - c_mu sum_i w_i) C + c_1 p_c p_c^T + c_mu sum_i w_i y_i y_i^T
/// sigma <- sigma exp((c_sigma / d_sigma) (|p_sigma| / E|N(0, I)| - 1))
/// ```
///
/// with the evolution paths `p_c` and `p_sigma`. Only the order of the points counts.
///
/// # Source
/// Hansen (2016), "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, figure 6 and table 1 (with
/// negative weights); Hansen (2011), "Injecting External Solutions Into CMA-ES", for points that were not
/// drawn from the current distribution; Ros & Hansen (2008), "A Simple Modification in CMA-ES Achieving
/// Linear Time and Space Complexity", for the diagonal form.
///
/// # Examples
/// ```
/// use automl_evolution::CmaEs;
/// use automl_numeric::stream;
///
/// let sphere = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
/// let mut es = CmaEs::new(&[1.0, 1.0, 1.0], 0.5, CmaEs::default_lambda(3), false);
/// let mut rng = stream(1, 0, "example");
/// for _ in 0..100 {
///     let mut points: Vec<Vec<f64>> = (0..es.lambda()).map(|_| es.sample(&mut rng)).collect();
///     points.sort_by(|a, b| sphere(a).total_cmp(&sphere(b)));
///     es.update(&points);
/// }
/// assert!(sphere(es.mean()) < 1e-8);
/// ```
#[derive(Clone, Debug)]
pub struct CmaEs {
    mean: DVector<f64>,
    sigma: f64,
    covariance: Covariance,
    path_sigma: DVector<f64>,
    path_c: DVector<f64>,
    generation: u32,
    condition: f64,
    rates: Rates,
}

impl CmaEs {
    /// The initial state `N(mean, sigma^2 I)`.
    ///
    /// - `mean`: `[n]`.
    /// - `sigma`: the step size, above 0.
    /// - `lambda`: the number of points in a generation; at least 4 are used.
    /// - `diagonal`: adapts variances only, in linear time; faster where coordinates are separable.
    pub fn new(mean: &[f64], sigma: f64, lambda: usize, diagonal: bool) -> Self {
        let n = mean.len();
        Self {
            mean: DVector::from_row_slice(mean),
            sigma,
            covariance: Covariance::identity(n, diagonal),
            path_sigma: DVector::zeros(n),
            path_c: DVector::zeros(n),
            generation: 0,
            condition: 1.0,
            rates: Rates::new(n.max(1), lambda.max(4), diagonal),
        }
    }

    /// The initial state `N(mean, covariance)`.
    ///
    /// - `mean`: `[n]`.
    /// - `covariance`: symmetric and positive definite; the step size is the `n`-th root of the square
    ///   root of its determinant. `[n, n]`
    /// - `lambda`, `diagonal`: as in [`CmaEs::new`]; a diagonal form takes over the variances.
    pub(super) fn with_covariance(
        mean: &[f64],
        covariance: &DMatrix<f64>,
        lambda: usize,
        diagonal: bool,
    ) -> Self {
        let mut es = Self::new(mean, 1.0, lambda, diagonal);
        let n = mean.len().max(1) as f64;
        let eigenvalues = covariance.symmetric_eigenvalues();
        es.sigma = (eigenvalues.iter().map(|value| value.ln()).sum::<f64>() / (2.0 * n)).exp();
        es.covariance = Covariance::of(covariance / (es.sigma * es.sigma), diagonal);
        es.refresh();
        es
    }

    /// The tutorial's number of points in a generation, `4 + floor(3 ln n)`.
    pub fn default_lambda(n: usize) -> usize {
        4 + (3.0 * (n.max(1) as f64).ln()).floor() as usize
    }

    /// The number of points in a generation.
    pub fn lambda(&self) -> usize {
        self.rates.weights.len()
    }

    /// The mean `m`. `[n]`
    pub fn mean(&self) -> &[f64] {
        self.mean.as_slice()
    }

    /// The step size `sigma`.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// The number of updates so far.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The standard deviation `sigma sqrt(C_jj)` of coordinate `j < n`.
    pub fn deviation(&self, j: usize) -> f64 {
        self.sigma * self.covariance.variance(j).max(0.0).sqrt()
    }

    /// The condition number of `C`, at least 1; infinite once the state is numerically unusable.
    pub fn condition(&self) -> f64 {
        if self.sigma.is_finite() && self.sigma > 0.0 { self.condition } else { f64::INFINITY }
    }

    /// A point drawn from the distribution. `[n]`
    pub fn sample(&self, rng: &mut dyn Rng) -> Vec<f64> {
        let z = DVector::from_fn(self.mean.len(), |_, _| rng.sample::<f64, _>(StandardNormal));
        let x = &self.mean + self.covariance.color(&z) * self.sigma;
        x.as_slice().to_vec()
    }

    /// Updates the distribution by one generation, best point first. `points`: `[lambda, n]`.
    ///
    /// Points need not be drawn from the distribution: their Mahalanobis distance from the mean is cut to
    /// `sqrt(n) + 2 n / (n + 2)`. Points beyond `lambda` are ignored; with fewer, or in an unusable
    /// state, nothing changes.
    pub fn update(&mut self, points: &[Vec<f64>]) {
        let n = self.mean.len();
        if n == 0 || points.len() < self.lambda() || !self.condition().is_finite() {
            return;
        }
        let Rates { weights, parents, effective, c_sigma, damping, c_c, c_1, c_mu, chi } =
            self.rates.clone();
        let longest = (n as f64).sqrt() + 2.0 * n as f64 / (n as f64 + 2.0);
        let mut lengths = Vec::with_capacity(weights.len());
        let steps: Vec<DVector<f64>> = points[..weights.len()]
            .iter()
            .map(|x| {
                let y = (DVector::from_row_slice(x) - &self.mean) / self.sigma;
                let length = self.covariance.whiten(&y).norm();
                lengths.push(length.min(longest));
                if length > longest { y * (longest / length) } else { y }
            })
            .collect();
        self.generation += 1;
        let mut step = DVector::zeros(n);
        for (weight, y) in weights[..parents].iter().zip(&steps) {
            step.axpy(*weight, y, 1.0);
        }
        self.mean.axpy(self.sigma, &step, 1.0);

        let white = self.covariance.whiten(&step);
        self.path_sigma *= 1.0 - c_sigma;
        self.path_sigma.axpy((c_sigma * (2.0 - c_sigma) * effective).sqrt(), &white, 1.0);
        let length = self.path_sigma.norm();
        let age = 1.0 - (1.0 - c_sigma).powi(2 * self.generation as i32);
        let heavy = length / age.sqrt() < (1.4 + 2.0 / (n as f64 + 1.0)) * chi;
        self.path_c *= 1.0 - c_c;
        if heavy {
            self.path_c.axpy((c_c * (2.0 - c_c) * effective).sqrt(), &step, 1.0);
        }
        let stall = if heavy { 0.0 } else { c_1 * c_c * (2.0 - c_c) };
        let total: f64 = weights.iter().sum();
        let scaled = weights.iter().zip(&lengths).map(|(weight, length)| {
            let norm = if *weight < 0.0 { n as f64 / (length * length).max(1e-12) } else { 1.0 };
            c_mu * weight * norm
        });
        let terms = std::iter::once((c_1, &self.path_c)).chain(scaled.zip(&steps));
        self.covariance.update(1.0 + stall - c_1 - c_mu * total, terms);
        self.sigma *= ((c_sigma / damping) * (length / chi - 1.0)).min(1.0).exp();
        self.condition = self.covariance.refresh();
    }

    /// Sets coordinate `j` of the mean and scales its standard deviation by `factor`. A series of such
    /// changes ends with [`CmaEs::refresh`].
    pub(super) fn adjust(&mut self, j: usize, mean: f64, factor: f64) {
        self.mean[j] = mean;
        if factor != 1.0 {
            self.covariance.stretch(j, factor);
            self.path_c[j] *= factor;
        }
    }

    /// Updates the decomposition of the covariance matrix after [`CmaEs::adjust`].
    pub(super) fn refresh(&mut self) {
        self.condition = self.covariance.refresh();
    }
}
