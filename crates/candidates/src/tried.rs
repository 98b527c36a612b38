//! A fact about the configuration of each trial, kept up to date with the history.

use automl_space::Config;
use automl_study::{Cursor, History, TrialId};
use std::collections::BTreeMap;

/// A fact about the configuration of each trial. It is a function of the trials, so samplers that
/// decide by it keep their law.
#[derive(Debug)]
pub(crate) struct Tried<T> {
    facts: BTreeMap<TrialId, (Config, T)>,
    cursor: Cursor,
}

impl<T> Default for Tried<T> {
    fn default() -> Self {
        Self { facts: BTreeMap::new(), cursor: Cursor::default() }
    }
}

impl<T> Tried<T> {
    /// Takes in what is new in the history. `changed` gets each new fact and the one it replaces:
    /// another program may choose the parameters of a running trial one after the other.
    pub(crate) fn follow(
        &mut self,
        history: &History,
        fact: impl Fn(&Config) -> T,
        mut changed: impl FnMut(Option<T>, &T),
    ) {
        for trial in history.changed(&mut self.cursor) {
            if self.facts.get(&trial.number).is_some_and(|(known, _)| *known == trial.config) {
                continue;
            }
            let new = fact(&trial.config);
            let former = self.facts.remove(&trial.number).map(|(_, former)| former);
            changed(former, &new);
            self.facts.insert(trial.number, (trial.config.clone(), new));
        }
    }

    /// The facts, by number of their trial.
    pub(crate) fn facts(&self) -> impl Iterator<Item = &T> {
        self.facts.values().map(|(_, fact)| fact)
    }
}
