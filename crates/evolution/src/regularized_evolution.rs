//! Regularized evolution.

use crate::individual::Individual;
use crate::mutation::mutate_one;
use automl_numeric::pareto;
use automl_space::Config;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};
use automl_study::{ProposeError, Sampler, View};
use rand::{Rng, RngExt};
use std::cmp::Ordering;

automl_study::options! {
    /// Regularized (aging) evolution: discrete and conditional spaces, any number of objectives.
    ///
    /// | Option | Default | Purpose | Range |
    /// |---|---|---|---|
    /// | `population` | 20 | number of living trials, the most recent ones | `>= 2` |
    /// | `tournament` | 20 | draws from the population that compete to be the parent | `[1, 10000]` |
    /// | `mutation-step` | 0.6 | largest standard deviation of a numeric mutation | `> 0` |
    pub struct RegularizedEvolutionConfig = "evolution" {
        /// Number of living trials, the most recent ones, and of quasi-random trials at the start; at
        /// most a quarter of the planned trials.
        pub population: usize = 20, in at_least(2.0);
        /// Draws from the population, with replacement, that compete to be the parent.
        pub tournament: usize = 20, in between(1.0, 10_000.0);
        /// Largest standard deviation of a numeric mutation, in units of the parameter's range.
        pub mutation_step: f64 = 0.6, in above(0.0);
    }
}

impl SamplerConfig for RegularizedEvolutionConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        Ok(Box::new(RegularizedEvolutionSampler::new(self.clone())))
    }
}

/// Regularized (aging) evolution: a mutation of the best of a random sample of the most recent trials.
///
/// Per proposal:
/// 1. The population is the last [`population`](RegularizedEvolutionConfig::population) evaluated
///    trials: the oldest one dies, however good it is.
/// 2. [`tournament`](RegularizedEvolutionConfig::tournament) members are drawn with replacement, and the
///    best is the parent: smallest constraint violation, then highest fidelity, then smallest loss. With
///    several objectives the parent is one that no other drawn member dominates. Failed trials lose
///    against all others.
/// 3. The child differs from the parent in one active parameter. A choice changes to another one
///    uniformly; a number takes a normal step with standard deviation `step 10^(-1.5 u)`, `u` uniform in
///    `[0, 1)` and `step` the option [`mutation_step`](RegularizedEvolutionConfig::mutation_step).
///    A child that was tried before, or that a constraint forbids, is mutated again.
///
/// # Source
/// Real et al. (2019), "Regularized Evolution for Image Classifier Architecture Search", AAAI,
/// algorithm 1. The population is smaller than the paper's 100, which was chosen for 20,000 trials, and
/// the tournament larger.
///
/// # Examples
/// ```
/// use automl_evolution::RegularizedEvolutionSampler;
/// use automl_space::Space;
/// use automl_study::Study;
///
/// let mut space = Space::builder();
/// let operations = (0..6)
///     .map(|layer| space.choice(&format!("layer{layer}"), ["conv", "pool", "skip"]).add())
///     .collect::<Result<Vec<_>, _>>()?;
/// let sampler = RegularizedEvolutionSampler::default();
/// let mut study = Study::builder(space.build()?).sampler(sampler).build()?;
/// study.optimize(150, |config| operations.iter().filter(|key| config[**key] != 1).count() as f64)?;
/// assert!(study.best().expect("trials have finished").values[0] <= 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RegularizedEvolutionSampler {
    config: RegularizedEvolutionConfig,
}

/// Further mutations of a child that is forbidden or was tried before.
const MAX_MUTATIONS: usize = 16;

impl RegularizedEvolutionSampler {
    /// A sampler with these options, which are not checked; counts of 0 act as their least values.
    pub fn new(config: RegularizedEvolutionConfig) -> Self {
        Self { config }
    }
}

impl Sampler for RegularizedEvolutionSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let population = view.startup_trials(self.config.population.max(2));
        let all = Individual::all(view.history);
        if all.is_empty() || view.number < population as u64 {
            return Ok(view.startup_proposal(rng));
        }
        let alive = &all[all.len().saturating_sub(population)..];
        let drawn: Vec<&Individual<'_>> = (0..self.config.tournament.max(1))
            .map(|_| &alive[rng.random_range(0..alive.len())])
            .collect();
        let parent = &best_of(&drawn).trial.config;
        // Steps of all sizes: wide ones leave a basin, narrow ones descend in it.
        let step = self.config.mutation_step * 10_f64.powf(-1.5 * rng.random::<f64>());
        let mut child = mutate_one(view.space, parent, step, rng);
        for _ in 0..MAX_MUTATIONS {
            let is_allowed = view.space.allows(&child);
            if is_allowed && !view.history.seen(&child) {
                break;
            }
            child = mutate_one(view.space, if is_allowed { &child } else { parent }, step, rng);
        }
        if !view.space.allows(&child) {
            child = view.space.sample(rng);
        }
        Ok(view.deduplicated(child, rng))
    }
}

/// The best of a sample; the first drawn of equal or incomparable ones.
fn best_of<'a, 'b>(drawn: &[&'b Individual<'a>]) -> &'b Individual<'a> {
    let mut best = drawn[0];
    for other in &drawn[1..] {
        let is_better = match other.key.compare_before_loss(&best.key) {
            Ordering::Equal => pareto::dominates(other.losses(), best.losses()),
            order => order.is_lt(),
        };
        if is_better {
            best = other;
        }
    }
    best
}
