//! Individuals: evaluated trials with what selection compares.

use automl_numeric::order;
use automl_study::{Fidelity, History, State, Trial, TrialId};
use std::cmp::Ordering;

/// The key of selection for one objective: feasible before infeasible, smaller before larger
/// violation, higher before lower fidelity (schedulers promote the better trials), then smaller loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SortKey {
    /// The sum of the violations of black-box constraints; infinite for a trial without a value.
    pub(crate) violation: f64,
    /// The fidelity of the losses; `u64::MAX` for a complete trial.
    pub(crate) fidelity: Fidelity,
    /// The first loss; infinite for a trial without a value.
    pub(crate) loss: f64,
}

impl SortKey {
    /// The order of selection: `Less` is better.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.compare_before_loss(other).then(order::compare(self.loss, other.loss))
    }

    /// The order by violation and fidelity: `Less` is better.
    pub(crate) fn compare_before_loss(&self, other: &Self) -> Ordering {
        order::compare(self.violation, other.violation).then(other.fidelity.cmp(&self.fidelity))
    }
}

/// An evaluated trial: finished, or paused with a report.
#[derive(Clone, Debug)]
pub(crate) struct Individual<'a> {
    pub(crate) trial: &'a Trial,
    pub(crate) key: SortKey,
    /// All losses, for several objectives only. `[m]`
    several: Vec<f64>,
}

/// Identity of an evaluated trial for caches: its number, and the bits of what selection compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrialFingerprint {
    number: TrialId,
    violation: u64,
    /// Hash of fidelity and losses.
    result: u64,
}

impl<'a> Individual<'a> {
    /// All individuals in order of their trial numbers.
    ///
    /// Pruned and paused trials count with their last values; failed trials and those with a NaN
    /// are worse than all others, and those that were set aside do not count.
    pub(crate) fn all(history: &'a History) -> Vec<Self> {
        let is_paused =
            |trial: &Trial| trial.state == State::Paused && trial.last_values().is_some();
        let is_evaluated = |trial: &&Trial| {
            (trial.state.is_finished() || is_paused(trial)) && !trial.is_set_aside()
        };
        history.trials().iter().filter(is_evaluated).map(|trial| Self::of(history, trial)).collect()
    }

    fn of(history: &History, trial: &'a Trial) -> Self {
        let m = history.directions().len();
        let values = if trial.state == State::Failed { None } else { trial.last_values() };
        let values = values.filter(|v| v.len() == m && v.iter().all(|value| !value.is_nan()));
        match values {
            Some(values) => Self {
                trial,
                key: SortKey {
                    // An empty sum is -0.0, and fingerprints compare bits.
                    violation: trial.violation() + 0.0,
                    fidelity: if trial.state == State::Complete {
                        Fidelity::MAX
                    } else {
                        trial.fidelity()
                    },
                    loss: history.loss(values),
                },
                several: if m > 1 { history.losses(values) } else { Vec::new() },
            },
            None => Self {
                trial,
                key: SortKey {
                    violation: f64::INFINITY,
                    fidelity: Fidelity::ZERO,
                    loss: f64::INFINITY,
                },
                several: if m > 1 { vec![f64::INFINITY; m] } else { Vec::new() },
            },
        }
    }

    /// One loss for each objective. `[m]`
    pub(crate) fn losses(&self) -> &[f64] {
        if self.several.is_empty() { std::slice::from_ref(&self.key.loss) } else { &self.several }
    }

    /// The individual's identity for caches.
    pub(crate) fn fingerprint(&self) -> TrialFingerprint {
        let mix = |hash: u64, loss: &f64| hash.rotate_left(17) ^ loss.to_bits();
        TrialFingerprint {
            number: self.trial.number,
            violation: self.key.violation.to_bits(),
            result: self.losses().iter().fold(self.key.fidelity.0, mix),
        }
    }
}

/// Whether a cache made from the individuals with these fingerprints is valid: they are the first
/// ones.
pub(crate) fn is_prefix(fingerprints: &[TrialFingerprint], all: &[Individual<'_>]) -> bool {
    fingerprints.len() <= all.len()
        && fingerprints.iter().zip(all).all(|(known, own)| *known == own.fingerprint())
}
