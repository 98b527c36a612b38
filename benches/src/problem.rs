//! Minimization problems with known optima.

use automl::numeric::pareto;
use automl::{
    numeric::stream,
    space::{Config, Space},
};
use std::fmt;

/// Losses of a configuration, given the trial number for reproducible noise.
type Function = dyn Fn(&Config, u64) -> Vec<f64> + Send + Sync;

/// The score of a run; 0 is optimal.
#[derive(Clone, Debug, PartialEq)]
pub enum Score {
    /// One objective: `(best loss - optimum) / (median - optimum)`.
    Regret {
        /// The smallest loss.
        optimum: f64,
        /// The median loss of a random draw.
        median: f64,
    },
    /// Two objectives: the missing share of the hypervolume of the exact front.
    Hypervolume {
        /// The reference point.
        reference: Vec<f64>,
        /// The hypervolume of the exact front.
        best: f64,
    },
}

/// A minimization problem: a space and its losses.
pub struct Problem {
    /// The name in the tables.
    pub name: String,
    /// The search space.
    pub space: Space,
    /// The number of objectives.
    pub objectives: usize,
    /// The score of runs.
    pub score: Score,
    /// The losses told to the solver.
    pub noisy: Box<Function>,
    /// The losses in the score.
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

    /// A problem with one objective and noise: `observed` is told to solvers, `exact` is scored.
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

    /// The score after the first `n` configurations: 0 for the optimum, 1 for a median random draw, or
    /// for none of the hypervolume.
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
