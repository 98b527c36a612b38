//! What a population needs next: a root, a replacement, or a member that continues.

use super::Population;
use super::follow::Rung;
use crate::ranking::Key;
use automl_numeric::stream;
use automl_study::{History, State, TrialId};
use rand::RngExt;

/// The next action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A new trial replaces another one.
    Exploit { rung: usize, parent: TrialId, replaced: TrialId },
    /// A paused trial continues.
    Resume { rung: usize, trial: TrialId },
    /// An initial member starts, because the population is not full.
    Root,
}

impl Population {
    /// Whether the limit of trials is reached and none waits to start again.
    pub(super) fn is_full(&self, history: &History) -> bool {
        self.limit.is_some_and(|limit| history.len() as u64 >= limit)
            && history.count(State::Waiting) == 0
    }

    /// Whether a trial is above the share that is replaced at a rung, or belongs to an earlier
    /// population.
    fn stays(&self, rung: &Rung, at: &(Key, TrialId)) -> bool {
        at.1 < self.first || at.0.is_number() && rung.keep.is_best(at)
    }

    /// The worst paused trial at the lowest rung among those above the share that is replaced.
    fn survivor(&self) -> Option<Due> {
        let below_top = self.rungs.iter().take(self.rungs.len() - 1);
        below_top.enumerate().find_map(|(rung, slot)| {
            let &(_, trial) = slot.paused.iter().rev().find(|at| self.stays(slot, at))?;
            Some(Due::Resume { rung, trial })
        })
    }

    /// The next action at the lowest rung that has one.
    pub(super) fn due(&self, history: &History) -> Option<Due> {
        if self.is_full(history) {
            return self.survivor();
        }
        if !self.roots.len().is_multiple_of(self.members) {
            return Some(Due::Root);
        }
        // Failures that were not replaced while their population lasted ended with it.
        let below_top = self.rungs.iter().take(self.rungs.len() - 1);
        below_top.enumerate().find_map(|(rung, slot)| {
            let fork = |replaced: TrialId| {
                let parent = self.parent_for(history, rung, replaced)?;
                Some(Due::Exploit { rung, parent, replaced })
            };
            if let Some(due) =
                slot.failed.range(self.first..).next().and_then(|failed| fork(*failed))
            {
                return Some(due);
            }
            // The worst first: the best must still be here to be copied.
            let &(key, trial) = slot.paused.last()?;
            let stays = self.stays(slot, &(key, trial));
            let replacement = if stays { None } else { fork(trial) };
            Some(replacement.unwrap_or(Due::Resume { rung, trial }))
        })
    }

    /// A random trial of the best share at a rung, among those with their newest checkpoint there.
    fn parent_for(&self, history: &History, rung: usize, replaced: TrialId) -> Option<TrialId> {
        let slot = &self.rungs[rung];
        let is_here = |number: TrialId| {
            number != replaced
                && self.children.get(&number).is_none_or(|children| *children == 0)
                && history.get(number).is_some_and(|trial| {
                    !matches!(trial.state, State::Pruned | State::Failed)
                        && trial.fidelity() < self.fidelities[rung + 1]
                })
        };
        let parents: Vec<TrialId> = slot
            .best
            .best()
            .filter(|(key, number)| key.is_number() && is_here(*number))
            .map(|(_, number)| *number)
            .collect();
        let mut rng = stream(rung as u64, replaced.0, "population");
        (!parents.is_empty()).then(|| parents[rng.random_range(0..parents.len())])
    }
}
