//! Proposals with costs that cover the range of the candidates.

use crate::candidate::Candidates;
use crate::caps::Caps;
use crate::tried::Tried;
use automl_settings::CostObjective;
use automl_space::Config;
use automl_study::{ProposeError, Sampler, Sources, View};
use rand::Rng;

/// The number of proposals from which one is taken.
const PROPOSALS: usize = 3;

/// Ratio of two costs that are one standard deviation apart in the density.
const ALIKE: f64 = 1.15;

/// A sampler that takes, of three proposals, the network with the rarest cost.
///
/// The cost of a network is known before its training, so a search need not leave the costs of its
/// candidates to chance. The density of the tried costs `c_i` at a cost `c` is
/// `sum_i exp(-(ln(c / c_i) / ln ALIKE)^2 / 2)`; the proposal with the lowest one is taken, as
/// survivors are by their crowding distance, here on the known objective alone.
///
/// # Source
/// Deb et al. (2002), "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", section
/// III-B, for the crowding distance.
#[derive(Debug)]
pub struct CostDiversitySampler<S> {
    inner: S,
    candidates: Candidates,
    caps: Caps,
    objective: CostObjective,
    /// The logarithm of each trial's cost.
    tried: Tried<Option<f64>>,
}

impl<S: Sampler> CostDiversitySampler<S> {
    /// Wraps a sampler.
    pub fn new(inner: S, candidates: Candidates, caps: Caps, objective: CostObjective) -> Self {
        Self { inner, candidates, caps, objective, tried: Tried::default() }
    }

    fn log_cost(&self, config: &Config) -> Option<f64> {
        let candidate = self.candidates.of(config).ok()?;
        Some(self.caps.price(self.objective, &candidate).ln()).filter(|cost| cost.is_finite())
    }

    fn density(&self, config: &Config) -> f64 {
        let Some(cost) = self.log_cost(config) else { return f64::INFINITY };
        density(cost, self.tried.facts().flatten())
    }

    fn follow(&mut self, view: &View<'_>) {
        let mut tried = std::mem::take(&mut self.tried);
        tried.follow(view.history, |config| self.log_cost(config), |_, _| ());
        self.tried = tried;
    }
}

impl<S: Sampler> Sampler for CostDiversitySampler<S> {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        self.follow(view);
        let first = self.inner.propose(view, rng)?;
        let mut best = (self.density(&first), first);
        for _ in 1..PROPOSALS {
            let other = self.inner.propose(view, rng)?;
            let density = self.density(&other);
            if density < best.0 && view.space.allows(&other) {
                best = (density, other);
            }
        }
        Ok(best.1)
    }

    fn prepare(&mut self, view: &View<'_>) {
        self.follow(view);
        self.inner.prepare(view);
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.inner.warm_start(sources);
    }
}

/// The density of tried costs at a cost, both as logarithms.
fn density<'a>(cost: f64, tried: impl Iterator<Item = &'a f64>) -> f64 {
    tried.map(|other| (-((cost - other) / ALIKE.ln()).powi(2) / 2.0).exp()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
    use automl_numeric::stream;
    use automl_study::{Direction, History, RandomSampler, State, Study, Trial};
    use std::sync::Arc;

    #[test]
    fn like_costs_crowd_each_other() {
        let tried = [1_000f64, 1_050.0, 9_000.0].map(f64::ln);
        let at = |cost: f64| density(cost.ln(), tried.iter());
        assert!(at(1_020.0) > at(9_000.0) && at(9_000.0) > at(3_000.0));
        assert!(at(9_000.0) >= 1.0 && at(3_000.0) < 1e-3);
    }

    /// Another program's trial becomes another network while it runs.
    #[test]
    fn a_trial_has_the_cost_of_its_last_configuration() {
        let options = BlockSpaceOptions { width: 0.125, ..BlockSpaceOptions::default() };
        let networks = NetworkSpace::Blocks(BlockSpace::new(1, 8, 10, &options).unwrap());
        let space = networks.space().clone();
        let draw = |number| space.sample_prior(&mut stream(number, 0, "test"));
        let mut spread = CostDiversitySampler::new(
            RandomSampler::from_prior(),
            Candidates::new(Arc::new(networks.clone())),
            Caps::default(),
            CostObjective::Params,
        );
        let mut history = History::new(vec![Direction::Minimize]);
        let mut trial = Trial::waiting(0, draw(0));
        trial.state = State::Running;
        history.push(trial.clone()).unwrap();
        let mut density = |history: &History| {
            let (number, seed) = (history.next_id(), 0);
            let (planned_trials, ladder, target) = (None, None, None);
            let space = &space;
            spread.follow(&View { space, history, number, seed, planned_trials, ladder, target });
            [0, 1].map(|number| spread.density(&draw(number)))
        };
        let [at, other] = density(&history);
        assert!(at == 1.0 && other < 1.0, "{at} {other}");
        trial.config = draw(1);
        history.update(trial).unwrap();
        assert_eq!(density(&history), [other, at]);
    }

    /// Candidates cover the range of costs more evenly than those of the sampler alone.
    #[test]
    fn costs_are_spread() {
        let options = BlockSpaceOptions { width: 0.125, ..BlockSpaceOptions::default() };
        let networks = NetworkSpace::Blocks(BlockSpace::new(1, 8, 10, &options).unwrap());
        let crowding = |sampler: Box<dyn Sampler>| {
            let mut study =
                Study::builder(networks.space().clone()).sampler(sampler).build().unwrap();
            let costs: Vec<f64> = (0..60)
                .map(|_| {
                    let trial = study.ask().unwrap();
                    let network = networks.architecture(&trial.config).graph().unwrap();
                    study.tell(trial.number, 0.0).unwrap();
                    (network.cost().parameters as f64).ln()
                })
                .collect();
            costs.iter().map(|cost| density(*cost, costs.iter())).sum::<f64>()
        };
        let random = RandomSampler::from_prior;
        let spread = CostDiversitySampler::new(
            random(),
            Candidates::new(Arc::new(networks.clone())),
            Caps::default(),
            CostObjective::Params,
        );
        let (with, without) = (crowding(Box::new(spread)), crowding(Box::new(random())));
        assert!(with < 0.9 * without, "{with} {without}");
    }
}
