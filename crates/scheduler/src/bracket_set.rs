//! The rungs of several brackets: trials compete within their bracket.

use crate::rungs::Rungs;
use automl_study::{Cursor, History, State, TrialId};
use std::collections::{BTreeSet, HashMap};

/// The rungs of all brackets, distinguished by the bracket attribute of trials.
#[derive(Clone, Debug, Default)]
pub(crate) struct BracketSet {
    brackets: Vec<Rungs>,
    /// The bracket of each trial that has one.
    of: HashMap<TrialId, usize>,
    cursor: Cursor,
}

impl BracketSet {
    /// Updates the brackets and returns those that changed. `make` creates the rungs of a new bracket;
    /// `None` if there is no such bracket.
    pub(crate) fn follow(
        &mut self,
        history: &History,
        make: impl Fn(usize) -> Option<Rungs>,
    ) -> BTreeSet<usize> {
        let mut touched = BTreeSet::new();
        for trial in history.changed(&mut self.cursor) {
            // A trial that waits to start again belongs to no bracket until it does.
            let run = trial.run().filter(|_| trial.state != State::Waiting);
            let bracket = run.and_then(|run| run.bracket);
            // There are no more brackets than trials: such a number is not of this scheduler.
            let bracket = bracket
                .and_then(|bracket| usize::try_from(bracket).ok())
                .filter(|bracket| *bracket <= history.len());
            // A trial that lost its worker before its first report may start again elsewhere.
            if let Some(old) = self.of.get(&trial.number).copied()
                && bracket != Some(old)
            {
                self.brackets[old].forget(trial.number);
                self.of.remove(&trial.number);
                touched.insert(old);
            }
            let Some(bracket) = bracket else { continue };
            while self.brackets.len() <= bracket {
                let Some(rungs) = make(self.brackets.len()) else { break };
                touched.insert(self.brackets.len());
                self.brackets.push(rungs);
            }
            if let Some(rungs) = self.brackets.get_mut(bracket) {
                self.of.insert(trial.number, bracket);
                rungs.place(history, trial);
                touched.insert(bracket);
            }
        }
        touched
    }

    pub(crate) fn len(&self) -> usize {
        self.brackets.len()
    }

    pub(crate) fn get(&self, bracket: usize) -> &Rungs {
        &self.brackets[bracket]
    }
}
