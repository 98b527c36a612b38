//! What a part is told of the study, and the kinds of studies that it supports.

use super::OptionError;
use crate::Ladder;
use automl_space::Space;

/// Properties of a study that are known before it starts.
#[derive(Clone, Copy, Debug)]
pub struct StudyContext<'a> {
    /// The search space.
    pub space: &'a Space,
    /// The number of objectives.
    pub objectives: usize,
    /// The number of black-box constraints.
    pub constraints: usize,
    /// The number of planned trials, where known.
    pub planned_trials: Option<u64>,
    /// The fidelities, if any.
    pub ladder: Option<&'a Ladder>,
    /// The total cost that may be spent, in the ladder's units.
    pub total_cost: Option<f64>,
    /// The largest number of trials that will ever start, where certain: halving cuts the last
    /// round to it.
    pub trial_limit: Option<u64>,
}

impl<'a> StudyContext<'a> {
    /// A study of one objective over `space`, without constraints, fidelities or limits.
    pub fn new(space: &'a Space) -> Self {
        Self {
            space,
            objectives: 1,
            constraints: 0,
            planned_trials: None,
            ladder: None,
            total_cost: None,
            trial_limit: None,
        }
    }

    /// The fidelities, for a part that needs some.
    ///
    /// # Errors
    /// [`OptionError::Unsupported`] where the study has none.
    pub fn ladder(&self, part: &'static str) -> Result<&'a Ladder, OptionError> {
        let reason = || "needs a fidelity".to_owned();
        self.ladder.ok_or_else(|| OptionError::Unsupported { part, reason: reason() })
    }
}

/// The kinds of studies that a part can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supports {
    /// Several objectives.
    pub several_objectives: bool,
    /// Studies without fidelities.
    pub without_fidelity: bool,
}

impl Supports {
    /// Every study.
    pub const EVERY_STUDY: Self = Self { several_objectives: true, without_fidelity: true };

    /// Studies of one objective.
    pub const ONE_OBJECTIVE: Self = Self { several_objectives: false, without_fidelity: true };

    /// Studies with fidelities.
    pub const WITH_FIDELITY: Self = Self { several_objectives: true, without_fidelity: false };

    /// Checks whether a study is of a supported kind.
    ///
    /// # Errors
    /// [`OptionError::Unsupported`] with the part's name.
    pub fn check(self, part: &'static str, study: &StudyContext<'_>) -> Result<(), OptionError> {
        self.check_counts(part, study.objectives, study.ladder.is_some())
    }

    /// Checks whether a study with so many objectives, with or without fidelities, is of a supported
    /// kind.
    ///
    /// # Errors
    /// [`OptionError::Unsupported`] with the part's name.
    pub fn check_counts(
        self,
        part: &'static str,
        objectives: usize,
        has_fidelity: bool,
    ) -> Result<(), OptionError> {
        let reason = if !self.several_objectives && objectives > 1 {
            format!("knows one objective only, and the study has {objectives}")
        } else if !self.without_fidelity && !has_fidelity {
            "needs a fidelity".into()
        } else {
            return Ok(());
        };
        Err(OptionError::Unsupported { part, reason })
    }
}
