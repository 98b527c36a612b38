//! A problem to be minimised, with what is known of its values.

use automl::numeric::pareto;
use automl::{
    numeric::stream,
    space::{Config, Space},
};
use std::fmt;

/// The function behind a problem: losses of a configuration. The number is the trial's, for noise.
type Function = dyn Fn(&Config, u64) -> Vec<f64> + Send + Sync;

/// What a solver is judged by.
#[derive(Clone, Debug, PartialEq)]
pub enum Score {
    /// One objective: regret over the optimum, in units of the regret of a median random draw.
    Regret {
        /// The smallest loss.
        optimum: f64,
        /// The median loss of a random draw.
        median: f64,
    },
    /// Two objectives: the share of the exact front's hypervolume that is missing.
    Hypervolume {
        /// The reference point.
        reference: Vec<f64>,
        /// The exact front's hypervolume.
        best: f64,
    },
}

/// A problem: a space and losses.
pub struct Problem {
    /// What it is called in the tables.
    pub name: String,
    /// What may be chosen.
    pub space: Space,
    /// The number of objectives.
    pub objectives: usize,
    /// How solvers are judged.
    pub score: Score,
    /// The losses that the solver is told.
    pub noisy: Box<Function>,
    /// The losses that the solver is judged by.
    pub exact: Box<Function>,
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem").field("name", &self.name).field("score", &self.score).finish()
    }
}

impl Problem {
    /// A deterministic problem with one objective; the median is that of 2,001 uniform draws.
    pub fn single(
        name: &str,
        space: Space,
        optimum: f64,
        function: impl Fn(&Config) -> f64 + Send + Sync + Clone + 'static,
    ) -> Self {
        Self::noisy(name, space, optimum, function.clone(), move |config, _| function(config))
    }

    /// A problem whose observed losses differ from those that count.
    pub fn noisy(
        name: &str,
        space: Space,
        optimum: f64,
        exact: impl Fn(&Config) -> f64 + Send + Sync + 'static,
        observed: impl Fn(&Config, u64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let mut rng = stream(0, 0, "median");
        let mut draws: Vec<f64> = (0..2001).map(|_| exact(&space.sample(&mut rng))).collect();
        draws.sort_by(f64::total_cmp);
        Self {
            name: name.to_owned(),
            space,
            objectives: 1,
            score: Score::Regret { optimum, median: draws[1000] },
            noisy: Box::new(move |config, trial| vec![observed(config, trial)]),
            exact: Box::new(move |config, _| vec![exact(config)]),
        }
    }

    /// The score after the first `n` configurations: 0 is perfect, 1 a median random draw (or
    /// nothing of the hypervolume).
    pub fn judge(&self, configs: &[Config], n: usize) -> f64 {
        let configs = &configs[..n.min(configs.len())];
        let losses: Vec<Vec<f64>> = configs.iter().map(|config| (self.exact)(config, 0)).collect();
        match &self.score {
            Score::Regret { optimum, median } => {
                let best = losses.iter().map(|l| l[0]).fold(f64::INFINITY, f64::min);
                (best - optimum) / (median - optimum)
            }
            Score::Hypervolume { reference, best } => {
                1.0 - pareto::hypervolume(&losses, reference) / best
            }
        }
    }
}
