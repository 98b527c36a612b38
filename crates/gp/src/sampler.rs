//! The Gaussian-process sampler over a space.

use crate::acquisition::log_expected_improvement;
use crate::features::Features;
use crate::lbfgs::{self, Stop};
use crate::model::{
    Family, Fit, Hyper, Kernel, Observations, Posterior, Prediction, Priors, Scratch, fit,
};
use automl_space::{Config, Space};
use automl_study::{ProposeError, Sampler, State, View, pareto, sobol_point};
use nalgebra::DMatrix;
use rand::{Rng, RngExt};

/// Settings of [`GpSampler`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpOptions {
    /// Quasi-random trials before the first model.
    pub startup: usize,
    /// The most observations that a model is conditioned on: the best third, and of the others
    /// the newest.
    pub rows_most: usize,
    /// Candidates that the acquisition is evaluated at before the best are improved.
    pub candidates: usize,
    /// How many candidates are improved.
    pub starts: usize,
}

impl Default for GpOptions {
    fn default() -> Self {
        Self { startup: 10, rows_most: 300, candidates: 512, starts: 6 }
    }
}

/// Bayesian optimisation with a Gaussian process and log expected improvement.
///
/// Losses become standardised outputs on a logarithmic or a linear scale, with the Matern 5/2 or
/// the squared exponential kernel, whichever has the larger evidence. Running trials count with the
/// posterior mean (kriging believer), failed and infeasible ones as bad as the worst. Several
/// objectives become one by augmented Chebyshev weights drawn anew for each trial. Continuous
/// parameters are improved by their gradients, discrete ones by trying other values.
///
/// # Source
/// Ament et al. (2023), arXiv:2310.20708; Ginsbourger et al. (2010) for believers; Knowles (2006),
/// "ParEGO", for several objectives.
#[derive(Clone, Debug, Default)]
pub struct GpSampler {
    options: GpOptions,
}

impl GpSampler {
    /// A sampler with other settings than the default.
    pub fn new(options: GpOptions) -> Self {
        Self { options }
    }
}

/// One loss for each trial that has values, in order of numbers; bad trials get the worst.
fn observed(view: &View<'_>, rng: &mut dyn Rng) -> Vec<(Config, f64)> {
    let history = view.history;
    let objectives = history.directions().len();
    let mut rows: Vec<(Config, Option<Vec<f64>>)> = Vec::new();
    for trial in history.trials() {
        let values = trial.last_values().map(|values| history.losses(values));
        let usable = values.filter(|v| trial.is_feasible() && v.iter().all(|x| !x.is_nan()));
        if usable.is_some() || trial.state.is_finished() {
            rows.push((trial.config.clone(), usable));
        }
    }
    let mut weights: Vec<f64> =
        (0..objectives).map(|_| -rng.random::<f64>().max(1e-300).ln()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|w| *w /= sum);
    let mut scaled: Vec<Option<f64>> = if objectives == 1 {
        rows.iter().map(|(_, v)| v.as_ref().map(|v| v[0].clamp(-1e300, 1e300))).collect()
    } else {
        let ranges: Vec<(f64, f64)> = (0..objectives)
            .map(|m| {
                let all = rows.iter().filter_map(|(_, v)| v.as_ref().map(|v| v[m]));
                let finite = all.filter(|x| x.is_finite());
                finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
            })
            .collect();
        let chebyshev = |v: &Vec<f64>| {
            let parts = v.iter().zip(&ranges).zip(&weights).map(|((x, (low, high)), w)| {
                w * ((x.clamp(-1e150, 1e150) - low) / (high - low).max(1e-300)).clamp(-10.0, 10.0)
            });
            let parts: Vec<f64> = parts.collect();
            parts.iter().copied().fold(f64::MIN, f64::max) + 0.05 * parts.iter().sum::<f64>()
        };
        rows.iter().map(|(_, v)| v.as_ref().map(chebyshev)).collect()
    };
    let worst = scaled.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    for loss in &mut scaled {
        *loss = Some(loss.unwrap_or(if worst.is_finite() { worst } else { 0.0 }));
    }
    rows.into_iter().zip(scaled).map(|((c, _), y)| (c, y.unwrap_or(0.0))).collect()
}

/// Losses on a linear (`offset` absent) or logarithmic scale, standardised, and the log Jacobian.
/// Losses far above the median are pulled in first, so outliers cannot flatten the rest.
fn warp(y: &[f64], offset: Option<f64>) -> (Vec<f64>, f64) {
    let mut sorted = y.to_vec();
    sorted.sort_by(|a, b| pareto::compare(*a, *b));
    let (low, median) = (sorted[0], sorted[sorted.len() / 2]);
    let above = sorted.iter().map(|v| v - low).find(|d| *d > 0.0).unwrap_or(1.0);
    let unit = if median > low { median - low } else { above };
    let clipped = y.iter().map(|v| ((v - low) / unit).min(1e3));
    let mut jacobian = 0.0;
    let mut warped: Vec<f64> = match offset {
        None => clipped.collect(),
        Some(c) => clipped
            .map(|v| {
                jacobian -= (v + c).ln();
                (v + c).ln()
            })
            .collect(),
    };
    let n = warped.len() as f64;
    let mean = warped.iter().sum::<f64>() / n;
    let sd = (warped.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
    let sd = if sd > 1e-12 { sd } else { 1.0 };
    warped.iter_mut().for_each(|v| *v = (*v - mean) / sd);
    (warped, jacobian - n * sd.ln())
}

fn matrix(rows: &[Vec<f64>]) -> DMatrix<f64> {
    DMatrix::from_fn(rows.len(), rows.first().map_or(0, Vec::len), |i, j| rows[i][j])
}

struct Model {
    kernel: Kernel,
    fit: Fit,
    y: Vec<f64>,
    evidence: f64,
}

/// The kernel and the scale of outputs with the largest evidence.
fn choose(kernel: &Kernel, x: &DMatrix<f64>, y: &[f64], priors: &Priors) -> Option<Model> {
    let width = (kernel.scales() as f64).sqrt();
    let start = Hyper { lengths: vec![0.4 * width; kernel.scales()], signal: 1.0, noise: 1e-3 };
    let mut best: Option<Model> = None;
    let consider = |family, offset, start: &Hyper, best: &mut Option<Model>| {
        let kernel = kernel.with_family(family);
        let (y, jacobian) = warp(y, offset);
        let data = Observations { x, y: &y, noise: &[] };
        if let Some(fit) = fit(&kernel, data, priors, std::slice::from_ref(start), 25) {
            let evidence = fit.log_posterior + jacobian;
            if best.as_ref().is_none_or(|b| evidence > b.evidence) {
                *best = Some(Model { kernel, fit, y, evidence });
            }
        }
    };
    let mut offset = None;
    for other in [None, Some(1.0), Some(0.1)] {
        let before = best.as_ref().map(|b| b.evidence);
        let from = best.as_ref().map_or_else(|| start.clone(), |b| b.fit.hyper.clone());
        consider(Family::Matern52, other, &from, &mut best);
        if best.as_ref().map(|b| b.evidence) != before {
            offset = other;
        }
    }
    let from = best.as_ref()?.fit.hyper.clone();
    consider(Family::Rbf, offset, &from, &mut best);
    best
}

/// What the acquisition is maximised with.
struct Search<'a> {
    space: &'a Space,
    features: &'a Features,
    posterior: &'a Posterior,
    best: f64,
}

impl Search<'_> {
    fn scores(&self, configs: &[Config]) -> Vec<f64> {
        let rows: Vec<_> = configs.iter().map(|c| self.features.row(self.space, c)).collect();
        let (means, variances) = self.posterior.predict(&matrix(&rows));
        let score = |(m, v): (&f64, &f64)| log_expected_improvement(*m, v.sqrt(), self.best).0;
        means.iter().zip(&variances).map(score).collect()
    }

    /// Gradient ascent on the continuous parameters.
    fn climb(&self, config: &Config) -> (Config, f64) {
        let free = self.features.free(config);
        let mut row = self.features.row(self.space, config);
        let mut unit = self.space.encode(config).unit;
        let mut u: Vec<f64> = free.iter().map(|&i| unit[i]).collect();
        let (mut scratch, mut at) = (Scratch::default(), Prediction::default());
        let objective = |u: &[f64], gradient: &mut [f64]| {
            for (&i, u) in free.iter().zip(u) {
                self.features.set(&mut row, i, *u);
            }
            self.posterior.predict_one(&row, &mut scratch, &mut at);
            let sd = at.variance.max(1e-20).sqrt();
            let (value, by_mean, by_sd) = log_expected_improvement(at.mean, sd, self.best);
            for ((&i, u), g) in free.iter().zip(u).zip(gradient) {
                let mean = self.features.pull(&at.mean_gradient, i, *u);
                let variance = self.features.pull(&at.variance_gradient, i, *u);
                *g = -(by_mean * mean + by_sd * variance / (2.0 * sd));
            }
            -value
        };
        let stop = Stop { evaluations: 60, gradient: 1e-6, decrease: 1e-9 };
        let value = lbfgs::minimize(objective, &mut u, &vec![(0.0, 1.0); free.len()], stop);
        for (&i, u) in free.iter().zip(&u) {
            unit[i] = *u;
        }
        let moved = self.space.build_config(|i, param| match config.value(i) {
            Some(_) if free.contains(&i) => param.domain().from_unit(unit[i]),
            Some(value) => value,
            None => param.default_value(),
        });
        (moved, -value)
    }

    /// The same configuration with one discrete parameter changed, in several ways.
    fn neighbours(&self, config: &Config, rng: &mut dyn Rng) -> Vec<Config> {
        let free = self.features.free(config);
        let mut all = Vec::new();
        for i in (0..self.space.len()).filter(|i| config.value(*i).is_some() && !free.contains(i)) {
            for _ in 0..8 {
                let other = self.space.build_config(|j, param| match config.value(j) {
                    Some(value) if j != i => value,
                    _ => param.domain().sample(rng),
                });
                if other != *config {
                    all.push(other);
                }
            }
        }
        all
    }
}

impl Sampler for GpSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let space = view.space;
        let mut data = observed(view, rng);
        if data.len() < self.options.startup {
            let config = if space.params().iter().any(|p| p.prior().is_some()) {
                space.sample_prior(rng)
            } else {
                space.decode(&sobol_point(view.number, space.len(), view.seed))
            };
            let config = if space.allows(&config) { config } else { space.sample(rng) };
            return Ok(view.fresh(config, rng));
        }
        if data.len() > self.options.rows_most {
            let third = self.options.rows_most / 3;
            let mut order: Vec<usize> = (0..data.len()).collect();
            order.sort_by(|&a, &b| pareto::compare(data[a].1, data[b].1));
            let mut rest = order.split_off(third);
            rest.sort_unstable();
            order.extend(rest.iter().rev().take(self.options.rows_most - third));
            order.sort_unstable();
            data = order.into_iter().map(|i| data[i].clone()).collect();
        }
        let features = Features::new(space);
        let kernel = Kernel::new(Family::Matern52, features.columns());
        let priors = Priors::scaled(kernel.scales());
        let mut rows: Vec<_> = data.iter().map(|(c, _)| features.row(space, c)).collect();
        let losses: Vec<f64> = data.iter().map(|(_, y)| *y).collect();
        let x = matrix(&rows);
        let Some(model) = choose(&kernel, &x, &losses, &priors) else {
            return Ok(view.fresh(space.sample(rng), rng));
        };
        let condition = |x: &DMatrix<f64>, y: &[f64]| {
            let data = Observations { x, y, noise: &[] };
            Posterior::new(&model.kernel, &model.fit.hyper, data, priors.mean).ok()
        };
        let Some(mut posterior) = condition(&x, &model.y) else {
            return Ok(view.fresh(space.sample(rng), rng));
        };
        let best = posterior.means(&x).into_iter().fold(f64::INFINITY, f64::min);
        let pending: Vec<_> = view
            .history
            .trials()
            .iter()
            .filter(|t| {
                matches!(t.state, State::Running | State::Waiting) && t.last_values().is_none()
            })
            .map(|t| features.row(space, &t.config))
            .collect();
        if !pending.is_empty() {
            let mut y = model.y.clone();
            y.extend(posterior.means(&matrix(&pending)));
            rows.extend(pending);
            posterior = condition(&matrix(&rows), &y).unwrap_or(posterior);
        }

        let search = Search { space, features: &features, posterior: &posterior, best };
        let scramble = rng.random::<u64>();
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.sort_by(|&a, &b| pareto::compare(losses[a], losses[b]));
        let mut candidates: Vec<Config> = (0..self.options.candidates as u64)
            .map(|i| space.decode(&sobol_point(i, space.len(), scramble)))
            .collect();
        for k in 0..self.options.candidates / 4 {
            let parent = &data[order[k % order.len().min(5)]].0;
            let spread = 10.0_f64.powf(-3.0 * rng.random::<f64>());
            let unit = space.encode(parent).unit;
            let share = (3.0 / space.len() as f64).max(0.3);
            candidates.push(space.build_config(|i, param| match parent.value(i) {
                Some(value) if rng.random::<f64>() >= share => value,
                Some(_) if param.domain().is_ordered() => {
                    let step = spread * (2.0 * rng.random::<f64>() - 1.0);
                    param.domain().from_unit((unit[i] + step).clamp(0.0, 1.0))
                }
                _ => param.domain().sample(rng),
            }));
        }
        candidates.retain(|c| space.allows(c) && !view.history.seen(c));
        if candidates.is_empty() {
            return Ok(view.fresh(space.sample(rng), rng));
        }
        let scores = search.scores(&candidates);
        let mut ranked: Vec<usize> = (0..candidates.len()).collect();
        ranked.sort_by(|&a, &b| pareto::compare(-scores[a], -scores[b]));
        let mut winner = (candidates[ranked[0]].clone(), scores[ranked[0]]);
        for &start in ranked.iter().take(self.options.starts) {
            let mut here = (candidates[start].clone(), scores[start]);
            for _ in 0..4 {
                let before = here.1;
                let climbed = search.climb(&here.0);
                if climbed.1 > here.1 {
                    here = climbed;
                }
                let near = search.neighbours(&here.0, rng);
                if near.is_empty() {
                    break;
                }
                for (config, score) in near.iter().zip(search.scores(&near)) {
                    if score > here.1 {
                        here = (config.clone(), score);
                    }
                }
                if here.1 <= before + 1e-6 {
                    break;
                }
            }
            if here.1 > winner.1 && space.allows(&here.0) && !view.history.seen(&here.0) {
                winner = here;
            }
        }
        Ok(view.fresh(winner.0, rng))
    }
}

#[cfg(test)]
mod tests {
    use super::GpSampler;
    use automl_space::{Space, stream};
    use automl_study::{Sampler, Study, View};

    fn branin(x: f64, y: f64) -> f64 {
        use std::f64::consts::PI;
        let a = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
        a * a + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
    }

    #[test]
    fn branin_is_solved_and_a_fresh_sampler_agrees() {
        let mut builder = Space::builder();
        let x = builder.float("x", -5.0..=10.0).add().unwrap();
        let y = builder.float("y", 0.0..=15.0).add().unwrap();
        let space = builder.build().unwrap();
        let mut study =
            Study::builder(space.clone()).sampler(GpSampler::default()).build().unwrap();
        study.optimize(40, |c| branin(c[x], c[y])).unwrap();
        let regret = study.best().unwrap().values[0] - 0.397_887_357_7;
        assert!(regret < 0.05, "{regret}");
        let asked = study.ask().unwrap();
        let mut history = automl_study::History::new(study.history().directions().to_vec());
        for trial in &study.history().trials()[..40] {
            history.push(trial.clone()).unwrap();
        }
        let propose = |sampler: &mut GpSampler| {
            let view = View {
                space: &space,
                history: &history,
                number: 40,
                seed: 0,
                budget: None,
                ladder: None,
                target: None,
            };
            sampler.propose(&view, &mut stream(0, 40, "propose")).unwrap()
        };
        let mut used = GpSampler::default();
        assert_eq!(propose(&mut used), propose(&mut used));
        assert_eq!(propose(&mut used), propose(&mut GpSampler::default()));
        assert!(space.check(&asked.config).is_ok());
    }

    #[test]
    fn mixed_spaces_with_outliers_failures_and_constants() {
        let mut builder = Space::builder();
        let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
        let x = builder.float("x", 0.0..=1.0).when(kind, "a").add().unwrap();
        builder.int("k", 1..=9).add().unwrap();
        let space = builder.build().unwrap();
        for mode in 0..3 {
            let mut study =
                Study::builder(space.clone()).sampler(GpSampler::default()).build().unwrap();
            let mut count = 0;
            study
                .optimize(25, |c| {
                    count += 1;
                    match (mode, count % 5) {
                        (0, 0) => f64::NAN,
                        (0, 1) => 1e30,
                        (1, _) => 3.0,
                        (2, 0) => f64::INFINITY,
                        _ => c.get(x).unwrap_or(2.0),
                    }
                })
                .unwrap();
            assert_eq!(study.history().distinct(), 25);
        }
    }
}
