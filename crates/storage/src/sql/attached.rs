//! The state of an open study: what of its trials is known.

use super::database::{Failure, Session, integer};
use super::departures::{self, Departures};
use super::rows::{self, Loaded, Which};
use super::studies::study_attribute;
use automl_space::{Config, Space};
use automl_study::{State, TrialId};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The configurations of running trials by row id, where they cannot change.
    pub(super) configs: BTreeMap<i64, Config>,
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
            configs: BTreeMap::new(),
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

    /// The number of the next trial, which is the number of trials, and a row id for it. Only rows after
    /// the last known one are counted. The study is locked, so no other session adds a trial in this
    /// transaction.
    pub(super) fn next_number(&self, session: &mut dyn Session) -> Result<(TrialId, i64), Failure> {
        let dialect = session.dialect();
        if !dialect.lock.is_empty() {
            let sql = format!("SELECT study_id FROM studies WHERE study_id = ?1{}", dialect.lock);
            session.execute(&sql, &[self.study.into()])?;
        }
        let sql = format!(
            "SELECT COUNT(*), {} FROM trials WHERE study_id + 0 = ?1 AND trial_id > ?2",
            dialect.next_id
        );
        let cells = [self.study.into(), self.last_id().into()];
        let found = session.first(&sql, &cells, |row| Ok((row.int(0)?, row.int(1)?)))?;
        let (more, id) = found.ok_or("trials cannot be counted")?;
        Ok((TrialId(self.ids.len() as u64 + more.unsigned_abs()), id))
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

    /// Reads the trials with row ids above one within a transaction.
    pub(super) fn load(&self, session: &mut dyn Session, after: i64) -> Result<Loaded, Failure> {
        let which = Which { after, listed: &[], configs: &BTreeMap::new() };
        rows::load(session, self.study, &self.space, self.objectives, which)
    }

    /// Reads what is new, in trials that are known or not, and the departures.
    pub(super) fn news(&self, session: &mut dyn Session) -> Result<(Loaded, Departures), Failure> {
        if self.ids.is_empty() {
            let text = study_attribute(session, self.study, departures::KEY)?;
            return Ok((self.load(session, 0)?, Departures::read(text.as_deref())));
        }
        let known = |numbers: &mut dyn Iterator<Item = &TrialId>| -> Vec<i64> {
            numbers.filter_map(|number| self.ids.get(number.index()).copied()).collect()
        };
        let read = |session: &mut dyn Session, after, listed: &[i64]| {
            let which = Which { after, listed, configs: &self.configs };
            let (space, objectives) = (&self.space, self.objectives);
            if session.dialect().is_far {
                return rows::news(
                    session,
                    (self.study, departures::KEY),
                    space,
                    objectives,
                    which,
                );
            }
            let text = study_attribute(session, self.study, departures::KEY)?;
            Ok((rows::load(session, self.study, space, objectives, which)?, text))
        };
        let (mut loaded, text) = read(session, self.last_id(), &known(&mut self.watched.iter()))?;
        let departures = Departures::read(text.as_deref());
        let Some(departed) = departures.since(self.departures) else {
            return Ok((self.load(session, 0)?, departures));
        };
        let more = known(&mut departed.iter().filter(|number| !self.watched.contains(number)));
        if !more.is_empty() {
            let last = loaded.trials.iter().map(|(id, _)| *id).fold(self.last_id(), i64::max);
            let (departed, _) = read(session, last, &more)?;
            loaded.trials.extend(departed.trials);
            loaded.settled.extend(departed.settled);
            loaded.trials.sort_by_key(|(id, _)| *id);
        }
        Ok((loaded, departures))
    }
}
