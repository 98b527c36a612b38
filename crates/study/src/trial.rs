//! One trial: a configuration and everything that was observed of it.

use crate::{Fidelity, HistoryError, Run, TrialId};
use automl_space::Config;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names of the attributes that the study itself writes.
pub mod attribute {
    /// The fidelity that the running job of a trial goes to.
    pub const UNTIL: &str = "automl:until";
    /// The bracket that a trial belongs to.
    pub const BRACKET: &str = "automl:bracket";
    /// Whether a running row is in truth paused.
    pub const PAUSED: &str = "automl:paused";
    /// Why a trial failed or was stopped.
    pub const REASON: &str = "automl:reason";
    /// The trial with the checkpoint that a trial started from.
    pub const WARM_START: &str = "automl:warm-start";
    /// The trial that a trial replaced in its population.
    pub const REPLACES: &str = "automl:replaces";
    /// The worker that took the trial last, in a storage.
    pub const WORKER: &str = "automl:worker";
    /// Why a trial of another program was set aside; of a study, with `:` and the trial's number
    /// behind it, the journal of what was set aside.
    pub const SET_ASIDE: &str = "automl:set-aside";
    /// Of a study: the number of the trial that it recommends
    /// ([`Study::recommend`](crate::Study::recommend)).
    pub const RECOMMENDED: &str = "automl:recommended";
}

/// Whether smaller or larger objective values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smaller is better.
    Minimize,
    /// Larger is better.
    Maximize,
}

impl Direction {
    /// The value as a loss: negated where larger is better, so that smaller is always better.
    pub fn loss(self, value: f64) -> f64 {
        match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        }
    }
}

/// Where a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The configuration is fixed, and training has not started.
    Waiting,
    /// A worker trains it.
    Running,
    /// It reached a fidelity and may be resumed from its checkpoint.
    Paused,
    /// It reached its last fidelity.
    Complete,
    /// It was stopped early.
    Pruned,
    /// It ended without a value.
    Failed,
}

impl State {
    /// Whether the trial can no longer change.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Complete | Self::Pruned | Self::Failed)
    }
}

/// What was observed at one fidelity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The fidelity, in units of the ladder (epochs, say).
    pub fidelity: Fidelity,
    /// One value for each objective; NaN where it diverged.
    pub values: Vec<f64>,
}

/// One trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Its number: the position in the history.
    pub number: TrialId,
    /// What was chosen.
    pub config: Config,
    /// Where it stands.
    pub state: State,
    /// Observations at increasing fidelities.
    pub reports: Vec<Report>,
    /// The objective values: set when complete, and for a pruned trial those of its last report.
    pub values: Vec<f64>,
    /// Values of the black-box constraints; feasible where all are at most zero.
    pub constraints: Vec<f64>,
    /// Whatever else was noted.
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// When a worker first took it: microseconds since 1970, UTC.
    pub started: Option<i64>,
    /// When it finished: microseconds since 1970, UTC.
    pub finished: Option<i64>,
}

impl Trial {
    /// A trial that has not started.
    pub fn waiting(number: impl Into<TrialId>, config: Config) -> Self {
        Self {
            number: number.into(),
            config,
            state: State::Waiting,
            reports: Vec::new(),
            values: Vec::new(),
            constraints: Vec::new(),
            attributes: BTreeMap::new(),
            started: None,
            finished: None,
        }
    }

    /// The highest fidelity that was reported; zero before the first report.
    pub fn fidelity(&self) -> Fidelity {
        self.reports.last().map_or(Fidelity::ZERO, |report| report.fidelity)
    }

    /// The report at exactly this fidelity.
    pub fn report_at(&self, fidelity: impl Into<Fidelity>) -> Option<&Report> {
        let fidelity = fidelity.into();
        let position =
            self.reports.binary_search_by_key(&fidelity, |report| report.fidelity).ok()?;
        self.reports.get(position)
    }

    /// The objective values if it finished with some, else those of the last report.
    pub fn last_values(&self) -> Option<&[f64]> {
        if self.values.is_empty() {
            self.reports.last().map(|report| report.values.as_slice())
        } else {
            Some(&self.values)
        }
    }

    /// Whether no black-box constraint is violated (NaN counts as a violation).
    pub fn is_feasible(&self) -> bool {
        self.violation() <= 0.0
    }

    /// The sum of the positive constraint values; infinite if one is NaN.
    pub fn violation(&self) -> f64 {
        self.constraints.iter().map(|c| if c.is_nan() { f64::INFINITY } else { c.max(0.0) }).sum()
    }

    /// Gives a trial that ends early the values of its last report, unless one of them is NaN.
    pub(crate) fn keep_last_report(&mut self) {
        let last = self.reports.last().map(|report| report.values.clone()).unwrap_or_default();
        self.values = if last.iter().any(|v| v.is_nan()) { Vec::new() } else { last };
    }

    /// The trial as one that another program wrote and that does not fit the study, for this `reason`:
    /// failed, without a result. No sampler learns from it, and its row in the storage stays as it is.
    #[must_use]
    pub fn set_aside(self, reason: &str) -> Self {
        let attributes = [(attribute::SET_ASIDE.to_owned(), reason.into())].into();
        Self {
            state: State::Failed,
            attributes,
            started: self.started,
            finished: self.finished,
            ..Self::waiting(self.number, self.config)
        }
    }

    /// Why the trial was set aside; `None` for a trial that fits the study.
    pub fn misfit(&self) -> Option<&str> {
        self.attributes.get(attribute::SET_ASIDE)?.as_str()
    }

    /// Whether the trial is another program's and does not fit the study.
    pub fn is_set_aside(&self) -> bool {
        self.state == State::Failed && self.attributes.contains_key(attribute::SET_ASIDE)
    }

    /// Its running, or last, run; `None` before the first, and in a study without fidelities.
    pub fn run(&self) -> Option<Run> {
        Run::of(self)
    }

    /// The fidelity that its running, or last, run goes to.
    pub fn target(&self) -> Option<Fidelity> {
        self.run().map(|run| run.target)
    }

    /// An attribute as an unsigned integer.
    pub fn number_attribute(&self, key: &str) -> Option<u64> {
        self.attributes.get(key)?.as_u64()
    }
}

/// How an evaluation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It has objective values (one each, in order) and values of the black-box constraints.
    Complete {
        /// Objective values. A NaN makes the trial failed.
        values: Vec<f64>,
        /// Constraint values, feasible where at most zero. Empty where there are none, or where
        /// those that were recorded before stand.
        constraints: Vec<f64>,
    },
    /// It was stopped early; its last report stands.
    Pruned,
    /// It has no value.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// A failure with its reason.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into() }
    }

    /// Whether there are as many values as objectives, where there have to be.
    pub(crate) fn check(&self, number: TrialId, expected: usize) -> Result<(), HistoryError> {
        match self {
            Self::Complete { values, .. } if values.len() != expected => {
                Err(HistoryError::Values { number, found: values.len(), expected })
            }
            _ => Ok(()),
        }
    }

    /// Ends a trial: sets its state and what goes with it.
    pub(crate) fn end(self, trial: &mut Trial) {
        let mut failed = |reason: &str| {
            trial.state = State::Failed;
            trial.attributes.insert(attribute::REASON.to_owned(), reason.into());
        };
        match self {
            Self::Complete { values, .. } if values.iter().any(|v| v.is_nan()) => {
                failed("the objective is not a number");
            }
            Self::Complete { values, constraints } => {
                trial.state = State::Complete;
                trial.values = values;
                if !constraints.is_empty() {
                    trial.constraints = violated(constraints);
                }
            }
            Self::Pruned => {
                trial.state = State::Pruned;
                trial.keep_last_report();
            }
            Self::Failed { reason } => failed(&reason),
        }
    }
}

/// Values of constraints, of which a NaN counts as violated without bound, as every record has it.
pub(crate) fn violated(mut constraints: Vec<f64>) -> Vec<f64> {
    for value in constraints.iter_mut().filter(|value| value.is_nan()) {
        *value = f64::INFINITY;
    }
    constraints
}

impl From<f64> for Outcome {
    fn from(value: f64) -> Self {
        Self::from(vec![value])
    }
}

impl From<Vec<f64>> for Outcome {
    fn from(values: Vec<f64>) -> Self {
        Self::Complete { values, constraints: Vec::new() }
    }
}

impl<const N: usize> From<[f64; N]> for Outcome {
    fn from(values: [f64; N]) -> Self {
        Self::from(values.to_vec())
    }
}

impl<T: Into<Outcome>, E: std::fmt::Display> From<Result<T, E>> for Outcome {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => value.into(),
            Err(error) => Self::failed(error.to_string()),
        }
    }
}
