//! What a proposal maximises: improvement, feasibility, cheapness and belief, in logarithms.

use crate::acquisition::{
    Slope, log_expected_improvement, log_hypervolume_improvement, log_probability_below,
};
use crate::regression::{Posterior, Prediction, Scratch};
use nalgebra::DMatrix;
use rand::{Rng, RngExt};

/// A surrogate of the objective with what is to be improved on.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) posterior: Posterior,
    /// The value to improve on; then one for each fantasy of the posterior.
    pub(crate) best: Vec<f64>,
    pub(crate) weight: f64,
}

/// The objective's share of the criterion.
#[derive(Clone, Debug)]
pub(crate) enum Goal {
    /// Log expected improvement, averaged over surrogates.
    Improvement(Vec<Part>),
    /// The lower confidence bound, averaged over surrogates.
    Bound(Vec<Part>, f64),
    /// Log expected hypervolume improvement of two objectives.
    Front { posteriors: Box<[Posterior; 2]>, front: Vec<[f64; 2]>, reference: [f64; 2] },
    /// Nothing: feasibility alone counts.
    Anything,
}

/// What a proposal maximises.
#[derive(Clone, Debug)]
pub(crate) struct Criterion {
    pub(crate) goal: Goal,
    /// Processes that must be below a limit.
    pub(crate) limits: Vec<(Posterior, f64)>,
    /// The logarithm of the cost, standardised, and its standard deviation: their product's mean is
    /// subtracted.
    pub(crate) cost: Option<(Posterior, f64)>,
}

/// Work space of [`Criterion::slope`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    scratch: Scratch,
    at: Prediction,
    other: Prediction,
}

/// The smallest variance that is told from zero.
const LEAST: f64 = 1e-20;

/// The logarithm of the mean of exponentials, and the shares of the mean.
fn log_mean(values: &[f64]) -> (f64, Vec<f64>) {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return (top, vec![1.0 / values.len() as f64; values.len()]);
    }
    let shares: Vec<f64> = values.iter().map(|v| (v - top).exp()).collect();
    let sum: f64 = shares.iter().sum();
    let mean = top + (sum / values.len() as f64).ln();
    (mean, shares.into_iter().map(|s| s / sum).collect())
}

/// Independent standard normal numbers `[rows, columns]` (Box & Muller 1958).
pub(crate) fn normals(rows: usize, columns: usize, rng: &mut dyn Rng) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| {
        let (u, v) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    })
}

/// Drawn limits that are not kept stand this far behind all drawn objectives, whose scale is 1.
const BEHIND: f64 = 1e6;

impl Goal {
    /// Improvement on the best of each fantasy, or the bound, at the given means.
    fn value(bound: Option<f64>, mean: f64, sd: f64, best: f64) -> Slope {
        match bound {
            Some(beta) => crate::acquisition::confidence_bound(mean, sd, beta),
            None => log_expected_improvement(mean, sd, best),
        }
    }
}

impl Criterion {
    /// The criterion at each row of features.
    pub(crate) fn scores(&self, rows: &DMatrix<f64>) -> Vec<f64> {
        let n = rows.nrows();
        let mut scores = vec![0.0; n];
        #[allow(clippy::needless_range_loop)] // `i` runs over several lists at once
        match &self.goal {
            Goal::Improvement(parts) | Goal::Bound(parts, _) => {
                let bound = if let Goal::Bound(_, beta) = self.goal { Some(beta) } else { None };
                for part in parts {
                    let (means, others, variances) = part.posterior.predict_all(rows);
                    for i in 0..n {
                        let sd = variances[i].max(LEAST).sqrt();
                        let value = if others.is_empty() {
                            Goal::value(bound, means[i], sd, part.best[0]).0
                        } else {
                            let each = others.iter().zip(&part.best[1..]);
                            let each = each.map(|(m, b)| Goal::value(bound, m[i], sd, *b).0);
                            log_mean(&each.collect::<Vec<_>>()).0
                        };
                        scores[i] += part.weight * value;
                    }
                }
            }
            Goal::Front { posteriors, front, reference } => {
                let [a, b] = posteriors.each_ref().map(|p| p.predict(rows));
                for i in 0..n {
                    let sd = [a.1[i], b.1[i]].map(|v| v.max(LEAST).sqrt());
                    let mean = [a.0[i], b.0[i]];
                    scores[i] = log_hypervolume_improvement(mean, sd, front, *reference).0;
                }
            }
            Goal::Anything => {}
        }
        for (posterior, limit) in &self.limits {
            let (means, variances) = posterior.predict(rows);
            for i in 0..n {
                let sd = variances[i].max(LEAST).sqrt();
                scores[i] += log_probability_below(means[i], sd, *limit).0;
            }
        }
        if let Some((cost, sd)) = &self.cost {
            scores.iter_mut().zip(cost.means(rows)).for_each(|(s, c)| *s -= sd * c);
        }
        scores
    }

    /// One joint draw at all rows, larger is better: minus the drawn objective where the drawn
    /// limits are kept, elsewhere behind all of those, by the violation. `None` where the
    /// covariance of the rows is not positive definite.
    ///
    /// # Source
    /// Thompson (1933); Eriksson & Poloczek (2021), "Scalable Constrained Bayesian Optimization",
    /// section 3, for limits.
    pub(crate) fn draw(&self, rows: &DMatrix<f64>, rng: &mut dyn Rng) -> Option<Vec<f64>> {
        let n = rows.nrows();
        let mut scores = vec![0.0; n];
        if let Goal::Improvement(parts) | Goal::Bound(parts, _) = &self.goal {
            // A surrogate by its share of the belief, then a function from it.
            let sum: f64 = parts.iter().map(|part| part.weight).sum();
            let mut at = rng.random::<f64>() * sum;
            let chosen = parts.iter().find(|part| {
                at -= part.weight;
                at <= 0.0
            });
            let part = chosen.or(parts.last())?;
            let drawn = part.posterior.draw(rows, &normals(n, 1, rng)).ok()?;
            scores.iter_mut().zip(drawn.iter()).for_each(|(s, d)| *s = -d);
        }
        let mut violations = vec![0.0; n];
        for (posterior, limit) in &self.limits {
            let drawn = posterior.draw(rows, &normals(n, 1, rng)).ok()?;
            violations.iter_mut().zip(drawn.iter()).for_each(|(v, d)| *v += (d - limit).max(0.0));
        }
        for (score, violation) in scores.iter_mut().zip(&violations) {
            if *violation > 0.0 {
                *score = -BEHIND - violation;
            }
        }
        Some(scores)
    }

    /// The criterion at one row; writes its gradient in the features.
    pub(crate) fn slope(&self, row: &[f64], work: &mut Work, gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        let mut total = 0.0;
        let Work { scratch, at, other } = work;
        let mut add = |factor: f64, values: &[f64]| {
            gradient.iter_mut().zip(values).for_each(|(g, v)| *g += factor * v);
        };
        match &self.goal {
            Goal::Improvement(parts) | Goal::Bound(parts, _) => {
                let bound = if let Goal::Bound(_, beta) = self.goal { Some(beta) } else { None };
                for part in parts {
                    part.posterior.predict_one(row, scratch, at);
                    let sd = at.variance.max(LEAST).sqrt();
                    let mut by_sd = 0.0;
                    if at.fantasies.is_empty() {
                        let (value, by_mean, slope) = Goal::value(bound, at.mean, sd, part.best[0]);
                        total += part.weight * value;
                        add(part.weight * by_mean, &at.mean_gradient);
                        by_sd = slope;
                    } else {
                        let each: Vec<Slope> = at
                            .fantasies
                            .iter()
                            .zip(&part.best[1..])
                            .map(|((mean, _), best)| Goal::value(bound, *mean, sd, *best))
                            .collect();
                        let (value, shares) =
                            log_mean(&each.iter().map(|e| e.0).collect::<Vec<_>>());
                        total += part.weight * value;
                        for ((share, each), (_, slope)) in
                            shares.iter().zip(&each).zip(&at.fantasies)
                        {
                            add(part.weight * share * each.1, slope);
                            by_sd += share * each.2;
                        }
                    }
                    add(part.weight * by_sd / (2.0 * sd), &at.variance_gradient);
                }
            }
            Goal::Front { posteriors, front, reference } => {
                posteriors[0].predict_one(row, scratch, at);
                posteriors[1].predict_one(row, scratch, other);
                let sd = [&*at, &*other].map(|p| p.variance.max(LEAST).sqrt());
                let (value, by_mean, by_sd) =
                    log_hypervolume_improvement([at.mean, other.mean], sd, front, *reference);
                total += value;
                for (j, p) in [&*at, &*other].into_iter().enumerate() {
                    add(by_mean[j], &p.mean_gradient);
                    add(by_sd[j] / (2.0 * sd[j]), &p.variance_gradient);
                }
            }
            Goal::Anything => {}
        }
        for (posterior, limit) in &self.limits {
            posterior.predict_one(row, scratch, at);
            let sd = at.variance.max(LEAST).sqrt();
            let (value, by_mean, by_sd) = log_probability_below(at.mean, sd, *limit);
            total += value;
            add(by_mean, &at.mean_gradient);
            add(by_sd / (2.0 * sd), &at.variance_gradient);
        }
        if let Some((cost, sd)) = &self.cost {
            cost.predict_one(row, scratch, at);
            total -= sd * at.mean;
            add(-sd, &at.mean_gradient);
        }
        total
    }
}
