//! Expected improvement of Chebyshev scalarizations of several objectives.

use super::log_normal::{density, log_normal_cdf};
use automl_numeric::normal;

/// Points of the midpoint rule for each scalarization.
const POINTS: usize = 16;

/// How far below the best values of the objectives a scalarization may improve, in its own units.
const BEYOND: f64 = 0.05;

/// The probability below which a point counts for nothing, unless all points do.
const NEGLIGIBLE: f64 = 1e-30;

/// Log expected improvement of Chebyshev scalarizations, for independent normal objectives.
///
/// With weights `w_j`, the scalarization of losses between `low_j` and `high_j` is
///
/// ```text
/// s(f) = max_j w_j (f_j - low_j) / (high_j - low_j)
/// ```
///
/// It is at most `t` where every objective is at most `u_j(t) = low_j + t (high_j - low_j) / w_j`, so its
/// expected improvement on the least value `b` of known points is one integral along a ray,
///
/// ```text
/// E[max(b - s(f), 0)] = integral_{t < b} prod_j Phi((u_j(t) - m_j) / s_j) dt
/// ```
///
/// which the midpoint rule takes from .05 below the origin of the ray. The value is the logarithm of the mean
/// over several scalarizations, the improvement of each as a share of what there is to gain: `O(points m)` for any
/// number of objectives, and smooth.
///
/// # Examples
/// ```
/// use automl_gp::acquisition::Scalarizations;
///
/// let known = [vec![0.2, 0.8, 0.5, 0.5], vec![0.8, 0.2, 0.5, 0.5]];
/// let improvement = Scalarizations::new(&known, &[(0.0, 1.0); 4], &[vec![0.25; 4]]);
/// let gain = |mean| improvement.value_and_gradient(&[mean; 4], &[0.1; 4], &mut [0.0; 4], &mut [0.0; 4]);
/// assert!(gain(0.5) > gain(0.7));
/// ```
///
/// # Source
/// Knowles (2006), "ParEGO", for the scalarization; Daulton, Balandat & Bakshy (2020), "Differentiable Expected
/// Hypervolume Improvement for Parallel Multi-Objective Bayesian Optimization", section 5, for one model for
/// each objective behind it.
#[derive(Clone, Debug)]
pub struct Scalarizations {
    /// `[weights * POINTS, m]`
    points: Vec<f64>,
    objectives: usize,
}

impl Scalarizations {
    /// The scalarizations with these weights `[weights][m]`, positive, to improve on the least of the known
    /// points `[n][m]`, or on 1. `bounds`: `low` and `high` of each objective.
    pub fn new(known: &[Vec<f64>], bounds: &[(f64, f64)], weights: &[Vec<f64>]) -> Self {
        let mut points = Vec::with_capacity(weights.len() * POINTS * bounds.len());
        for weights in weights {
            let scale =
                |((low, high), w): (&(f64, f64), &f64)| (high - low).max(1e-9) / w.max(1e-6);
            let scales: Vec<f64> = bounds.iter().zip(weights).map(scale).collect();
            let ray = || bounds.iter().map(|(low, _)| *low).zip(&scales);
            let scalar = |point: &Vec<f64>| {
                let parts = point.iter().zip(ray()).map(|(x, (low, scale))| (x - low) / scale);
                parts.fold(f64::NEG_INFINITY, f64::max)
            };
            let best = known.iter().map(scalar).fold(1.0, f64::min);
            let from = best.min(0.0) - BEYOND;
            for k in 0..POINTS {
                let t = from + (best - from) * (k as f64 + 0.5) / POINTS as f64;
                points.extend(ray().map(|(low, scale)| low + t * scale));
            }
        }
        Self { points, objectives: bounds.len() }
    }

    /// The value for means and positive standard deviations of the objectives; writes its derivatives in
    /// them. `[m]`
    pub fn value_and_gradient(
        &self,
        mean: &[f64],
        sd: &[f64],
        by_mean: &mut [f64],
        by_sd: &mut [f64],
    ) -> f64 {
        by_mean.fill(0.0);
        by_sd.fill(0.0);
        let (mut sum, count) = (0.0, (self.points.len() / self.objectives) as f64);
        // The standard score and the slope of the logarithm of each factor.
        let mut factors = vec![(0.0, 0.0); self.objectives];
        for u in self.points.chunks_exact(self.objectives) {
            let mut product = 1.0;
            for (j, factor) in factors.iter_mut().enumerate() {
                let z = (u[j] - mean[j]) / sd[j];
                let cdf = normal::cdf(z);
                product *= cdf;
                if product < NEGLIGIBLE {
                    break;
                }
                *factor = (z, density(z) / cdf);
            }
            if product >= NEGLIGIBLE {
                sum += product;
                for (j, (z, slope)) in factors.iter().enumerate() {
                    by_mean[j] -= product * slope / sd[j];
                    by_sd[j] -= product * slope * z / sd[j];
                }
            }
        }
        if sum == 0.0 {
            return self.far_away(mean, sd, by_mean, by_sd) - count.ln();
        }
        by_mean.iter_mut().chain(by_sd).for_each(|slope| *slope /= sum);
        (sum / count).ln()
    }

    /// The logarithm of the sum where all probabilities underflow.
    fn far_away(&self, mean: &[f64], sd: &[f64], by_mean: &mut [f64], by_sd: &mut [f64]) -> f64 {
        let factor = |u: &[f64], j: usize| log_normal_cdf((u[j] - mean[j]) / sd[j]);
        let log = |u: &[f64]| (0..self.objectives).map(|j| factor(u, j).0).sum::<f64>();
        let logs: Vec<f64> = self.points.chunks_exact(self.objectives).map(log).collect();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !top.is_finite() {
            return top;
        }
        let sum: f64 = logs.iter().map(|log| (log - top).exp()).sum();
        for (u, log) in self.points.chunks_exact(self.objectives).zip(&logs) {
            let share = (log - top).exp() / sum;
            for j in 0..self.objectives {
                let slope = share * factor(u, j).1 / sd[j];
                by_mean[j] -= slope;
                by_sd[j] -= slope * (u[j] - mean[j]) / sd[j];
            }
        }
        top + sum.ln()
    }
}
