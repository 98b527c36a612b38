//! The state of a population, which follows from the rows of its trials.

use super::Population;
use super::lineage::Lineage;
use crate::ranking::{Key, RungResult};
use crate::top_share::TopShare;
use automl_study::{Fidelity, History, State, Trial, TrialId};
use std::collections::BTreeSet;

/// The end of one interval.
#[derive(Clone, Debug)]
pub(super) struct Rung {
    /// All but the worst share of the current population.
    pub(super) keep: TopShare<(Key, TrialId)>,
    /// The best share of the current population.
    pub(super) best: TopShare<(Key, TrialId)>,
    /// Trials that are paused here and not replaced, best first.
    pub(super) paused: BTreeSet<(Key, TrialId)>,
    /// Trials that failed after this and are not replaced.
    pub(super) failed: BTreeSet<TrialId>,
}

/// The state of a trial within its population.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) root: bool,
    pub(super) keys: Vec<Option<Key>>,
    pub(super) paused: Option<usize>,
    pub(super) failed: Option<usize>,
    pub(super) replaces: Option<TrialId>,
}

impl Population {
    /// Applies the changes of the history since the last call.
    pub(super) fn follow(&mut self, history: &History) {
        for trial in history.changed(&mut self.cursor) {
            self.place(history, trial);
        }
        self.turn();
    }

    /// Restarts the comparisons if the next population has begun.
    fn turn(&mut self) {
        let before = self.roots.len().saturating_sub(1);
        let first =
            self.roots.iter().nth_back(before % self.members).copied().unwrap_or(TrialId(0));
        if first == std::mem::replace(&mut self.first, first) {
            return;
        }
        for (rung, slot) in self.rungs.iter_mut().enumerate() {
            slot.keep.clear();
            slot.best.clear();
            for (number, place) in self.places.range(first..) {
                if let Some(key) = place.keys.get(rung).copied().flatten() {
                    slot.keep.insert((key, *number));
                    slot.best.insert((key, *number));
                }
            }
        }
    }

    fn place(&mut self, history: &History, trial: &Trial) {
        let new = self.read(history, trial);
        let old = self.places.get(&trial.number).cloned().unwrap_or_default();
        if new == old {
            return;
        }
        if new.root {
            self.roots.insert(trial.number);
        } else {
            self.roots.remove(&trial.number);
        }
        for (rung, slot) in self.rungs.iter_mut().enumerate() {
            let key = |place: &Place| place.keys.get(rung).copied().flatten();
            let (before, after) = (key(&old), key(&new));
            if before != after {
                if let Some(key) = before {
                    slot.keep.remove(&(key, trial.number));
                    slot.best.remove(&(key, trial.number));
                }
                if let Some(key) = after
                    && trial.number >= self.first
                {
                    slot.keep.insert((key, trial.number));
                    slot.best.insert((key, trial.number));
                }
            }
        }
        if let Some(rung) = old.paused {
            let key = old.keys[rung].unwrap_or(Key::worst());
            self.rungs[rung].paused.remove(&(key, trial.number));
        }
        if old.replaces != new.replaces {
            if let Some(number) = old.replaces {
                self.children.entry(number).and_modify(|children| *children -= 1);
            }
            if let Some(number) = new.replaces {
                *self.children.entry(number).or_default() += 1;
            }
        }
        let touched = [Some(trial.number), old.replaces, new.replaces];
        self.places.insert(trial.number, new);
        for number in touched.into_iter().flatten() {
            self.refresh(number);
        }
    }

    /// Lists a trial where it is paused or failed, unless it was replaced.
    fn refresh(&mut self, number: TrialId) {
        let Some(place) = self.places.get(&number) else { return };
        let open = self.children.get(&number).is_none_or(|children| *children == 0);
        for (rung, slot) in self.rungs.iter_mut().enumerate() {
            let key = place.keys.get(rung).copied().flatten().unwrap_or(Key::worst());
            if open && place.paused == Some(rung) {
                slot.paused.insert((key, number));
            } else {
                slot.paused.remove(&(key, number));
            }
            if open && place.failed == Some(rung) {
                slot.failed.insert(number);
            } else {
                slot.failed.remove(&number);
            }
        }
    }

    fn read(&self, history: &History, trial: &Trial) -> Place {
        let keys = (0..self.fidelities.len())
            .map(|rung| {
                let below = self.fidelities.get(rung + 1).copied().unwrap_or(Fidelity::MAX);
                RungResult::within(history, trial, self.fidelities[rung], below)
                    .map(|result| Key::of(&result))
            })
            .collect();
        let ours = trial.run().is_some();
        let started = ours && (trial.state != State::Waiting || !trial.reports.is_empty());
        let replaces = Lineage::of(trial).map(|lineage| lineage.replaced).filter(|_| started);
        let reached = self.fidelities.iter().rposition(|fidelity| trial.fidelity() >= *fidelity);
        let failed = matches!(trial.state, State::Pruned | State::Failed);
        // A failed trial stands where its job began: a root before the first comparison, which leaves
        // its place open, and a replacement at the rung of the trial that it replaced.
        let target = trial.target().unwrap_or(Fidelity::ZERO);
        let began = self.fidelities.iter().rposition(|fidelity| *fidelity < target);
        let stands = reached.max(began);
        Place {
            root: started && replaces.is_none() && !(failed && stands.is_none()),
            keys,
            paused: reached.filter(|_| trial.state == State::Paused),
            failed: stands.filter(|_| failed),
            replaces,
        }
    }
}
