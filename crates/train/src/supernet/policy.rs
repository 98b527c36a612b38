//! The distribution over paths, learned by gradient.

use crate::adam::Adam;
use automl_space::{Config, Domain, Param, Space, Value};
use rand::{Rng, RngExt};
use std::ops::Range;

/// Block types with shared weights.
const TYPES: [&str; 3] = ["Conv", "InvertedResidualv3", "Pass"];

/// The most values of a number that are told apart.
const GRID: usize = 5;

/// The learning rate of the logits.
const RATE: f64 = 0.2;

/// A path that was drawn.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    pub(crate) config: Config,
    /// For each parameter of the space which of its values; nothing where it is inactive.
    picks: Vec<Option<usize>>,
}

/// Independent softmax distributions, one for each parameter of the space, over a grid of its
/// values. They start as the space's prior.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    space: Space,
    values: Vec<Vec<Value>>,
    /// The logits of all parameters in a row.
    logits: Vec<f64>,
    of_param: Vec<Range<usize>>,
    adam: Adam,
}

impl Policy {
    pub(crate) fn new(space: &Space) -> Self {
        let values: Vec<Vec<Value>> = space.params().iter().map(grid).collect();
        let mut logits = Vec::new();
        let mut of_param = Vec::new();
        for (param, values) in space.params().iter().zip(&values) {
            let start = logits.len();
            // A choice without prior weight is rare and not impossible.
            logits.extend(values.iter().map(|value| param.log_prior(*value).max(-10.0)));
            of_param.push(start..logits.len());
        }
        let adam = Adam::new(logits.len(), RATE, [0.5, 0.999]);
        Self { space: space.clone(), values, logits, of_param, adam }
    }

    /// A path within the space's constraints; nothing if a thousand draws find none.
    pub(crate) fn draw(&self, rng: &mut dyn Rng) -> Option<Draw> {
        (0..1000).map(|_| self.any(rng)).find(|draw| self.space.allows(&draw.config))
    }

    fn any(&self, rng: &mut dyn Rng) -> Draw {
        let mut picks = vec![None; self.values.len()];
        let config = self.space.build_config(|index, _| {
            let mut left = rng.random::<f64>();
            let chances = self.chances(index);
            let pick = chances.iter().position(|chance| {
                left -= chance;
                left < 0.0
            });
            let pick = pick.unwrap_or(chances.len() - 1);
            picks[index] = Some(pick);
            self.values[index][pick]
        });
        Draw { config, picks }
    }

    /// The probabilities of a parameter's values.
    fn chances(&self, param: usize) -> Vec<f64> {
        let logits = &self.logits[self.of_param[param].clone()];
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let raw: Vec<f64> = logits.iter().map(|logit| (logit - most).exp()).collect();
        let sum: f64 = raw.iter().sum();
        raw.into_iter().map(|chance| chance / sum).collect()
    }

    /// Mixture that draws each parameter from the prior with this probability.
    pub(crate) fn mixed_with_prior(&self, chance: f64) -> Self {
        let prior = Self::new(&self.space);
        let mut mixed = self.clone();
        for (param, range) in self.of_param.iter().enumerate() {
            let both = self.chances(param).into_iter().zip(prior.chances(param));
            for (logit, (own, prior)) in mixed.logits[range.clone()].iter_mut().zip(both) {
                *logit = ((1.0 - chance) * own + chance * prior).ln();
            }
        }
        mixed
    }

    /// The gradient of a draw's log-probability by all logits: for each parameter that has a value,
    /// one for that value minus the probabilities.
    fn score(&self, draw: &Draw) -> Vec<f64> {
        let mut score = vec![0.0; self.logits.len()];
        for (param, pick) in draw.picks.iter().enumerate() {
            let Some(pick) = pick else { continue };
            let own = &mut score[self.of_param[param].clone()];
            own.iter_mut().zip(self.chances(param)).for_each(|(slot, chance)| *slot = -chance);
            own[*pick] += 1.0;
        }
        score
    }

    /// The estimate of the gradient of the expected loss: the mean over draws of score times how
    /// much the loss lies above the mean of the *other* draws.
    pub(crate) fn gradient(&self, draws: &[Draw], losses: &[f64]) -> Vec<f64> {
        let count = draws.len() as f64;
        let total: f64 = losses.iter().sum();
        let mut gradient = vec![0.0; self.logits.len()];
        for (draw, loss) in draws.iter().zip(losses) {
            let excess = loss - (total - loss) / (count - 1.0).max(1.0);
            for (sum, score) in gradient.iter_mut().zip(self.score(draw)) {
                *sum += excess * score / count;
            }
        }
        gradient
    }

    /// Makes draws with small losses more likely.
    pub(crate) fn learn(&mut self, draws: &[Draw], losses: &[f64]) {
        if draws.len() < 2 || losses.iter().any(|loss| !loss.is_finite()) {
            return;
        }
        let gradient = self.gradient(draws, losses);
        self.adam.descend(&mut self.logits, &gradient);
    }
}

/// The values of a parameter that are told apart: shared types, all other choices, and of
/// numbers at most [`GRID`], evenly spread.
fn grid(param: &Param) -> Vec<Value> {
    let domain = param.domain();
    if let Domain::Categorical(choices) = domain {
        let all = (0..choices.choices().len()).map(Value::Category);
        let is_type = !param.name().contains('/');
        let shared = |value: &Value| {
            let name = domain.literal(*value);
            name.and_then(|name| name.as_str().map(|name| TYPES.contains(&name))).unwrap_or(true)
        };
        return all.filter(|value| !is_type || shared(value)).collect();
    }
    let count = domain.cardinality().map_or(GRID, |count| count.min(GRID as u128) as usize);
    let mut values: Vec<Value> =
        (0..count).map(|i| domain.from_unit((i as f64 + 0.5) / count as f64)).collect();
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;

    fn policy() -> Policy {
        let mut space = Space::builder();
        let kind =
            space.choice("m2", ["Conv", "Fire", "InvertedResidualv3", "Pass"]).add().unwrap();
        space.int("m2/repeat", 1..=3).when(kind, ["Conv"]).add().unwrap();
        space
            .float("m2/v3_t", 1.0..=6.0)
            .step(0.1)
            .when(kind, ["InvertedResidualv3"])
            .add()
            .unwrap();
        Policy::new(&space.build().unwrap())
    }

    #[test]
    fn only_shared_types_on_a_grid_are_drawn() {
        let policy = policy();
        let mut seen = std::collections::HashSet::new();
        for draw in 0..500 {
            let draw = policy.draw(&mut stream(0, draw, "test")).unwrap();
            policy.space.check(&draw.config).unwrap();
            seen.insert(draw.config);
        }
        // Three repeats of Conv, five expansions, Pass.
        assert_eq!(seen.len(), 9);
    }

    /// The score is the derivative of the log-probability, by central differences.
    #[test]
    fn the_score_is_the_derivative_of_the_log_probability() {
        let mut policy = policy();
        for (i, logit) in policy.logits.iter_mut().enumerate() {
            *logit += (i as f64).sin();
        }
        let log_probability = |policy: &Policy, draw: &Draw| -> f64 {
            let picks = draw.picks.iter().enumerate();
            picks.filter_map(|(param, pick)| Some(policy.chances(param)[(*pick)?].ln())).sum()
        };
        for draw in 0..20 {
            let draw = policy.draw(&mut stream(1, draw, "test")).unwrap();
            let score = policy.score(&draw);
            for (i, found) in score.iter().enumerate() {
                let at = |change: f64| {
                    let mut moved = policy.clone();
                    moved.logits[i] += change;
                    log_probability(&moved, &draw)
                };
                let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((found - expected).abs() < 1e-8, "{found} {expected}");
            }
        }
    }

    /// The mean of the estimates is the derivative of the expected loss.
    #[test]
    fn the_estimate_is_unbiased() {
        let policy = policy();
        let loss = |draw: &Draw| draw.picks.iter().flatten().map(|p| (1 + p) as f64).sum::<f64>();
        let expected = |policy: &Policy| -> f64 {
            let [types, repeats, expansions] = [0, 1, 2].map(|param| policy.chances(param));
            let mean = |chances: &[f64]| -> f64 {
                chances.iter().enumerate().map(|(i, chance)| chance * (1 + i) as f64).sum()
            };
            mean(&types) + types[0] * mean(&repeats) + types[1] * mean(&expansions)
        };
        let rounds = 20_000;
        let mut mean = vec![0.0; policy.logits.len()];
        let mut rng = stream(2, 0, "test");
        for _ in 0..rounds {
            let draws: Vec<Draw> = (0..4).map(|_| policy.draw(&mut rng).unwrap()).collect();
            let losses: Vec<f64> = draws.iter().map(loss).collect();
            for (sum, g) in mean.iter_mut().zip(policy.gradient(&draws, &losses)) {
                *sum += g / f64::from(rounds);
            }
        }
        for (i, found) in mean.iter().enumerate() {
            let at = |change: f64| {
                let mut moved = policy.clone();
                moved.logits[i] += change;
                expected(&moved)
            };
            let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((found - expected).abs() < 0.02, "logit {i}: {found} {expected}");
        }
    }

    #[test]
    fn small_losses_become_likely() {
        let mut policy = policy();
        let mut rng = stream(3, 0, "test");
        for _ in 0..100 {
            let draws: Vec<Draw> = (0..4).map(|_| policy.draw(&mut rng).unwrap()).collect();
            let losses: Vec<f64> =
                draws.iter().map(|draw| f64::from(u8::from(draw.picks[0] != Some(1)))).collect();
            policy.learn(&draws, &losses);
        }
        assert!(policy.chances(0)[1] > 0.9, "{:?}", policy.chances(0));
        // Nothing is learned from losses that are not finite.
        let draws = vec![policy.draw(&mut rng).unwrap(); 2];
        let before = policy.logits.clone();
        policy.learn(&draws, &[f64::NAN, 1.0]);
        assert_eq!(before, policy.logits);
    }
}
