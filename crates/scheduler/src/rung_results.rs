//! Results by rung, best first, for samplers that use fidelities.

use crate::ranking::{self, Key, RungResult};
use automl_study::{Cursor, Fidelity, History, State, Trial, TrialId};
use std::collections::{BTreeSet, HashMap};

/// The results at each rung, updated trial by trial; a function of the trials.
///
/// A trial that failed on its way to a rung is listed there as the worst.
#[derive(Clone, Debug)]
pub(crate) struct RungResults {
    fidelities: Vec<Fidelity>,
    rungs: Vec<BTreeSet<(Key, TrialId)>>,
    places: HashMap<TrialId, Vec<Option<Key>>>,
    cursor: Cursor,
}

impl RungResults {
    /// Creates rungs at increasing fidelities.
    pub(crate) fn new(fidelities: Vec<Fidelity>) -> Self {
        let rungs = vec![BTreeSet::new(); fidelities.len()];
        Self { fidelities, rungs, places: HashMap::new(), cursor: Cursor::default() }
    }

    /// Updates the results in a slot, or replaces them if they are over other fidelities.
    pub(crate) fn current<'a>(
        slot: &'a mut Option<Self>,
        fidelities: &[Fidelity],
        history: &History,
    ) -> &'a Self {
        if slot.as_ref().is_some_and(|results| results.fidelities != fidelities) {
            *slot = None;
        }
        let results = slot.get_or_insert_with(|| Self::new(fidelities.to_vec()));
        results.follow(history);
        results
    }

    fn follow(&mut self, history: &History) {
        for trial in history.changed(&mut self.cursor) {
            let keys: Vec<Option<Key>> =
                (0..self.fidelities.len()).map(|rung| self.key(history, trial, rung)).collect();
            let old = self.places.insert(trial.number, keys.clone()).unwrap_or_default();
            for (rung, new) in keys.into_iter().enumerate() {
                let before = old.get(rung).copied().flatten();
                if before != new {
                    before.map(|key| self.rungs[rung].remove(&(key, trial.number)));
                    new.map(|key| self.rungs[rung].insert((key, trial.number)));
                }
            }
        }
    }

    fn key(&self, history: &History, trial: &Trial, rung: usize) -> Option<Key> {
        let fidelity = self.fidelities[rung];
        let below = self.fidelities.get(rung + 1).copied().unwrap_or(Fidelity::MAX);
        let target = trial.target().unwrap_or(Fidelity::ZERO);
        match RungResult::within(history, trial, fidelity, below) {
            Some(result) => Some(Key::of(&result)),
            None if trial.state == State::Failed && (fidelity..below).contains(&target) => {
                Some(Key::worst())
            }
            None => None,
        }
    }

    /// The fidelities of the rungs, in increasing order.
    pub(crate) fn fidelities(&self) -> &[Fidelity] {
        &self.fidelities
    }

    /// The number of results at a rung.
    pub(crate) fn count(&self, rung: usize) -> usize {
        self.rungs[rung].len()
    }

    /// The highest rung with at least `least` results.
    pub(crate) fn highest(&self, least: usize) -> Option<usize> {
        self.rungs.iter().rposition(|rung| rung.len() >= least)
    }

    /// The trials with a result other than NaN at a rung, best first by the first objective.
    pub(crate) fn best(&self, rung: usize) -> impl Iterator<Item = TrialId> {
        let numbers = self.rungs[rung].iter().take_while(|(key, _)| key.is_number());
        numbers.map(|(_, number)| *number)
    }

    /// All trials of a rung, best first; several objectives are ordered by non-domination rank and
    /// crowding distance, which takes `O(n log n)`.
    pub(crate) fn order(&self, history: &History, rung: usize) -> Vec<TrialId> {
        let numbers: Vec<TrialId> = self.rungs[rung].iter().map(|(_, number)| *number).collect();
        if history.directions().len() < 2 {
            return numbers;
        }
        let objectives = history.directions().len();
        let below = self.fidelities.get(rung + 1).copied().unwrap_or(Fidelity::MAX);
        let results: Vec<RungResult> = numbers
            .iter()
            .map(|number| {
                let trial = history.get(*number);
                trial
                    .and_then(|t| RungResult::within(history, t, self.fidelities[rung], below))
                    .unwrap_or(RungResult::worst(objectives))
            })
            .collect();
        let all: Vec<&RungResult> = results.iter().collect();
        ranking::order(&all).into_iter().map(|i| numbers[i]).collect()
    }
}
