//! Policy gradients (REINFORCE).

mod controller;

use crate::individual::{Individual, TrialFingerprint, is_prefix};
use automl_space::{Config, Space};
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext, Supports};
use automl_study::{ProposeError, Sampler, View};
use controller::Controller;
use rand::Rng;

automl_study::options! {
    /// A controller trained by policy gradients (REINFORCE): any space, one objective.
    ///
    /// | Option | Default | Purpose | Range |
    /// |---|---|---|---|
    /// | `startup` | 10 | quasi-random trials before the controller proposes | `>= 0` |
    /// | `learning-rate` | 0.8 | step size of the policy gradient | `> 0` |
    /// | `baseline-decay` | 0.95 | decay of the moving average of the reward | `[0, 1]` |
    /// | `exploration` | 0.05 | probability of a uniform choice | `[0, 1]` |
    pub struct PolicyGradientConfig = "reinforce" {
        /// Quasi-random trials before the controller proposes, which it learns from as well; at most a
        /// quarter of the planned trials.
        pub startup: usize = 10, in at_least(0.0);
        /// Step size for the logits of choices and, times the variance, for the means of numbers.
        pub learning_rate: f64 = 0.8, in above(0.0);
        /// Decay of the baseline, an exponential moving average of the reward.
        pub baseline_decay: f64 = 0.95, in between(0.0, 1.0);
        /// Probability of a uniform draw of a choice, so that every choice stays possible.
        pub exploration: f64 = 0.05, in between(0.0, 1.0);
    }
}

impl SamplerConfig for PolicyGradientConfig {
    const SUPPORTS: Supports = Supports::ONE_OBJECTIVE;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Self::SUPPORTS.check(Self::NAME, study)?;
        self.check()?;
        Ok(Box::new(PolicyGradientSampler::new(self.clone())))
    }
}

/// A controller of independent distributions, one for each parameter, trained by REINFORCE.
///
/// The distribution of an unordered choice is a softmax over logits `l`, that of a number a normal
/// distribution `N(m, s^2)` in the unit interval, reflected at its ends. Every evaluated trial, in order of
/// the numbers, makes one step along the policy gradient `(r - b) grad ln p(x)`:
///
/// ```text
/// choice c:  l_k += a (r - b) ([k = c] - p_k)
/// number x:  m += a (r - b) s z,   ln s += a (r - b) (z^2 - 1) / 4,   z = (x - m) / s in [-3, 3]
/// ```
///
/// with the learning rate `a`. The reward `r` is the share of the earlier trials that are worse, in
/// `[0, 1]`, so only the order of the losses counts; the baseline `b` is a moving average of it.
/// Inactive parameters do not learn.
///
/// # Errors
/// [`propose`](Sampler::propose) refuses studies with several objectives.
///
/// # Source
/// Williams (1992), "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement
/// Learning", sections 4 and 6 (normal units with rates in proportion to the variance); Zoph & Le (2017),
/// "Neural Architecture Search with Reinforcement Learning", equation 3, for the baseline. The controller
/// is factorized; the recurrent network of the latter needs thousands of trials.
///
/// # Examples
/// ```
/// use automl_evolution::PolicyGradientSampler;
/// use automl_space::Space;
/// use automl_study::Study;
///
/// let mut space = Space::builder();
/// let kind = space.choice("kind", ["a", "b", "c"]).add()?;
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let sampler = PolicyGradientSampler::default();
/// let mut study = Study::builder(space.build()?).sampler(sampler).build()?;
/// study.optimize(200, |config| (config[kind] != 2) as u8 as f64 + (config[x] - 0.3).powi(2))?;
/// assert!(study.best().expect("trials have finished").values[0] < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PolicyGradientSampler {
    config: PolicyGradientConfig,
    cache: Option<Cache>,
}

/// A controller and the trials that trained it.
#[derive(Clone, Debug)]
struct Cache {
    space: Space,
    read: Vec<TrialFingerprint>,
    last: Option<Config>,
    controller: Controller,
}

/// Draws from the controller before a uniform one.
const MAX_DRAWS: usize = 64;

impl PolicyGradientSampler {
    /// A sampler with these options, which are not checked.
    pub fn new(config: PolicyGradientConfig) -> Self {
        Self { config, cache: None }
    }

    /// The controller after these trials.
    fn trained(&mut self, space: &Space, all: &[Individual<'_>]) -> &Controller {
        let is_valid = |cache: &Cache| {
            let last = cache.read.len().checked_sub(1);
            cache.space == *space
                && is_prefix(&cache.read, all)
                && last.is_none_or(|i| cache.last.as_ref() == Some(&all[i].trial.config))
        };
        let cache = match self.cache.take() {
            Some(cache) if is_valid(&cache) => self.cache.insert(cache),
            _ => self.cache.insert(Cache {
                space: space.clone(),
                read: Vec::new(),
                last: None,
                controller: Controller::new(space),
            }),
        };
        let known = cache.read.len();
        for individual in &all[known..] {
            cache.controller.learn(space, individual, &self.config);
            cache.read.push(individual.fingerprint());
            cache.last = Some(individual.trial.config.clone());
        }
        &cache.controller
    }
}

impl Sampler for PolicyGradientSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        if view.history.directions().len() > 1 {
            let what = "several objectives".to_owned();
            return Err(ProposeError::Unsupported { sampler: "policy gradient", what });
        }
        let all = Individual::all(view.history);
        let startup = view.startup_trials(self.config.startup);
        if all.is_empty() || view.number < startup as u64 {
            return Ok(view.startup_proposal(rng));
        }
        let exploration = self.config.exploration;
        let controller = self.trained(view.space, &all);
        let mut last = None;
        for _ in 0..MAX_DRAWS {
            let config = controller.sample(view.space, exploration, rng);
            if view.space.allows(&config) {
                if !view.history.seen(&config) {
                    return Ok(config);
                }
                last = Some(config);
            }
        }
        let config = last.unwrap_or_else(|| view.space.sample(rng));
        Ok(view.deduplicated(config, rng))
    }

    fn prepare(&mut self, view: &View<'_>) {
        if view.history.directions().len() <= 1 {
            self.trained(view.space, &Individual::all(view.history));
        }
    }
}
