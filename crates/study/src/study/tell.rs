//! Tell: what a running trial reached, and how it ended.

use super::resume::is_through;
use super::{Study, TellError, now};
use crate::trial::violated;
use crate::{Fidelity, HistoryError, Outcome, Report, State, StoreError, Trial, TrialId, Verdict};
use tracing::warn;

impl Study {
    /// Records what a running trial reached at one fidelity and returns the scheduler's verdict,
    /// which has already been carried out for [`Verdict::Pause`] and [`Verdict::Stop`]. After
    /// [`Verdict::Complete`] the caller tells the final outcome.
    ///
    /// A fidelity that was reported before (by a worker that died) is not recorded again.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or no longer this worker's, the values do not fit,
    /// or the storage fails.
    pub fn report(
        &mut self,
        number: impl Into<TrialId>,
        fidelity: impl Into<Fidelity>,
        values: Vec<f64>,
    ) -> Result<Verdict, TellError> {
        let (number, fidelity) = (number.into(), fidelity.into());
        self.refresh()?;
        let trial = self.running(number)?;
        let known = trial.report_at(fidelity).is_some();
        let report = Report { fidelity, values };
        if !known {
            self.history.check_report(number, &report)?;
        }
        if let Some(storage) = &mut self.storage {
            // A known report writes nothing, but the trial may be another worker's by now.
            let written = match storage.shared() {
                Some(shared) => shared.report(number, &report),
                None if known => Ok(()),
                None => storage.report(number, &report),
            };
            if let Err(error) = written {
                return Err(self.refused(error));
            }
        }
        if !known {
            self.history.report(number, report)?;
        }
        let last = self.history.get(number).map_or(fidelity, Trial::fidelity);
        let verdict = if fidelity < last { Verdict::Continue } else { self.judge(number) };
        match verdict {
            Verdict::Pause => self.change(number, |trial| trial.state = State::Paused)?,
            Verdict::Stop => self.tell(number, Outcome::Pruned)?,
            Verdict::Continue | Verdict::Complete => {}
        }
        Ok(verdict)
    }

    /// Records how a running trial ended. A NaN among the objective values makes it failed.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or no longer this worker's, the values do not fit,
    /// or the storage fails.
    pub fn tell(
        &mut self,
        number: impl Into<TrialId>,
        outcome: impl Into<Outcome>,
    ) -> Result<(), TellError> {
        let (number, outcome) = (number.into(), outcome.into());
        self.running(number)?;
        outcome.check(number, self.history.directions().len())?;
        self.change(number, |trial| outcome.end(trial))
    }

    /// Takes a running trial back from a worker that will not report any more. Where fidelities
    /// differ and it has reported, it is paused and [`Study::next_job`] hands it out again to the
    /// fidelity that it was meant to reach; otherwise it waits to be started again. A trial
    /// that has reported at the highest fidelity is complete.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or the storage fails.
    pub fn release(&mut self, number: impl Into<TrialId>) -> Result<(), TellError> {
        let number = number.into();
        let after = self.released(self.running(number)?);
        self.change(number, |trial| *trial = after)?;
        self.index(number);
        Ok(())
    }

    /// Ends paused and waiting trials: the search is over, so they become pruned with the values
    /// of their last report (waiting ones fail). Returns how many there were.
    ///
    /// # Errors
    /// [`TellError`] if the storage fails.
    pub fn finalize(&mut self) -> Result<usize, TellError> {
        self.refresh()?;
        let open: Vec<(TrialId, bool)> = self
            .history
            .trials()
            .iter()
            .filter(|t| matches!(t.state, State::Paused | State::Waiting))
            .map(|t| (t.number, t.reports.is_empty()))
            .collect();
        for &(number, empty) in &open {
            let outcome = if empty {
                Outcome::failed("the search ended before it started")
            } else {
                Outcome::Pruned
            };
            self.end_open(number, outcome)?;
        }
        Ok(open.len())
    }

    /// Notes something about an unfinished trial.
    ///
    /// # Errors
    /// [`TellError`] if the trial is unknown or finished or the storage fails.
    pub fn set_attribute(
        &mut self,
        number: impl Into<TrialId>,
        key: &str,
        value: serde_json::Value,
    ) -> Result<(), TellError> {
        let number = number.into();
        let state = self.history.get(number).ok_or(HistoryError::Unknown { number })?.state;
        if state.is_finished() {
            return Err(HistoryError::Finished { number }.into());
        }
        self.change(number, |trial| {
            trial.attributes.insert(key.to_owned(), value);
        })
    }

    /// Records what the black-box constraints of a running trial are now (feasible where at most
    /// zero), to be called before [`Study::report`] so that the scheduler judges by them.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or the storage fails.
    pub fn constrain(
        &mut self,
        number: impl Into<TrialId>,
        constraints: Vec<f64>,
    ) -> Result<(), TellError> {
        let number = number.into();
        self.running(number)?;
        self.change(number, |trial| trial.constraints = violated(constraints))
    }

    /// What becomes of a trial by its last report.
    pub(super) fn judge(&mut self, number: TrialId) -> Verdict {
        match &mut self.scheduler {
            Some(scheduler) => scheduler.verdict(&self.history, number),
            None => match self.history.get(number) {
                Some(trial) if is_through(trial, self.ladder.as_ref()) => Verdict::Complete,
                _ => Verdict::Continue,
            },
        }
    }

    fn running(&self, number: TrialId) -> Result<&Trial, TellError> {
        let trial = self.history.get(number).ok_or(HistoryError::Unknown { number })?;
        match trial.state {
            State::Running => Ok(trial),
            state if state.is_finished() => Err(HistoryError::Finished { number }.into()),
            state => Err(TellError::NotRunning { number, state }),
        }
    }

    /// Changes an unfinished trial in the storage, then in the history.
    pub(super) fn change(
        &mut self,
        number: TrialId,
        update: impl FnOnce(&mut Trial),
    ) -> Result<(), TellError> {
        let mut trial = self.history.get(number).ok_or(HistoryError::Unknown { number })?.clone();
        let from = trial.state;
        update(&mut trial);
        let state = trial.state;
        if state.is_finished() {
            trial.finished = Some(now());
        }
        if let Some(storage) = &mut self.storage {
            match storage.transition(from, &trial) {
                Ok(true) => {}
                Ok(false) if from == State::Running => return Err(TellError::LeaseLost { number }),
                Ok(false) => return Err(TellError::NotRunning { number, state: from }),
                Err(error) => return Err(self.refused(error)),
            }
        }
        Ok(self.settle(trial)?)
    }

    /// Why a result was refused. A trial that another worker has taken is no longer this one's.
    fn refused(&mut self, error: StoreError) -> TellError {
        if let StoreError::Taken { number } = error {
            warn!(trial = number.0, worker = self.lease.worker, "the lease of a trial is lost");
            self.lease.end(number);
        }
        error.into()
    }
}
