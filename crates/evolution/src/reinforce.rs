//! Policy gradients: a controller over the conditional space.

mod controller;
mod features;
mod reward;
mod training;

use crate::individual::Individual;
use automl_space::Config;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};
use automl_study::{ProposeError, Sampler, Sources, View};
use rand::{Rng, RngExt};
use reward::weightings;
use training::Training;

automl_study::options! {
    /// An autoregressive controller trained by policy gradients (PPO): any space, any number of
    /// objectives, pre-trained on earlier studies where there are some.
    ///
    /// Zoph & Le (2017), "Neural Architecture Search with Reinforcement Learning"; Schulman et al. (2017),
    /// "Proximal Policy Optimization Algorithms"; Tan et al. (2019), "MnasNet", for cost in the reward.
    ///
    /// | Option | Default | Purpose | Range |
    /// |---|---|---|---|
    /// | `startup` | 10 | quasi-random trials before the controller proposes | `>= 0` |
    /// | `batch` | 5 | trials between two updates | `>= 1` |
    /// | `window` | 100 | latest trials of one update | `>= 2` |
    /// | `epochs` | 5 | passes over them | `[1, 1000]` |
    /// | `learning-rate` | 1 | step size of the policy gradient | `> 0` |
    /// | `clip` | 0.2 | change of a probability ratio in one update | `(0, 1)` |
    /// | `entropy` | 0.02 | weight of the entropy of the choices | `>= 0` |
    /// | `exploration` | 0.05 | probability of a uniform decision | `[0, 1]` |
    pub struct PolicyGradientConfig = "reinforce" {
        /// Quasi-random trials before the controller proposes, which it learns from as well; at most a
        /// quarter of the planned trials, and none after pre-training.
        pub startup: usize = 10, in at_least(0.0);
        /// Trials between two updates of the controller.
        pub batch: usize = 5, in at_least(1.0);
        /// Latest trials that an update learns from; the mean of their rewards is the baseline.
        pub window: usize = 100, in at_least(2.0);
        /// Passes over these trials in one update.
        pub epochs: usize = 5, in between(1.0, 1000.0);
        /// Step size for the logits of choices and, times the variance, for the means of numbers.
        pub learning_rate: f64 = 1.0, in above(0.0);
        /// Change of the ratio of a decision's probabilities beyond which an update goes no further.
        pub clip: f64 = 0.2, in inside(0.0, 1.0);
        /// Weight of the entropy of the choices in the objective.
        pub entropy: f64 = 0.02, in at_least(0.0);
        /// Probability of a uniform decision, so that every choice stays possible.
        pub exploration: f64 = 0.05, in between(0.0, 1.0);
    }
}

impl SamplerConfig for PolicyGradientConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        Ok(Box::new(PolicyGradientSampler::new(self.clone())))
    }
}

/// An autoregressive controller over a conditional space, trained by proximal policy optimization.
///
/// Parameters are decided in the order of the space, each by a distribution that depends on the earlier
/// decisions: `pi(x) = prod_j pi(x_j | x_1, ..., x_{j-1})`. That of a choice is a softmax over linear
/// functions of the earlier decisions, that of a number a normal distribution in the unit interval,
/// reflected at its ends, around such a function. (The recurrent network of the paper has the same
/// form, and needs thousands of trials.)
///
/// - **Updates**: after each batch of trial numbers, some passes of PPO over the latest trials. A result
///   that comes late, as from parallel workers, repeats the updates from its batch on and no others.
/// - **Reward**: a function of the rank among these trials, so only the order of the losses counts, less
///   its mean as a moving baseline; infeasible trials and lower fidelities rank behind.
/// - **Several objectives**: the controller is given the weights of the objectives, drawn anew for each
///   trial, and learns from each trial for all weights. A cost enters as in MnasNet.
/// - **Earlier studies** ([`Sampler::warm_start`]): the controller is trained on their trials before the
///   first one; if it ranks the first batch in the wrong order, it begins anew without them.
///
/// # Source
/// Zoph & Le (2017), "Neural Architecture Search with Reinforcement Learning", section 3; Williams (1992),
/// "Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning"; Schulman
/// et al. (2017), "Proximal Policy Optimization Algorithms", for updates; Tan et al. (2019), "MnasNet",
/// equation 2, for cost.
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
    sources: Sources,
    training: Option<Training>,
}

/// Draws from the controller before a uniform one.
const MAX_DRAWS: usize = 64;

impl PolicyGradientSampler {
    /// A sampler with these options, which are not checked.
    pub fn new(config: PolicyGradientConfig) -> Self {
        Self { config, ..Self::default() }
    }

    fn training(&mut self, view: &View<'_>) -> &mut Training {
        let objectives = view.history.directions().len();
        self.training.take_if(|training| !training.is_of(view.space, objectives));
        let (sources, config) = (&self.sources, &self.config);
        self.training.get_or_insert_with(|| Training::new(view.space, objectives, sources, config))
    }
}

impl Sampler for PolicyGradientSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let all = Individual::all(view.history);
        let startup = view.startup_trials(self.config.startup);
        let is_pretrained = self.training(view).is_pretrained();
        if !is_pretrained && (all.is_empty() || view.number < startup as u64) {
            return Ok(view.startup_proposal(rng));
        }
        let config = self.config.clone();
        let weightings = weightings(view.history.directions().len());
        let weights = match weightings.len() {
            1 => &weightings[0],
            n => &weightings[rng.random_range(0..n)],
        };
        let controller = self.training(view).controller(&all, view.number, &config);
        let mut last = None;
        for _ in 0..MAX_DRAWS {
            let config = controller.sample(view.space, weights, config.exploration, rng);
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
        let (all, config) = (Individual::all(view.history), self.config.clone());
        self.training(view).controller(&all, view.number, &config);
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.sources = sources.clone();
        self.training = None;
    }
}
