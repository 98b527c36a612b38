//! The covariance matrix adaptation evolution strategy itself.

use super::covariance::Covariance;
use nalgebra::DVector;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// The state of one run: a normal distribution `N(m, sigma^2 C)` over `R^n` that follows success.
///
/// It knows neither bounds nor functions: draw points with [`CmaEs::sample`], hand a generation
/// back to [`CmaEs::update`] with the best first. Only that order matters.
///
/// # Source
/// Hansen (2016), "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, figure 6 and table 1
/// (with negative weights); Hansen (2011), "Injecting External Solutions Into CMA-ES", for points
/// that were not drawn from the current distribution; Ros & Hansen (2008) for the diagonal form.
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

/// The constants of table 1.
#[derive(Clone, Debug)]
struct Rates {
    weights: Vec<f64>,
    parents: usize,
    effective: f64,
    c_sigma: f64,
    damping: f64,
    c_c: f64,
    c_1: f64,
    c_mu: f64,
    /// The expected length of a standard normal vector.
    chi: f64,
}

impl Rates {
    fn new(n: usize, lambda: usize, diagonal: bool) -> Self {
        let n = n as f64;
        let parents = lambda / 2;
        let raw: Vec<f64> =
            (1..=lambda).map(|i| ((lambda as f64 + 1.0) / 2.0).ln() - (i as f64).ln()).collect();
        let (up, down) = raw.split_at(parents);
        let sum = |w: &[f64]| w.iter().sum::<f64>();
        let squares = |w: &[f64]| w.iter().map(|w| w * w).sum::<f64>();
        let effective = sum(up).powi(2) / squares(up);
        let effective_down =
            if squares(down) > 0.0 { sum(down).powi(2) / squares(down) } else { 0.0 };
        let c_sigma = (effective + 2.0) / (n + effective + 5.0);
        let damping = 1.0 + 2.0 * (((effective - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + c_sigma;
        let c_c = (4.0 + effective / n) / (n + 4.0 + 2.0 * effective / n);
        let faster = if diagonal { (n + 2.0) / 3.0 } else { 1.0 };
        let c_1 = (faster * 2.0 / ((n + 1.3).powi(2) + effective)).min(0.5);
        let c_mu = faster * 2.0 * (0.25 + effective + 1.0 / effective - 2.0)
            / ((n + 2.0).powi(2) + effective);
        let c_mu = c_mu.min(1.0 - c_1);
        let negative = (1.0 + c_1 / c_mu)
            .min(1.0 + 2.0 * effective_down / (effective + 2.0))
            .min((1.0 - c_1 - c_mu) / (n * c_mu))
            .max(0.0);
        let weights =
            raw.iter()
                .map(|w| {
                    if *w >= 0.0 { w / sum(up) } else { negative * w / sum(down).abs().max(1e-300) }
                })
                .collect();
        let chi = n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n));
        Self { weights, parents, effective, c_sigma, damping, c_c, c_1, c_mu, chi }
    }
}

impl CmaEs {
    /// A run that starts at `mean` with step size `sigma` (positive) and `lambda` points in a
    /// generation (at least 4); `diagonal` adapts variances only, which takes linear time and
    /// learns faster where coordinates do not depend on each other.
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

    /// The tutorial's number of points in a generation: `4 + floor(3 ln n)`.
    pub fn default_lambda(n: usize) -> usize {
        4 + (3.0 * (n.max(1) as f64).ln()).floor() as usize
    }

    /// The number of points in a generation.
    pub fn lambda(&self) -> usize {
        self.rates.weights.len()
    }

    /// The centre of the distribution. `[n]`
    pub fn mean(&self) -> &[f64] {
        self.mean.as_slice()
    }

    /// The step size.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// How many generations were handed back.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The standard deviation of coordinate `j`, step size included.
    pub fn deviation(&self, j: usize) -> f64 {
        self.sigma * self.covariance.variance(j).max(0.0).sqrt()
    }

    /// The ratio of the largest to the smallest variance; infinite once the run is unusable.
    pub fn condition(&self) -> f64 {
        if self.sigma.is_finite() && self.sigma > 0.0 { self.condition } else { f64::INFINITY }
    }

    /// A point drawn from the distribution. `[n]`
    pub fn sample(&self, rng: &mut dyn Rng) -> Vec<f64> {
        let z = DVector::from_fn(self.mean.len(), |_, _| rng.sample::<f64, _>(StandardNormal));
        let x = &self.mean + self.covariance.color(&z) * self.sigma;
        x.as_slice().to_vec()
    }

    /// One generation, the best point first. `[lambda, n]`
    ///
    /// A point may come from anywhere: its distance from the mean counts up to a length that the
    /// distribution's own points rarely reach. Points beyond `lambda` are not read.
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

    /// Moves coordinate `j` of the mean and stretches its deviation, as the margin of discrete
    /// coordinates demands; [`CmaEs::settle`] ends a series of such changes.
    pub(super) fn adjust(&mut self, j: usize, mean: f64, factor: f64) {
        self.mean[j] = mean;
        if factor != 1.0 {
            self.covariance.stretch(j, factor);
            self.path_c[j] *= factor;
        }
    }

    /// Brings the decomposition up to date after [`CmaEs::adjust`].
    pub(super) fn settle(&mut self) {
        self.condition = self.covariance.refresh();
    }
}
