//! The Gaussian-process sampler over a space.

mod acquisition_builder;
mod noise;
#[cfg(test)]
mod tests;

use crate::acquisition_optimizer::{Effort, Search};
use crate::features::Features;
use crate::observed_trials::Observed;
use crate::regression::{Family, Kernel, Priors};
use crate::surrogate::Memory;
use crate::trust_region::{Region, RegionOptions};
use automl_numeric::order;
use automl_space::{Config, Space};
use automl_study::{ProposeError, Sampler, View, sobol_point};
use rand::Rng;

/// What a proposal maximises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Acquisition {
    /// Log expected improvement on the smallest posterior mean, or where outputs are known to be
    /// noisy the noisy expected improvement, by draws of the function at what was tried; of two
    /// objectives the log expected hypervolume improvement.
    Improvement,
    /// The lower confidence bound, this many standard deviations below the mean.
    Bound(f64),
    /// The least value of one joint draw of the posterior at the candidates: batches differ by
    /// chance alone. Several objectives become one by Chebyshev weights.
    Thompson,
}

/// Settings of [`GpSampler`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpOptions {
    /// Quasi-random trials before the first model; a quarter of the budget if that is less.
    pub startup: usize,
    /// What is maximised.
    pub acquisition: Acquisition,
    /// Surrogates that are averaged while trials are few.
    pub components: usize,
    /// Candidates that the acquisition is evaluated at before the best are improved.
    pub candidates: usize,
    /// How many candidates are improved.
    pub starts: usize,
    /// Draws of the outcomes of running trials.
    pub fantasies: usize,
    /// Whether improvement counts per expected second (of one objective).
    pub per_second: bool,
    /// Proposals stay in a trust region around the best trial.
    pub region: Option<RegionOptions>,
}

impl Default for GpOptions {
    fn default() -> Self {
        Self {
            startup: 10,
            acquisition: Acquisition::Improvement,
            components: 3,
            candidates: 512,
            starts: 5,
            fantasies: 8,
            per_second: false,
            region: None,
        }
    }
}

/// Bayesian optimisation with Gaussian processes.
///
/// - **Surrogate**: the scale of the outputs (linear, powers, logarithms) and the kernel (Matern
///   5/2 or squared exponential, a length scale for each parameter) with the largest evidence; while
///   trials are few, those with nearly as much are averaged. Conditional parameters lie on arcs,
///   categories have Hamming distances. Length scales have a prior that grows with the square root of
///   the dimension.
/// - **Trials**: reports at lower fidelities count, with the fidelity as an input of the kernel, and
///   are never taken for final values. Running trials count with draws of their outcomes. Failed
///   trials and black-box constraints have processes of their own, whose log probabilities of
///   feasibility are added. Users' priors are added and fade.
/// - **Proposal**: quasi-random candidates and changes of the best trials, improved by gradient ascent
///   on the continuous parameters alternated with a search over the others; no configuration is proposed twice
///   while others are left.
/// - **Several objectives**: two have log expected hypervolume improvement; more become one by
///   augmented Chebyshev weights drawn anew for each trial.
/// - **Cost**: hyperparameters are fitted anew when the trials have grown by a twelfth or less,
///   in between observations are appended in `O(n^2)`. Up to 2,000 observations count exactly; of more, the best,
///   the nearest to the best and a spread of the others.
///
/// # Source
/// Ament et al. (2023), arXiv:2310.20708 (log EI); Hvarfner et al. (2024), arXiv:2402.02229 (priors
/// of length scales); Snoek et al. (2012) for fantasies and improvement per second; Gardner et al. (2014) for
/// constraints; Letham et al. (2019) for noise; Hvarfner et al. (2022), "piBO", for users' priors; Swersky et al. (2013), "Multi-Task Bayesian Optimization",
/// for fidelities; Knowles (2006), "ParEGO".
#[derive(Debug, Default)]
pub struct GpSampler {
    options: GpOptions,
    memory: Memories,
}

/// What is kept between proposals; all of it follows from the trials.
#[derive(Debug, Default)]
struct Memories {
    objectives: [Memory; 2],
    constraints: Vec<Memory>,
    failures: Memory,
    cost: Memory,
}

impl GpSampler {
    /// A sampler with other settings than the default.
    pub fn new(options: GpOptions) -> Self {
        Self { options, memory: Memories::default() }
    }

    /// A sampler for many dimensions and many trials, which stays in a trust region around the
    /// best trial and starts again when that has shrunk away.
    ///
    /// # Source
    /// Eriksson et al. (2019), TuRBO, arXiv:1910.01739.
    pub fn trust_region() -> Self {
        Self::new(GpOptions { region: Some(RegionOptions::default()), ..GpOptions::default() })
    }

    /// A quasi-random configuration, or one from the users' priors.
    fn without_model(view: &View<'_>, rng: &mut dyn Rng) -> Config {
        let space = view.space;
        let config = if space.params().iter().any(|p| p.prior().is_some()) {
            space.sample_prior(rng)
        } else {
            space.decode(&sobol_point(view.number, space.len(), view.seed))
        };
        let config = if space.allows(&config) { config } else { space.sample(rng) };
        view.deduplicated(config, rng)
    }

    /// How much is searched: less where each evaluation costs more.
    fn effort(&self, rows: usize) -> Effort {
        let share = (200.0 / rows.max(1) as f64).clamp(0.25, 1.0);
        Effort {
            candidates: ((self.options.candidates as f64 * share) as usize).max(16),
            starts: ((self.options.starts as f64 * share).ceil() as usize).max(1),
            evaluations: 40,
        }
    }
}

/// The centre of a trust region as unit positions, and its box.
fn bounds(region: &Region, space: &Space, centre: &Config, lengths: &[f64]) -> Vec<(f64, f64)> {
    let unit = space.encode(centre).unit;
    let mut bounds = region.bounds(&unit, &lengths[..unit.len()]);
    for (bound, param) in bounds.iter_mut().zip(space.params()) {
        if !param.domain().is_ordered() {
            *bound = (0.0, 1.0);
        }
    }
    bounds
}

impl Sampler for GpSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let space = view.space;
        let observed = Observed::new(view);
        let startup = view.planned_trials.map_or(usize::MAX, |b| (b / 4).max(2) as usize);
        let startup = self.options.startup.min(startup);
        if observed.trials + observed.failed.len() < startup || observed.trials == 0 {
            return Ok(Self::without_model(view, rng));
        }
        let features = Features::new(space, observed.differ_in_fidelity());
        let kernel = Kernel::new(Family::Matern52, features.columns());
        let priors = Priors::scaled(kernel.scales()).shifted(&features.reach(space));
        let task = acquisition_builder::Task {
            view,
            observed: &observed,
            features: &features,
            kernel: &kernel,
            priors: &priors,
        };
        let Some(made) = task.criterion(&mut self.memory, &self.options, rng) else {
            return Ok(view.deduplicated(space.sample(rng), rng));
        };
        let mut order: Vec<usize> = (0..observed.rows.len()).collect();
        order.sort_by(|&a, &b| order::compare(made.believed[a], made.believed[b]));
        let mut region = None;
        if let Some(options) = self.options.region {
            let place = Region::replay(&made.standing, space.len(), startup, options);
            if observed.rows.len() < place.since + startup {
                return Ok(Self::without_model(view, rng));
            }
            let centre = observed.rows[place.centre].config;
            order.retain(|i| *i >= place.since);
            region = Some(bounds(&place, space, centre, &made.lengths));
        }
        let mut parents: Vec<&Config> = Vec::new();
        for config in order.iter().map(|i| observed.rows[*i].config) {
            if parents.len() < 5 && !parents.contains(&config) {
                parents.push(config);
            }
        }
        let has_prior = space.params().iter().any(|p| p.prior().is_some());
        let search = Search {
            space,
            features: &features,
            history: view.history,
            criterion: &made.criterion,
            belief: if has_prior { 10.0 / observed.trials as f64 } else { 0.0 },
            region: region.as_deref(),
            effort: self.effort(observed.rows.len()),
        };
        let best = match self.options.acquisition {
            Acquisition::Thompson => search.best_of_draw(&parents, rng),
            Acquisition::Improvement | Acquisition::Bound(_) => search.best(&parents, rng),
        };
        let config = best.unwrap_or_else(|| space.sample(rng));
        Ok(view.deduplicated(config, rng))
    }
}
