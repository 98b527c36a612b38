//! The run record: what a job of a trial is for, as attributes of the trial.

use crate::{Fidelity, Trial, TrialId, attribute};
use serde_json::Value;

/// One run of a trial, as a scheduler orders it: the fidelity to train to, and the place of the trial
/// among the others.
///
/// The study writes it into the trial's attributes when the trial starts ([`attribute::UNTIL`],
/// [`attribute::BRACKET`], [`attribute::WARM_START`], [`attribute::REPLACES`]), and [`Trial::run`] reads
/// it back. A resumed trial keeps its run with another target.
///
/// # Examples
/// ```
/// use automl_study::{Fidelity, Job, Run, TrialId};
///
/// let run = Run::to(Fidelity(3)).in_bracket(1);
/// assert_eq!((run.target, run.bracket), (Fidelity(3), Some(1)));
/// // A child in population-based training.
/// let child = Run::to(Fidelity(6)).continuing(TrialId(4)).replacing(TrialId(9));
/// assert_eq!(child.warm_start, Some(TrialId(4)));
/// assert_ne!(Job::Start(run), Job::Start(child));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The fidelity to train to.
    pub target: Fidelity,
    /// The bracket that the trial belongs to, where the scheduler has several.
    pub bracket: Option<u64>,
    /// The trial with the checkpoint that this one continues: weights and optimizer state. Absent for
    /// a trial that starts from scratch.
    pub warm_start: Option<TrialId>,
    /// The trial that this one replaces in its population.
    pub replaces: Option<TrialId>,
}

impl Run {
    /// A run from scratch, in no bracket.
    pub const fn to(target: Fidelity) -> Self {
        Self { target, bracket: None, warm_start: None, replaces: None }
    }

    /// The same run in a bracket.
    #[must_use]
    pub const fn in_bracket(self, bracket: u64) -> Self {
        Self { bracket: Some(bracket), ..self }
    }

    /// The same run from the checkpoint of another trial.
    #[must_use]
    pub const fn continuing(self, parent: TrialId) -> Self {
        Self { warm_start: Some(parent), ..self }
    }

    /// The same run in the place of another trial.
    #[must_use]
    pub const fn replacing(self, trial: TrialId) -> Self {
        Self { replaces: Some(trial), ..self }
    }

    /// The run that a trial's attributes record; `None` for a trial that never ran in a study with
    /// fidelities.
    ///
    /// Records of earlier versions have parent and replaced trial of population-based training in one
    /// number, `parent * 2^32 + replaced`, as the bracket. A bracket of at least `2^32` is read so.
    pub(crate) fn of(trial: &Trial) -> Option<Self> {
        let number = |key| trial.number_attribute(key);
        let target = Fidelity(number(attribute::UNTIL)?);
        let run = Self {
            target,
            bracket: number(attribute::BRACKET),
            warm_start: number(attribute::WARM_START).map(TrialId),
            replaces: number(attribute::REPLACES).map(TrialId),
        };
        Some(match run.bracket {
            Some(packed) if packed >> 32 > 0 => {
                let (parent, replaced) = (TrialId(packed >> 32), TrialId(packed & 0xffff_ffff));
                Self::to(target).continuing(parent).replacing(replaced)
            }
            _ => run,
        })
    }

    /// Writes the run of a trial that starts, in place of an earlier one; `None` in a study without
    /// fidelities.
    pub(crate) fn record(run: Option<Self>, trial: &mut Trial) {
        let entries = [
            (attribute::UNTIL, run.map(|run| run.target.0)),
            (attribute::BRACKET, run.and_then(|run| run.bracket)),
            (attribute::WARM_START, run.and_then(|run| run.warm_start).map(u64::from)),
            (attribute::REPLACES, run.and_then(|run| run.replaces).map(u64::from)),
        ];
        for (key, value) in entries {
            // One that lost its worker may have had a run before, and no storage removes attributes.
            if value.is_some() || trial.attributes.contains_key(key) {
                trial.attributes.insert(key.to_owned(), value.map_or(Value::Null, Value::from));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Space;

    fn trial() -> Trial {
        let mut space = Space::builder();
        space.float("x", 0.0..=1.0).add().unwrap();
        Trial::waiting(0, space.build().unwrap().decode(&[0.5]))
    }

    /// A later run leaves nothing of an earlier one.
    #[test]
    fn what_is_recorded_is_read_back() {
        let mut trial = trial();
        assert_eq!(trial.run(), None);
        let full = Run::to(Fidelity(3)).in_bracket(2).continuing(TrialId(0)).replacing(TrialId(7));
        for run in [Some(full), Some(Run::to(Fidelity(9))), None] {
            Run::record(run, &mut trial);
            assert_eq!(trial.run(), run);
        }
    }

    /// As builds before the typed record wrote it: parent 10, replaced trial 3.
    #[test]
    fn packed_numbers_are_understood() {
        let mut trial = trial();
        trial.attributes.insert(attribute::UNTIL.into(), 6.into());
        trial.attributes.insert(attribute::BRACKET.into(), (10u64 << 32 | 3).into());
        let run = Run::to(Fidelity(6)).continuing(TrialId(10)).replacing(TrialId(3));
        assert_eq!(trial.run(), Some(run));
        trial.attributes.insert(attribute::BRACKET.into(), 3.into());
        assert_eq!(trial.run(), Some(Run::to(Fidelity(6)).in_bracket(3)));
    }
}
