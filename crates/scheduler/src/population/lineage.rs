//! Where a member of a population comes from, as its run records it.

use automl_study::{Trial, TrialId};

/// The origin of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    /// The trial with the checkpoint and configuration that it continues.
    pub(super) parent: TrialId,
    /// The trial in the place of which it stands.
    pub(super) replaced: TrialId,
}

impl Lineage {
    /// `None` for a root.
    ///
    /// In records of earlier versions the bracket is `parent * 2^32 + replaced`. The study reads such
    /// numbers, but for those of parent 0, which look like a bracket; a population has no brackets.
    pub(super) fn of(trial: &Trial) -> Option<Self> {
        let run = trial.run()?;
        match (run.warm_start, run.replaces, run.bracket) {
            (Some(parent), Some(replaced), _) => Some(Self { parent, replaced }),
            (_, _, Some(replaced)) => {
                Some(Self { parent: TrialId(0), replaced: TrialId(replaced) })
            }
            _ => None,
        }
    }
}
