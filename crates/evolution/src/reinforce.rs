//! A controller that is trained by policy gradients.

use crate::standing::{Merit, Standing, Trace, by_merit, judged, startup};
use automl_space::{Config, Domain, Space, Value};
use automl_study::{ProposeError, Sampler, View};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Settings of [`PolicyGradientSampler`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyGradientOptions {
    /// Quasi-random trials before the controller speaks; it learns from them too.
    pub startup: usize,
    /// The learning rate of the choices' logits and, times the variance, of the numbers' means.
    pub rate: f64,
    /// The share that the baseline keeps of itself from trial to trial.
    pub baseline: f64,
    /// The probability with which a choice is drawn uniformly, so that none dies out.
    pub exploration: f64,
}

impl Default for PolicyGradientOptions {
    fn default() -> Self {
        Self { startup: 10, rate: 0.8, baseline: 0.95, exploration: 0.05 }
    }
}

/// A controller over independent distributions, one for each parameter, trained by REINFORCE.
///
/// A choice has a softmax over logits, a number a normal distribution in the unit interval, folded
/// at its ends. The reward of a trial is how it ranks among the trials before it, from 0 (worst) to
/// 1 (best), so that it does not depend on the scale of the objective; the advantage is the reward
/// less a moving average. Finished trials teach in the order of their numbers, inactive parameters
/// learn nothing.
///
/// # Source
/// Williams (1992), "Simple Statistical Gradient-Following Algorithms for Connectionist
/// Reinforcement Learning", sections 4 and 6 (normal units with rates in proportion to the
/// variance); Zoph & Le (2017), "Neural Architecture Search with Reinforcement Learning", equation
/// 3, for the baseline. The controller is factorised, where theirs is a recurrent network that
/// needs thousands of trials.
#[derive(Clone, Debug, Default)]
pub struct PolicyGradientSampler {
    options: PolicyGradientOptions,
    cache: Option<Cache>,
}

/// A controller and the trials that taught it.
#[derive(Clone, Debug)]
struct Cache {
    space: Space,
    read: Vec<Trace>,
    last: Option<Config>,
    controller: Controller,
}

impl PolicyGradientSampler {
    /// A sampler with other settings than the default.
    pub fn new(options: PolicyGradientOptions) -> Self {
        Self { options, cache: None }
    }

    /// The controller after these trials.
    fn learnt(&mut self, space: &Space, all: &[Standing<'_>]) -> &Controller {
        let fits = |cache: &Cache| {
            let n = cache.read.len();
            cache.space == *space
                && n <= all.len()
                && cache.read.iter().zip(all).all(|(trace, standing)| *trace == standing.trace())
                && n.checked_sub(1)
                    .is_none_or(|i| cache.last.as_ref() == Some(&all[i].trial.config))
        };
        let cache = match self.cache.take() {
            Some(cache) if fits(&cache) => self.cache.insert(cache),
            _ => self.cache.insert(Cache {
                space: space.clone(),
                read: Vec::new(),
                last: None,
                controller: Controller::new(space),
            }),
        };
        let known = cache.read.len();
        for standing in &all[known..] {
            cache.controller.learn(space, standing, &self.options);
            cache.read.push(standing.trace());
            cache.last = Some(standing.trial.config.clone());
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
        let most = view.planned_trials.map_or(usize::MAX, |budget| (budget / 4).max(2) as usize);
        let all = judged(view.history);
        if all.is_empty() || view.number < self.options.startup.min(most) as u64 {
            return Ok(startup(view, rng));
        }
        let exploration = self.options.exploration;
        let controller = self.learnt(view.space, &all);
        let mut last = None;
        for _ in 0..64 {
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
}

/// The distributions of all parameters, and the moving average of the reward.
#[derive(Clone, Debug)]
struct Controller {
    policies: Vec<Policy>,
    baseline: f64,
    /// The merits of the trials so far, best first.
    ranked: Vec<Merit>,
}

/// The distribution of one parameter.
#[derive(Clone, Debug)]
enum Policy {
    /// Logits of the choices.
    Softmax(Vec<f64>),
    /// Mean and logarithm of the standard deviation, in the unit interval.
    Normal { mean: f64, log_sd: f64 },
}

/// Bounds of a normal policy's standard deviation.
const SD: (f64, f64) = (1e-3, 0.5);

impl Controller {
    fn new(space: &Space) -> Self {
        let policies = space
            .params()
            .iter()
            .map(|param| match param.domain() {
                Domain::Categorical(d) if !d.ordered() => {
                    Policy::Softmax(vec![0.0; d.choices().len()])
                }
                _ => Policy::Normal { mean: 0.5, log_sd: 0.3_f64.ln() },
            })
            .collect();
        Self { policies, baseline: 0.5, ranked: Vec::new() }
    }

    fn sample(&self, space: &Space, exploration: f64, rng: &mut dyn Rng) -> Config {
        space.build_config(|index, param| match &self.policies[index] {
            Policy::Softmax(logits) => {
                if rng.random::<f64>() < exploration {
                    return param.domain().sample(rng);
                }
                let shares = softmax(logits);
                let mut left = rng.random::<f64>();
                let drawn = shares.iter().position(|share| {
                    left -= share;
                    left < 0.0
                });
                Value::Category(drawn.unwrap_or(shares.len() - 1))
            }
            Policy::Normal { mean, log_sd } => {
                let z: f64 = rng.sample(StandardNormal);
                param.domain().from_unit(crate::vary::reflect(mean + log_sd.exp() * z))
            }
        })
    }

    /// The share of the trials so far that are worse, ties counting half.
    fn reward(&self, standing: &Standing<'_>) -> f64 {
        if self.ranked.is_empty() {
            return 0.5;
        }
        let own = standing.merit();
        let better = self.ranked.partition_point(|other| by_merit(other, &own).is_lt());
        let not_worse = self.ranked.partition_point(|other| by_merit(other, &own).is_le());
        1.0 - 0.5 * (better + not_worse) as f64 / self.ranked.len() as f64
    }

    /// One step along `(r - b) grad ln p(config)`.
    fn learn(&mut self, space: &Space, standing: &Standing<'_>, options: &PolicyGradientOptions) {
        let reward = self.reward(standing);
        let advantage = reward - self.baseline;
        self.baseline = options.baseline * self.baseline + (1.0 - options.baseline) * reward;
        let own = standing.merit();
        let place = self.ranked.partition_point(|other| by_merit(other, &own).is_le());
        self.ranked.insert(place, own);
        for (index, policy) in self.policies.iter_mut().enumerate() {
            let Some(value) = standing.trial.config.value(index) else { continue };
            let step = options.rate * advantage;
            match (policy, value) {
                (Policy::Softmax(logits), Value::Category(chosen)) => {
                    let shares = softmax(logits);
                    for (k, (logit, share)) in logits.iter_mut().zip(shares).enumerate() {
                        *logit += step * (f64::from(u8::from(k == chosen)) - share);
                    }
                }
                (Policy::Normal { mean, log_sd }, value) => {
                    let sd = log_sd.exp();
                    let z = (space.params()[index].domain().to_unit(value) - *mean) / sd;
                    // Draws from far away, as those of the start, count up to three deviations.
                    let z = z.clamp(-3.0, 3.0);
                    *mean = (*mean + step * sd * z).clamp(0.0, 1.0);
                    *log_sd = (*log_sd + 0.25 * step * (z * z - 1.0)).clamp(SD.0.ln(), SD.1.ln());
                }
                _ => {}
            }
        }
    }
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}
