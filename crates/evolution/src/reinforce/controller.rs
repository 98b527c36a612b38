//! The controller: each decision is drawn from a distribution that depends on the earlier ones.

use super::features::Features;
use crate::mutation::reflect;
use automl_space::{Config, Domain, Space, Value};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Smallest and largest standard deviation of a normal policy.
const DEVIATIONS: (f64, f64) = (1e-2, 0.5);

/// The largest distance of a value from the mean of its policy, in standard deviations, that counts.
const MAX_DISTANCE: f64 = 3.0;

/// The largest logit: every choice keeps some probability.
const MAX_LOGIT: f64 = 6.0;

/// The distribution of one decision given the features of the earlier ones.
#[derive(Clone, Debug)]
enum Policy {
    /// Softmax over linear functions of the features. `[choices][features]`
    Softmax(Vec<Vec<f64>>),
    /// Normal in the unit interval, reflected at its ends, around a linear function of the features.
    Normal { weights: Vec<f64>, log_sd: f64 },
}

/// An autoregressive controller `pi(x) = prod_j pi(x_j | x_1, ..., x_{j-1}, w)` over a conditional space
/// with objectives of the weights `w`.
#[derive(Clone, Debug)]
pub(super) struct Controller {
    features: Features,
    policies: Vec<Policy>,
}

/// One decision of a trial: its features, its value and its log probability under an earlier policy.
#[derive(Clone, Debug)]
struct Decision {
    parameter: usize,
    value: Value,
    before: f64,
}

/// A trial to learn from: its features, decisions and advantage.
#[derive(Clone, Debug)]
pub(super) struct Episode {
    features: Vec<f64>,
    decisions: Vec<Decision>,
    advantage: f64,
}

/// The constants of one policy update.
#[derive(Clone, Copy, Debug)]
pub(super) struct Update {
    pub(super) learning_rate: f64,
    /// The probability ratio beyond `1 +- clip` of which a decision has no gradient.
    pub(super) clip: f64,
    pub(super) entropy: f64,
    pub(super) epochs: usize,
}

impl Controller {
    /// Uniform choices and wide normal distributions, whatever the earlier decisions are.
    pub(super) fn new(space: &Space, objectives: usize) -> Self {
        let features = Features::new(space, objectives);
        let policy = |(index, param): (usize, &automl_space::Param)| {
            let width = features.width_before(index);
            match param.domain() {
                Domain::Categorical(d) if !d.ordered() => {
                    Policy::Softmax(vec![vec![0.0; width]; d.choices().len()])
                }
                _ => {
                    let mut weights = vec![0.0; width];
                    weights[0] = 0.5;
                    Policy::Normal { weights, log_sd: 0.3_f64.ln() }
                }
            }
        };
        let policies = space.params().iter().enumerate().map(policy).collect();
        Self { features, policies }
    }

    /// A configuration drawn from the policies for objectives of these weights; each decision is
    /// uniform with probability `exploration`.
    pub(super) fn sample(
        &self,
        space: &Space,
        weights: &[f64],
        exploration: f64,
        rng: &mut dyn Rng,
    ) -> Config {
        let mut features = self.features.start(weights);
        space.build_config(|index, param| {
            let value = if rng.random::<f64>() < exploration {
                param.domain().sample(rng)
            } else {
                self.policies[index].draw(param.domain(), &features, rng)
            };
            self.features.put(&mut features, index, param.domain(), value);
            value
        })
    }

    /// The log density of a configuration, up to a constant.
    pub(super) fn log_density(&self, space: &Space, config: &Config, weights: &[f64]) -> f64 {
        self.episode(space, config, weights, 0.0).decisions.iter().map(|d| d.before).sum()
    }

    /// A trial as an episode under the present policy.
    pub(super) fn episode(
        &self,
        space: &Space,
        config: &Config,
        weights: &[f64],
        advantage: f64,
    ) -> Episode {
        let mut features = self.features.start(weights);
        let mut decisions = Vec::new();
        for (parameter, param) in space.params().iter().enumerate() {
            let Some(value) = config.value(parameter) else { continue };
            let before = self.policies[parameter].log_density(param.domain(), &features, value);
            decisions.push(Decision { parameter, value, before });
            self.features.put(&mut features, parameter, param.domain(), value);
        }
        Episode { features, decisions, advantage }
    }

    /// Proximal policy optimization on these episodes: gradient ascent on the mean of
    /// `min(r A, clip(r) A)` over the decisions, with the ratio `r` of the probabilities after and
    /// before and the advantage `A`, plus the entropy of the choices.
    ///
    /// # Source
    /// Schulman et al. (2017), "Proximal Policy Optimization Algorithms", equation 7.
    pub(super) fn update(&mut self, space: &Space, episodes: &[Episode], update: Update) {
        let step = update.learning_rate / episodes.len().max(1) as f64;
        for _ in 0..update.epochs {
            let present = self.clone();
            for episode in episodes {
                for decision in &episode.decisions {
                    let domain = space.params()[decision.parameter].domain();
                    let width = self.features.width_before(decision.parameter);
                    let features = &episode.features[..width];
                    let policy = &present.policies[decision.parameter];
                    let now = policy.log_density(domain, features, decision.value);
                    let ratio = (now - decision.before).clamp(-5.0, 5.0).exp();
                    let advantage = episode.advantage;
                    let is_clipped = if advantage > 0.0 {
                        ratio > 1.0 + update.clip
                    } else {
                        ratio < 1.0 - update.clip
                    };
                    let slope = if is_clipped { 0.0 } else { step * advantage * ratio };
                    let entropy = step * update.entropy;
                    let own = &mut self.policies[decision.parameter];
                    own.ascend(policy, (domain, features, decision.value), slope, entropy);
                }
            }
        }
    }
}

impl Policy {
    fn logits(weights: &[Vec<f64>], features: &[f64]) -> Vec<f64> {
        let logit = |w: &Vec<f64>| dot(w, features).clamp(-MAX_LOGIT, MAX_LOGIT);
        weights.iter().map(logit).collect()
    }

    /// Draws a value. `features` may be longer than the policy's.
    fn draw(&self, domain: &Domain, features: &[f64], rng: &mut dyn Rng) -> Value {
        match self {
            Self::Softmax(weights) => {
                let probabilities = softmax(&Self::logits(weights, features));
                let mut left = rng.random::<f64>();
                let drawn = probabilities.iter().position(|probability| {
                    left -= probability;
                    left < 0.0
                });
                Value::Category(drawn.unwrap_or(probabilities.len() - 1))
            }
            Self::Normal { weights, log_sd } => {
                let z: f64 = rng.sample(StandardNormal);
                domain.from_unit(reflect(mean(weights, features) + log_sd.exp() * z))
            }
        }
    }

    /// The log probability of a choice, or the log density of a number up to a constant.
    fn log_density(&self, domain: &Domain, features: &[f64], value: Value) -> f64 {
        match (self, value) {
            (Self::Softmax(weights), Value::Category(chosen)) => {
                softmax(&Self::logits(weights, features))[chosen].max(1e-12).ln()
            }
            (Self::Softmax(_), _) => 0.0,
            (Self::Normal { weights, log_sd }, value) => {
                let z = distance(domain, value, mean(weights, features), *log_sd);
                -0.5 * z * z - log_sd
            }
        }
    }

    /// One step of size `slope` along the gradient of the log density of a value, and one of size
    /// `entropy` along that of the entropy, both taken at the policy `present`. The step of a number is
    /// in proportion to the variance (Williams 1992, section 6).
    fn ascend(
        &mut self,
        present: &Self,
        (domain, features, value): (&Domain, &[f64], Value),
        slope: f64,
        entropy: f64,
    ) {
        match (self, present, value) {
            (Self::Softmax(own), Self::Softmax(weights), Value::Category(chosen)) => {
                let probabilities = softmax(&Self::logits(weights, features));
                let log = |p: f64| p.max(1e-12).ln();
                let total: f64 = probabilities.iter().map(|p| -p * log(*p)).sum();
                for (k, (own, p)) in own.iter_mut().zip(&probabilities).enumerate() {
                    let score = f64::from(u8::from(k == chosen)) - p;
                    let step = slope * score - entropy * p * (log(*p) + total);
                    own.iter_mut().zip(features).for_each(|(w, f)| *w += step * f);
                }
            }
            (
                Self::Normal { weights: own, log_sd: own_sd },
                Self::Normal { weights, log_sd },
                value,
            ) => {
                let z = distance(domain, value, mean(weights, features), *log_sd);
                let step = slope * log_sd.exp() * z;
                own.iter_mut().zip(features).for_each(|(w, f)| *w += step * f);
                let (low, high) = DEVIATIONS;
                let by_sd = 0.25 * slope * (z * z - 1.0) + entropy;
                *own_sd = (*own_sd + by_sd).clamp(low.ln(), high.ln());
            }
            _ => {}
        }
    }
}

/// The scalar product over the shorter list.
fn dot(weights: &[f64], features: &[f64]) -> f64 {
    weights.iter().zip(features).map(|(w, f)| w * f).sum()
}

/// The mean of a normal policy, in `[0, 1]`.
fn mean(weights: &[f64], features: &[f64]) -> f64 {
    dot(weights, features).clamp(0.0, 1.0)
}

/// The distance of a value from the mean in standard deviations.
fn distance(domain: &Domain, value: Value, mean: f64, log_sd: f64) -> f64 {
    let z = (domain.to_unit(value) - mean) / log_sd.exp();
    z.clamp(-MAX_DISTANCE, MAX_DISTANCE)
}

/// `exp(l_k) / sum_i exp(l_i)`. `[k]`
fn softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - max).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}
