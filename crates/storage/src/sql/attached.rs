//! The state of an open study: what of its trials is known.

use super::database::{Failure, Session, integer};
use super::rows::{self, Loaded, Which};
use automl_space::Space;
use automl_study::{State, TrialId};
use std::collections::BTreeSet;

/// The state of an open study.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) study: i64,
    pub(super) space: Space,
    pub(super) objectives: usize,
    /// Row ids by trial number, without a gap.
    pub(super) ids: Vec<i64>,
    /// The trials that may change without a departure: those that run or wait.
    pub(super) watched: BTreeSet<TrialId>,
    /// The number of departures from the paused state that were seen.
    pub(super) departures: u64,
    /// Whether a trial was found in an unexpected state.
    pub(super) surprised: bool,
    /// The names of the black-box constraints, where another program has given them names.
    pub(super) constraint_names: Vec<String>,
}

impl Attached {
    pub(super) fn new(study: i64, space: &Space, objectives: usize) -> Self {
        Self {
            study,
            space: space.clone(),
            objectives,
            ids: Vec::new(),
            watched: BTreeSet::new(),
            departures: 0,
            surprised: true,
            constraint_names: Vec::new(),
        }
    }

    /// The row id of a trial.
    pub(super) fn id(
        &self,
        session: &mut dyn Session,
        number: TrialId,
    ) -> Result<Option<i64>, Failure> {
        if let Some(id) = self.ids.get(number.index()) {
            return Ok(Some(*id));
        }
        let sql = "SELECT trial_id FROM trials WHERE study_id = ?1 AND number = ?2";
        session.first(sql, &[self.study.into(), integer(number.0)?.into()], |row| row.int(0))
    }

    pub(super) fn last_id(&self) -> i64 {
        self.ids.last().copied().unwrap_or(0)
    }

    /// The number of the next trial, which is the number of trials. Only rows after the last known
    /// one are counted. The study is locked, so no other session adds a trial in this transaction.
    pub(super) fn next_number(&self, session: &mut dyn Session) -> Result<TrialId, Failure> {
        let lock = session.dialect().lock;
        if !lock.is_empty() {
            let sql = format!("SELECT study_id FROM studies WHERE study_id = ?1{lock}");
            session.number(&sql, &[self.study.into()])?;
        }
        let sql = "SELECT COUNT(*) FROM trials WHERE study_id = ?1 AND trial_id > ?2";
        let more = session.number(sql, &[self.study.into(), self.last_id().into()])?;
        Ok(TrialId(self.ids.len() as u64 + more.unsigned_abs()))
    }

    /// Stores the row id and the state of a trial.
    pub(super) fn remember(&mut self, number: TrialId, id: i64, state: State) {
        if number == self.ids.len() as u64 {
            self.ids.push(id);
        }
        self.watch(number, state);
    }

    pub(super) fn watch(&mut self, number: TrialId, state: State) {
        if matches!(state, State::Running | State::Waiting) {
            self.watched.insert(number);
        } else {
            self.watched.remove(&number);
        }
    }

    /// Marks a trial that was in an unexpected state for the next refresh.
    pub(super) fn suspect(&mut self, number: TrialId) {
        self.watched.insert(number);
        self.surprised = true;
    }

    /// Reads trials within a transaction.
    pub(super) fn load(
        &self,
        session: &mut dyn Session,
        which: Which<'_>,
    ) -> Result<Loaded, Failure> {
        rows::load(session, self.study, &self.space, self.objectives, which)
    }
}
