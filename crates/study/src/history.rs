//! The append-only record that samplers and schedulers read.

use crate::{Direction, Fidelity, Report, State, Trial, TrialId};
use automl_space::Config;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use thiserror::Error;

/// Why the history refused a change. Nothing is changed then.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum HistoryError {
    /// There is no such trial.
    #[error("there is no trial {number}")]
    Unknown {
        /// The number.
        number: TrialId,
    },
    /// The trial has finished and can no longer change.
    #[error("trial {number} has already finished")]
    Finished {
        /// The number.
        number: TrialId,
    },
    /// A trial joined out of order.
    #[error("trial {number} cannot follow {len} trials")]
    Order {
        /// The number.
        number: TrialId,
        /// The number of trials so far.
        len: TrialId,
    },
    /// A report does not lie above the last one.
    #[error("trial {number} reported fidelity {fidelity} after fidelity {last}")]
    Fidelity {
        /// The number.
        number: TrialId,
        /// The fidelity of the refused report.
        fidelity: Fidelity,
        /// The fidelity of the last report.
        last: Fidelity,
    },
    /// The number of values differs from the number of objectives.
    #[error("trial {number}: {found} values for {expected} objectives")]
    Values {
        /// The number.
        number: TrialId,
        /// The number of values.
        found: usize,
        /// The number of objectives.
        expected: usize,
    },
}

/// What happened to a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It joined the history.
    Created,
    /// It reported at one more fidelity.
    Reported,
    /// Its state changed to this one.
    State(State),
}

/// One entry of the history's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The trial's number.
    pub trial: TrialId,
    /// What happened.
    pub kind: ChangeKind,
}

/// A position in the history's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(usize);

/// Everything that was tried, in order of trial numbers, and a log of what changed.
///
/// The log only serves caches: [`History::since`] hands out what is new since a cursor. A decision
/// must depend on the trials alone and not on the order of the log, because a study that is read
/// back from a storage has the same trials but not the same log.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_study::{Direction, History, State, Trial};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let mut history = History::new(vec![Direction::Minimize]);
/// history.push(Trial::waiting(0, space.decode(&[0.3])))?;
/// assert_eq!(history.count(State::Waiting), 1);
/// assert!(history.seen(&space.decode(&[0.3])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct History {
    directions: Vec<Direction>,
    trials: Vec<Trial>,
    changes: Vec<Change>,
    /// How many trials have the configuration of this hash.
    seen: HashMap<u64, u32>,
    /// How many trials are in each state, in the order of its variants.
    counts: [usize; 6],
    /// The numbers of the running trials.
    running: BTreeSet<TrialId>,
}

impl History {
    /// An empty history.
    pub fn new(directions: Vec<Direction>) -> Self {
        Self {
            directions,
            trials: Vec::new(),
            changes: Vec::new(),
            seen: HashMap::new(),
            counts: [0; 6],
            running: BTreeSet::new(),
        }
    }

    /// One direction for each objective.
    pub fn directions(&self) -> &[Direction] {
        &self.directions
    }

    /// All trials; the position is the number.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The number of trials.
    pub fn len(&self) -> usize {
        self.trials.len()
    }

    /// The number that the next trial gets.
    pub fn next_id(&self) -> TrialId {
        TrialId(self.trials.len() as u64)
    }

    /// Whether nothing was tried yet.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// The number of trials that are complete, pruned or failed.
    pub fn finished(&self) -> usize {
        [State::Complete, State::Pruned, State::Failed].map(|state| self.count(state)).iter().sum()
    }

    /// The number of trials in one state.
    pub fn count(&self, state: State) -> usize {
        self.counts[state as usize]
    }

    /// The trial of this number.
    pub fn get(&self, number: impl Into<TrialId>) -> Option<&Trial> {
        self.trials.get(number.into().index())
    }

    /// The trials in one state, in order. Listing the running ones takes time linear in their
    /// number, listing others may go through all trials.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = &Trial> {
        let count = self.count(state);
        let (listed, searched) = if state == State::Running { (count, 0) } else { (0, count) };
        let running = self.running.iter().take(listed).filter_map(|number| self.get(*number));
        let others = self.trials.iter().filter(move |trial| trial.state == state).take(searched);
        running.chain(others)
    }

    /// Objective values as losses: smaller is better in every one.
    pub fn losses(&self, values: &[f64]) -> Vec<f64> {
        self.directions.iter().zip(values).map(|(d, v)| d.loss(*v)).collect()
    }

    /// The first objective's value as a loss.
    pub fn loss(&self, values: &[f64]) -> f64 {
        match (self.directions.first(), values.first()) {
            (Some(direction), Some(value)) => direction.loss(*value),
            _ => f64::NAN,
        }
    }

    /// What changed since a cursor, and the cursor behind it. A fresh cursor is
    /// `Cursor::default()`.
    pub fn since(&self, cursor: Cursor) -> (&[Change], Cursor) {
        let start = cursor.0.min(self.changes.len());
        (&self.changes[start..], Cursor(self.changes.len()))
    }

    /// The trials that changed since a cursor, in the order of the log, and moves the cursor behind
    /// them. A trial that changed several times comes as often.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::{Cursor, Direction, History, Trial};
    ///
    /// let mut space = Space::builder();
    /// space.float("x", 0.0..=1.0).add()?;
    /// let space = space.build()?;
    /// let mut history = History::new(vec![Direction::Minimize]);
    /// let mut cursor = Cursor::default();
    /// history.push(Trial::waiting(0, space.decode(&[0.3])))?;
    /// assert_eq!(history.changed(&mut cursor).count(), 1);
    /// assert_eq!(history.changed(&mut cursor).count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn changed<'a>(&'a self, cursor: &mut Cursor) -> impl Iterator<Item = &'a Trial> + use<'a> {
        let (changes, end) = self.since(*cursor);
        *cursor = end;
        changes.iter().filter_map(|change| self.get(change.trial))
    }

    /// Whether some trial, in whatever state, has this configuration; those that were set aside do
    /// not count.
    pub fn seen(&self, config: &Config) -> bool {
        self.seen.contains_key(&fingerprint(config))
    }

    /// The number of distinct configurations.
    pub fn distinct(&self) -> usize {
        self.seen.len()
    }

    /// Adds a trial in whatever state it is.
    ///
    /// # Errors
    /// [`HistoryError::Order`] unless its number is the number of trials so far.
    pub fn push(&mut self, trial: Trial) -> Result<(), HistoryError> {
        let (number, len) = (trial.number, self.next_id());
        if number != len {
            return Err(HistoryError::Order { number, len });
        }
        if !trial.is_set_aside() {
            *self.seen.entry(fingerprint(&trial.config)).or_default() += 1;
        }
        self.changes.push(Change { trial: number, kind: ChangeKind::Created });
        if !trial.reports.is_empty() {
            self.changes.push(Change { trial: number, kind: ChangeKind::Reported });
        }
        if trial.state != State::Waiting {
            self.changes.push(Change { trial: number, kind: ChangeKind::State(trial.state) });
        }
        self.counts[trial.state as usize] += 1;
        if trial.state == State::Running {
            self.running.insert(number);
        }
        self.trials.push(trial);
        Ok(())
    }

    /// Adds a report to an unfinished trial.
    ///
    /// # Errors
    /// An unknown or finished trial, a step that does not lie above the last, a wrong number of
    /// values.
    pub fn report(
        &mut self,
        number: impl Into<TrialId>,
        report: Report,
    ) -> Result<(), HistoryError> {
        let number = number.into();
        self.check_report(number, &report)?;
        self.add(number, report)
    }

    fn add(&mut self, number: TrialId, report: Report) -> Result<(), HistoryError> {
        self.open(number)?.reports.push(report);
        self.changes.push(Change { trial: number, kind: ChangeKind::Reported });
        Ok(())
    }

    /// Whether [`History::report`] would accept the report.
    ///
    /// # Errors
    /// As [`History::report`].
    pub fn check_report(
        &self,
        number: impl Into<TrialId>,
        report: &Report,
    ) -> Result<(), HistoryError> {
        let number = number.into();
        let last = self.get(number).map(Trial::fidelity);
        self.check_after(last, number, report)
    }

    /// Checks a report of an unfinished trial against the fidelity of its last one.
    fn check_after(
        &self,
        last: Option<Fidelity>,
        number: TrialId,
        report: &Report,
    ) -> Result<(), HistoryError> {
        let trial = self.get(number).ok_or(HistoryError::Unknown { number })?;
        let expected = self.directions.len();
        if trial.state.is_finished() {
            Err(HistoryError::Finished { number })
        } else if Some(report.fidelity) <= last {
            let last = last.unwrap_or(Fidelity::ZERO);
            Err(HistoryError::Fidelity { number, fidelity: report.fidelity, last })
        } else if report.values.len() != expected {
            Err(HistoryError::Values { number, found: report.values.len(), expected })
        } else {
            Ok(())
        }
    }

    /// Changes the state of an unfinished trial; `update` sets what goes with the new state.
    ///
    /// # Errors
    /// An unknown or finished trial.
    pub fn set_state(
        &mut self,
        number: impl Into<TrialId>,
        state: State,
        update: impl FnOnce(&mut Trial),
    ) -> Result<(), HistoryError> {
        let number = number.into();
        let trial = self.open(number)?;
        let from = trial.state;
        update(trial);
        trial.number = number;
        trial.state = state;
        self.counts[from as usize] -= 1;
        self.counts[state as usize] += 1;
        if state == State::Running {
            self.running.insert(number);
        } else {
            self.running.remove(&number);
        }
        self.changes.push(Change { trial: number, kind: ChangeKind::State(state) });
        Ok(())
    }

    /// Brings a known trial up to date with a record of it: adds the reports that are new, and takes
    /// over its state and what goes with it. Returns whether that changed anything; a trial that has
    /// finished here stays as it is.
    ///
    /// # Errors
    /// An unknown trial, or reports that do not fit.
    pub fn update(&mut self, record: Trial) -> Result<bool, HistoryError> {
        let number = record.number;
        let known = self.get(number).ok_or(HistoryError::Unknown { number })?;
        if known.is_set_aside() {
            return Ok(self.replace(record));
        }
        if known.state.is_finished() {
            return Ok(false);
        }
        if record.is_set_aside() {
            self.forget(number);
            return Ok(self.replace(record));
        }
        // Optuna's first step is 0, which counts as no fidelity here.
        let known_last = known.reports.last().map(|report| report.fidelity);
        let moved = known.config != record.config;
        let same = !moved && is_same(known, &record);
        let new = record.reports.iter().filter(|report| Some(report.fidelity) > known_last);
        let (mut changed, mut last) = (!same, known_last);
        for report in new {
            self.check_after(last, number, report)?;
            last = Some(report.fidelity);
            self.add(number, report.clone())?;
            changed = true;
        }
        if moved {
            self.forget(number);
            *self.seen.entry(fingerprint(&record.config)).or_default() += 1;
        }
        if !same {
            self.set_state(number, record.state, |slot| {
                let reports = std::mem::take(&mut slot.reports);
                *slot = Trial { reports, ..record };
            })?;
        }
        Ok(changed)
    }

    /// Replaces a trial that was set aside, or is now, by its record. Returns whether they differ.
    fn replace(&mut self, record: Trial) -> bool {
        let (number, state) = (record.number, record.state);
        let Some(slot) = self.trials.get_mut(number.index()) else { return false };
        if *slot == record {
            return false;
        }
        self.counts[slot.state as usize] -= 1;
        self.counts[state as usize] += 1;
        let reported = !record.reports.is_empty();
        if !record.is_set_aside() {
            *self.seen.entry(fingerprint(&record.config)).or_default() += 1;
        }
        *slot = record;
        if state == State::Running {
            self.running.insert(number);
        } else {
            self.running.remove(&number);
        }
        if reported {
            self.changes.push(Change { trial: number, kind: ChangeKind::Reported });
        }
        self.changes.push(Change { trial: number, kind: ChangeKind::State(state) });
        true
    }

    /// Takes the configuration of a trial out of those that were seen.
    fn forget(&mut self, number: TrialId) {
        let Some(trial) = self.trials.get(number.index()) else { return };
        let old = fingerprint(&trial.config);
        if let Some(count) = self.seen.get_mut(&old) {
            *count -= 1;
            if *count == 0 {
                self.seen.remove(&old);
            }
        }
    }

    /// Sets an attribute of an unfinished trial.
    ///
    /// # Errors
    /// An unknown or finished trial.
    pub fn set_attribute(
        &mut self,
        number: impl Into<TrialId>,
        key: &str,
        value: serde_json::Value,
    ) -> Result<(), HistoryError> {
        self.open(number.into())?.attributes.insert(key.to_owned(), value);
        Ok(())
    }

    /// The complete, feasible trial with the best first objective; ties go to the earlier one.
    pub fn best(&self) -> Option<&Trial> {
        self.in_state(State::Complete)
            .filter(|trial| trial.is_feasible())
            .min_by(|a, b| self.loss(&a.values).total_cmp(&self.loss(&b.values)))
    }

    fn open(&mut self, number: TrialId) -> Result<&mut Trial, HistoryError> {
        match self.trials.get_mut(number.index()) {
            None => Err(HistoryError::Unknown { number }),
            Some(trial) if trial.state.is_finished() => Err(HistoryError::Finished { number }),
            Some(trial) => Ok(trial),
        }
    }
}

/// Whether two records of a trial agree in everything but configuration and reports.
fn is_same(a: &Trial, b: &Trial) -> bool {
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    a.state == b.state
        && a.attributes == b.attributes
        && (a.started, a.finished) == (b.started, b.finished)
        && bits(&a.values) == bits(&b.values)
        && bits(&a.constraints) == bits(&b.constraints)
}

/// A 64-bit hash with fixed keys; two different configurations share one with odds of 2^-64.
fn fingerprint(config: &Config) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(config)
}
