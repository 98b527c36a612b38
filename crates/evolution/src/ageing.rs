//! Regularised evolution.

use crate::standing::{Standing, judged, startup};
use crate::vary::mutate;
use automl_numeric::pareto;
use automl_space::Config;
use automl_study::{ProposeError, Sampler, View};
use rand::{Rng, RngExt};
use std::cmp::Ordering;

/// Settings of [`RegularizedEvolutionSampler`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegularizedEvolutionOptions {
    /// How many trials live at a time: the most recent ones.
    pub population: usize,
    /// How many of them, drawn with replacement, compete to be the parent.
    pub tournament: usize,
    /// The largest standard deviation of a numeric mutation, in units of the parameter's range;
    /// each mutation draws its own, log-uniform down to a thirtieth of it.
    pub step: f64,
}

impl Default for RegularizedEvolutionOptions {
    fn default() -> Self {
        Self { population: 20, tournament: 20, step: 0.6 }
    }
}

/// Regularised (ageing) evolution: the best of a random sample of the most recent trials gets a
/// child that differs in one parameter; the oldest trial dies, however good it is.
///
/// With several objectives the first front of the sample supplies the parent. Feasible trials win
/// over infeasible ones, failed ones lose against every other.
///
/// # Source
/// Real et al. (2019), "Regularized Evolution for Image Classifier Architecture Search",
/// algorithm 1. The population is smaller than its 100, which was meant for 20,000 trials, and
/// the tournament larger.
#[derive(Clone, Copy, Debug, Default)]
pub struct RegularizedEvolutionSampler {
    options: RegularizedEvolutionOptions,
}

impl RegularizedEvolutionSampler {
    /// A sampler with other settings than the default.
    pub fn new(options: RegularizedEvolutionOptions) -> Self {
        Self { options }
    }
}

impl Sampler for RegularizedEvolutionSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let options = self.options;
        let most = view.planned_trials.map_or(usize::MAX, |budget| (budget / 4).max(2) as usize);
        let population = options.population.max(2).min(most);
        let all = judged(view.history);
        if all.is_empty() || view.number < population as u64 {
            return Ok(startup(view, rng));
        }
        let alive = &all[all.len().saturating_sub(population)..];
        let drawn: Vec<&Standing<'_>> = (0..options.tournament.max(1))
            .map(|_| &alive[rng.random_range(0..alive.len())])
            .collect();
        let parent = winner(&drawn);
        // Steps of all sizes: wide ones find basins, narrow ones go to their ground.
        let step = options.step * 10_f64.powf(-1.5 * rng.random::<f64>());
        let mut child = mutate(view.space, &parent.trial.config, step, rng);
        // A child that is known or not allowed mutates once more, so that it stays a relative.
        for _ in 0..16 {
            if view.space.allows(&child) && !view.history.seen(&child) {
                break;
            }
            let from = if view.space.allows(&child) { &child } else { &parent.trial.config };
            child = mutate(view.space, from, step, rng);
        }
        if !view.space.allows(&child) {
            child = view.space.sample(rng);
        }
        Ok(view.deduplicated(child, rng))
    }
}

/// The best of a sample; ties, and equals among several objectives, go to the first drawn.
fn winner<'a, 'b>(drawn: &[&'b Standing<'a>]) -> &'b Standing<'a> {
    let mut best = drawn[0];
    for other in &drawn[1..] {
        let fidelity = best.step.cmp(&other.step);
        let better = match other.violation.total_cmp(&best.violation).then(fidelity) {
            Ordering::Equal => pareto::dominates(other.losses(), best.losses()),
            order => order.is_lt(),
        };
        if better {
            best = other;
        }
    }
    best
}
