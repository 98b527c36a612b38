//! Local improvement of one candidate: gradient ascent alternated with a discrete search.

use super::AcquisitionOptimizer;
use crate::acquisition_function::GradientWorkspace;
use crate::lbfgs::{self, Stop};
use automl_space::Config;
use rand::Rng;

/// Rounds of alternation between continuous and discrete parameters.
const ROUNDS: usize = 3;

impl AcquisitionOptimizer<'_> {
    /// Alternates gradient ascent on the continuous parameters with a search over the discrete ones.
    /// The path may pass configurations that were tried; the best untried one on it is returned.
    pub(super) fn improved(
        &self,
        start: (Config, f64),
        rng: &mut dyn Rng,
    ) -> Option<(Config, f64)> {
        let mut here = start;
        let mut open: Option<(Config, f64)> = None;
        let mut keep = |config: &Config, score: f64| {
            if open.as_ref().is_none_or(|best| score > best.1) && self.is_open(config) {
                open = Some((config.clone(), score));
            }
        };
        for _ in 0..ROUNDS {
            let before = here.1;
            let climbed = self.climb(&here.0);
            if climbed.1 > here.1 && self.space.allows(&climbed.0) {
                here = climbed;
                keep(&here.0, here.1);
            }
            let near = self.discrete_neighbors(&here.0, rng);
            if near.is_empty() {
                break;
            }
            for (config, score) in near.iter().zip(self.scores(&near)) {
                keep(config, score);
                if score > here.1 {
                    here = (config.clone(), score);
                }
            }
            if here.1 <= before + 1e-6 {
                break;
            }
        }
        open
    }

    /// Gradient ascent (L-BFGS) on the active continuous parameters; `-inf` where there are none.
    fn climb(&self, config: &Config) -> (Config, f64) {
        let free = self.features.free(config);
        if free.is_empty() {
            return (config.clone(), f64::NEG_INFINITY);
        }
        let params = self.space.params();
        let mut row = self.features.row(self.space, config, 1.0);
        let unit = |i: usize| config.value(i).map_or(0.5, |v| params[i].domain().to_unit(v));
        let mut u: Vec<f64> = free.iter().map(|&i| unit(i)).collect();
        let bounds = |&i: &usize| self.bounds.map_or((0.0, 1.0), |bounds| bounds[i]);
        let bounds: Vec<(f64, f64)> = free.iter().map(bounds).collect();
        let mut workspace = GradientWorkspace::default();
        let mut slope = vec![0.0; row.len()];
        let prior = |i: usize| params[i].prior().and_then(|p| p.unit_normal(params[i].domain()));
        let moved = |u: &[f64]| {
            self.space.build_config(|i, param| {
                match (config.value(i), free.iter().position(|&f| f == i)) {
                    (Some(_), Some(at)) => param.domain().from_unit(u[at]),
                    (Some(value), None) => value,
                    (None, _) => param.default_value(),
                }
            })
        };
        let constrained = !self.space.constraints().is_empty();
        let objective = |u: &[f64], gradient: &mut [f64]| {
            // The ascent turns back where the constraints of the space are violated.
            if constrained && !self.space.allows(&moved(u)) {
                return f64::INFINITY;
            }
            for (&i, u) in free.iter().zip(u) {
                self.features.set(&mut row, i, *u);
            }
            let mut value = self.acquisition.value_and_gradient(&row, &mut workspace, &mut slope);
            for ((&i, u), g) in free.iter().zip(u).zip(gradient) {
                *g = -self.features.backpropagate(&slope, i, *u);
                if self.prior_weight != 0.0
                    && let Some((mean, sd)) = prior(i)
                {
                    let z = (u - mean) / sd;
                    value -= self.prior_weight * 0.5 * z * z;
                    *g += self.prior_weight * z / sd;
                }
            }
            -value
        };
        let stop = Stop { evaluations: self.budget.evaluations, gradient: 1e-6, decrease: 1e-9 };
        lbfgs::minimize(objective, &mut u, &bounds, stop);
        let moved = moved(&u);
        let score = self.scores(std::slice::from_ref(&moved))[0];
        (moved, score)
    }
}
