//! What other processes do to the study: their trials join the history, and the trials of those
//! that died are taken back.

use super::set_aside::note_set_aside;
use super::{RefreshError, Study, TellError, now};
use crate::study::resume::{completion, is_through};
use crate::{Expired, State, StoreError, Trial, TrialId};
use tracing::warn;

impl Study {
    /// Brings the history up to date with what other processes wrote, and now and then takes back
    /// the trials of those that fell silent or left. Called before every decision; nothing is done
    /// where the study has no storage or this process has it alone.
    ///
    /// # Errors
    /// [`RefreshError`] if the storage fails or what it holds is inconsistent.
    pub fn refresh(&mut self) -> Result<(), RefreshError> {
        if self.lease.alone || self.storage.is_none() {
            return Ok(());
        }
        self.catch_up()?;
        if self.lease.looks() {
            self.reclaim(Expired::Released(self.lease.duration()))?;
        }
        Ok(())
    }

    /// Takes the trials of dead workers back, as [`Study::release`] does, to be called when a process
    /// starts: those without a heartbeat for three intervals
    /// ([`StudyBuilder::heartbeat`](super::StudyBuilder::heartbeat)), and those that a worker left
    /// behind without an end. Without a storage, or where this process has the study alone
    /// ([`StudyBuilder::alone`](super::StudyBuilder::alone)), all running trials. Returns how many
    /// there were.
    ///
    /// # Errors
    /// [`TellError`] if the storage fails.
    pub fn recover(&mut self) -> Result<usize, TellError> {
        let all = self.lease.alone || self.storage.is_none();
        let which = if all { Expired::All } else { Expired::Released(self.lease.duration()) };
        self.catch_up()?;
        Ok(self.reclaim(which)?)
    }

    /// Reclaims every running trial; to be called only while no other process works on the study.
    /// Returns the number of trials.
    ///
    /// # Errors
    /// [`TellError`] if the storage fails.
    pub fn recover_all(&mut self) -> Result<usize, TellError> {
        self.catch_up()?;
        Ok(self.reclaim(Expired::All)?)
    }

    /// Reads what is new, also where this process thinks that it is alone.
    pub(super) fn catch_up(&mut self) -> Result<(), RefreshError> {
        let behind = self.behind;
        let Some(shared) = self.shared_storage() else { return Ok(()) };
        let mut records = shared.refresh()?;
        if behind {
            // It says only once what changed.
            records = shared.trials_from(TrialId(0))?;
        }
        self.behind = true;
        for record in records {
            let (number, state) = (record.number, record.state);
            if number >= self.history.next_id() {
                self.history.push(record)?;
            } else if !self.history.update(record)? {
                continue;
            }
            if state != State::Running {
                self.lease.end(number);
            }
            self.index(number);
            if let (Some(storage), Some(trial)) = (&mut self.storage, self.history.get(number)) {
                note_set_aside(&mut **storage, trial)?;
            }
        }
        self.behind = false;
        Ok(())
    }

    /// Reclaims the trials of expired leases; returns their number. A worker keeps its own trials where
    /// its heartbeat was late (the machine slept, or its clock jumped): the next beat renews them.
    fn reclaim(&mut self, which: Expired) -> Result<usize, RefreshError> {
        let expired = match self.shared_storage() {
            Some(shared) => shared.expired(which)?,
            None => self.history.in_state(State::Running).map(|trial| trial.number).collect(),
        };
        let mut taken = 0;
        for number in expired {
            if which != Expired::All && self.lease.holds(number) {
                continue;
            }
            let running = self.history.get(number).filter(|trial| trial.state == State::Running);
            let Some(after) = running.map(|trial| self.released(trial)) else { continue };
            let reclaimed = match &mut self.storage {
                Some(storage) => match storage.shared() {
                    Some(shared) => shared.reclaim(which, &after),
                    None => storage.transition(State::Running, &after),
                },
                None => Ok(true),
            };
            let ours = match reclaimed {
                Err(StoreError::Finished { .. }) => false,
                other => other?,
            };
            if ours {
                if which != Expired::All {
                    warn!(trial = number.0, state = ?after.state, "reclaimed from a lost worker");
                }
                self.settle(after)?;
                self.index(number);
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// A running trial as it is without its worker.
    pub(super) fn released(&self, trial: &Trial) -> Trial {
        let mut after = trial.clone();
        if is_through(trial, self.ladder.as_ref()) {
            completion(trial).end(&mut after);
            after.finished = Some(now());
        } else if trial.reports.is_empty() || self.ladder.is_none() {
            after.state = State::Waiting;
        } else {
            after.state = State::Paused;
        }
        after
    }

    /// Takes over into the history what was written of a trial.
    pub(super) fn settle(&mut self, trial: Trial) -> Result<(), crate::HistoryError> {
        let (number, state) = (trial.number, trial.state);
        self.history.set_state(number, state, |slot| *slot = trial)?;
        if state != State::Running {
            self.lease.end(number);
            self.waiting.remove(&number);
            self.interrupted.remove(&number);
        }
        Ok(())
    }
}
