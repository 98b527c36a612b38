//! The controller: one distribution for each parameter, trained by REINFORCE.

use super::PolicyGradientConfig;
use crate::individual::{Individual, SortKey};
use crate::mutation::reflect;
use automl_space::{Config, Domain, Space, Value};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Smallest and largest standard deviation of a normal policy.
const DEVIATIONS: (f64, f64) = (1e-3, 0.5);

/// The largest distance of a value from the mean of its policy, in standard deviations, that counts.
const MAX_DISTANCE: f64 = 3.0;

/// The distributions of all parameters, and the moving average of the reward.
#[derive(Clone, Debug)]
pub(super) struct Controller {
    policies: Vec<Policy>,
    baseline: f64,
    /// Keys of the trials so far, best first.
    ranked: Vec<SortKey>,
}

/// The distribution of one parameter.
#[derive(Clone, Debug)]
enum Policy {
    /// Softmax over the logits of the choices.
    Softmax(Vec<f64>),
    /// Normal in the unit interval, reflected at its ends.
    Normal { mean: f64, log_sd: f64 },
}

impl Controller {
    /// Uniform distributions of choices, and wide ones of numbers.
    pub(super) fn new(space: &Space) -> Self {
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

    /// A configuration drawn from the policies; each choice is uniform with probability `exploration`.
    pub(super) fn sample(&self, space: &Space, exploration: f64, rng: &mut dyn Rng) -> Config {
        space.build_config(|index, param| match &self.policies[index] {
            Policy::Softmax(logits) => {
                if rng.random::<f64>() < exploration {
                    return param.domain().sample(rng);
                }
                let probabilities = softmax(logits);
                let mut left = rng.random::<f64>();
                let drawn = probabilities.iter().position(|probability| {
                    left -= probability;
                    left < 0.0
                });
                Value::Category(drawn.unwrap_or(probabilities.len() - 1))
            }
            Policy::Normal { mean, log_sd } => {
                let z: f64 = rng.sample(StandardNormal);
                param.domain().from_unit(reflect(mean + log_sd.exp() * z))
            }
        })
    }

    /// The share of the trials so far that are worse, ties counting half; in `[0, 1]`.
    fn reward(&self, key: &SortKey) -> f64 {
        if self.ranked.is_empty() {
            return 0.5;
        }
        let better = self.ranked.partition_point(|other| other.compare(key).is_lt());
        let not_worse = self.ranked.partition_point(|other| other.compare(key).is_le());
        1.0 - 0.5 * (better + not_worse) as f64 / self.ranked.len() as f64
    }

    /// One step along the policy gradient `(r - b) grad ln p(x)`.
    pub(super) fn learn(
        &mut self,
        space: &Space,
        individual: &Individual<'_>,
        config: &PolicyGradientConfig,
    ) {
        let key = individual.key;
        let reward = self.reward(&key);
        let advantage = reward - self.baseline;
        let decay = config.baseline_decay;
        self.baseline = decay * self.baseline + (1.0 - decay) * reward;
        let rank = self.ranked.partition_point(|other| other.compare(&key).is_le());
        self.ranked.insert(rank, key);
        let step = config.learning_rate * advantage;
        for (index, policy) in self.policies.iter_mut().enumerate() {
            if let Some(value) = individual.trial.config.value(index) {
                policy.learn(space.params()[index].domain(), value, step);
            }
        }
    }
}

impl Policy {
    /// One step of size `step` along the gradient of the log probability of a value.
    fn learn(&mut self, domain: &Domain, value: Value, step: f64) {
        match (self, value) {
            (Self::Softmax(logits), Value::Category(chosen)) => {
                let probabilities = softmax(logits);
                for (k, (logit, probability)) in logits.iter_mut().zip(probabilities).enumerate() {
                    *logit += step * (f64::from(u8::from(k == chosen)) - probability);
                }
            }
            (Self::Normal { mean, log_sd }, value) => {
                let sd = log_sd.exp();
                let z = (domain.to_unit(value) - *mean) / sd;
                let z = z.clamp(-MAX_DISTANCE, MAX_DISTANCE);
                let (low, high) = DEVIATIONS;
                *mean = (*mean + step * sd * z).clamp(0.0, 1.0);
                *log_sd = (*log_sd + 0.25 * step * (z * z - 1.0)).clamp(low.ln(), high.ln());
            }
            _ => {}
        }
    }
}

/// `exp(l_k) / sum_i exp(l_i)`. `[k]`
fn softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - max).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}
