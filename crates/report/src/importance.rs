//! Importance of parameters.

mod interactions;
mod ped_anova;

use crate::StudyData;
use automl_space::Domain;
use automl_study::{Direction, State, Trial};
pub use interactions::{Interaction, interactions};
use ped_anova::{Observation, ped_anova};

/// The share of a target quantile: the best tenth.
const TARGET: f64 = 0.1;

/// The importance of a parameter for an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// Position of the parameter in [`StudyData::params`].
    pub param: usize,
    /// Share in `[0, 1]`; the shares of all parameters sum to 1.
    pub share: f64,
    /// The number of trials, of those that count, in which the parameter had a value.
    pub trials: usize,
}

/// The importance of each parameter for reaching the best tenth of an objective by PED-ANOVA, the most
/// important first.
///
/// Complete trials with a finite value count. The importance of a parameter is the Pearson divergence
/// of its density among the best tenth of the trials from that among all of them, both estimated by
/// a Parzen estimator with Scott's bandwidth on a grid of at most 50 values:
/// `sum_x p(x) (q(x) / p(x) - 1)^2`. A conditional parameter counts where it is active, weighted by
/// `a^2 / b` with the shares `a` of the best and `b` of all trials that have a value. All shares are
/// equal where fewer than two trials count or no parameter differs.
///
/// Ranges that changed during the study count as one range, the widest.
///
/// # Source
/// Watanabe, Bansal & Hutter (2023), "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in
/// Arbitrary Subspaces", algorithm 1; for conditional parameters "Conditional PED-ANOVA:
/// Hyperparameter Importance in Hierarchical & Dynamic Search Spaces" (2026), theorem 4.2, as in
/// Optuna 5.
///
/// # Examples
/// ```
/// use automl_report::{StudyData, importance};
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", -1.0..=1.0).add()?;
/// let y = space.float("y", -1.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// let mut study = Study::builder(space.build()?).storage(storage).build()?;
/// study.optimize(200, |config| config[x].powi(2) + 0.01 * config[y])?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// let ranking = importance(&data, 0);
/// assert_eq!(data.params()[ranking[0].param].name, "x");
/// assert!(ranking[0].share > 0.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn importance(data: &StudyData, objective: usize) -> Vec<Importance> {
    let Some(direction) = data.objectives().get(objective).map(|o| o.direction) else {
        return Vec::new();
    };
    let domains: Vec<&Domain> = data.params().iter().map(|param| &param.domain).collect();
    importance_among(&domains, data.trials(), direction, objective)
}

/// As [`importance`], for trials at hand: `domains` are those of the parameters, in order, and
/// `direction` is that of the objective.
///
/// # Examples
/// ```
/// use automl_report::importance_among;
/// use automl_space::Space;
/// use automl_study::{Direction, Study};
///
/// let mut space = Space::builder();
/// let x = space.float("x", -1.0..=1.0).add()?;
/// let y = space.float("y", -1.0..=1.0).add()?;
/// let mut study = Study::builder(space.build()?).build()?;
/// study.optimize(200, |config| config[x].powi(2) + 0.01 * config[y])?;
///
/// let domains: Vec<_> = study.space().params().iter().map(|param| param.domain()).collect();
/// let ranking = importance_among(&domains, study.history().trials(), Direction::Minimize, 0);
/// assert!(ranking[0].param == 0 && ranking[0].share > 0.8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn importance_among(
    domains: &[&Domain],
    trials: &[Trial],
    direction: Direction,
    objective: usize,
) -> Vec<Importance> {
    let counts = |trial: &&Trial| {
        trial.state == State::Complete
            && trial.values.get(objective).is_some_and(|value| value.is_finite())
    };
    let trials: Vec<&Trial> = trials.iter().filter(counts).collect();
    let losses: Vec<f64> = trials.iter().map(|t| direction.loss(t.values[objective])).collect();
    let is_used = |param: &usize| trials.iter().any(|trial| trial.config.value(*param).is_some());
    let used: Vec<usize> = (0..domains.len()).filter(is_used).collect();
    let raw: Vec<f64> = used
        .iter()
        .map(|param| {
            let values: Vec<Observation> = trials
                .iter()
                .zip(&losses)
                .map(|(trial, loss)| Observation {
                    loss: *loss,
                    value: trial.config.value(*param).map(|value| value.as_f64()),
                })
                .collect();
            ped_anova(domains[*param], &values, TARGET)
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    let equal = 1.0 / used.len().max(1) as f64;
    let share = |raw: f64| if sum > 0.0 { raw / sum } else { equal };
    let mut ranking: Vec<Importance> = used
        .iter()
        .zip(&raw)
        .map(|(param, raw)| {
            let trials = trials.iter().filter(|t| t.config.value(*param).is_some()).count();
            Importance { param: *param, share: share(*raw), trials }
        })
        .collect();
    ranking.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.param.cmp(&b.param)));
    ranking
}
