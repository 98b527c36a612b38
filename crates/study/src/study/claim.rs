//! Claims: how a trial becomes this worker's, and the queues of trials that can be claimed.

use super::resume::is_through;
use super::{AskError, Assignment, Study, TellError, now};
use crate::{Fidelity, HistoryError, State, Storage, StoreError, Trial, TrialId, attribute};
use tracing::debug;

impl Study {
    /// Goes on with a paused trial that the scheduler promotes; `None` where another process was
    /// faster, with this trial or with another, on which the promotion depends.
    pub(super) fn resume(
        &mut self,
        number: TrialId,
        target: Fidelity,
    ) -> Result<Option<Assignment>, AskError> {
        match self.history.get(number).map(|trial| trial.state) {
            None => return Err(HistoryError::Unknown { number }.into()),
            Some(State::Paused) => {}
            Some(_) => return Err(HistoryError::Finished { number }.into()),
        }
        let promote = |storage: &mut dyn Storage, trial: &Trial| match storage.shared() {
            Some(shared) => shared.resume(trial),
            None => storage.transition(State::Paused, trial),
        };
        if !self.claim_by(promote, number, |trial| set_target(trial, target))? {
            debug!(trial = number.0, "another worker was faster with a promotion");
            self.catch_up()?;
            return Ok(None);
        }
        self.interrupted.remove(&number);
        Ok(Some(self.assignment(number)))
    }

    /// Makes a paused trial running again; false if another worker was faster.
    pub(super) fn reopen(&mut self, number: TrialId, target: Fidelity) -> Result<bool, AskError> {
        self.claim(number, State::Paused, |trial| set_target(trial, target))
    }

    /// Takes up an open trial by its number: one that a worker left behind, or that runs and is this
    /// worker's ([`StudyBuilder::worker`](super::StudyBuilder::worker)). For a worker that comes back
    /// and knows its trial.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// space.int("layers", 1..=8).add()?;
    /// let mut study = Study::builder(space.build()?).build()?;
    /// let job = study.ask()?;
    /// study.release(job.number)?;
    /// assert_eq!(study.take_up(job.number)?.config, job.config);
    /// study.tell(job.number, 0.5)?;
    /// assert!(study.take_up(job.number).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TellError`] if the trial is unknown, has finished, never started, is paused by the scheduler
    /// or is another worker's, or the storage fails.
    pub fn take_up(&mut self, number: impl Into<TrialId>) -> Result<Assignment, TellError> {
        let number = number.into();
        self.refresh()?;
        let trial = self.history.get(number).ok_or(HistoryError::Unknown { number })?;
        if trial.state.is_finished() {
            return Err(HistoryError::Finished { number }.into());
        }
        let state = trial.state;
        let is_left = match state {
            State::Waiting => trial.started.is_some(),
            State::Paused => self.interrupted.contains(&number),
            _ => true,
        };
        if !is_left {
            return Err(TellError::NotRunning { number, state });
        }
        if !self.lease.holds(number) {
            self.change(number, |trial| {
                trial.state = State::Running;
                trial.started.get_or_insert_with(now);
            })?;
            self.waiting.remove(&number);
            self.interrupted.remove(&number);
            self.begin_lease(number);
        }
        Ok(self.assignment(number))
    }

    /// The assignment of a trial that has just become this worker's.
    pub(super) fn assignment(&self, number: TrialId) -> Assignment {
        let trial = &self.history.trials()[number.index()];
        let (run, is_new) = (trial.run(), trial.reports.is_empty());
        Assignment {
            number,
            config: trial.config.clone(),
            fidelity: trial.fidelity(),
            target: run.map(|run| run.target),
            warm_start: run.and_then(|run| run.warm_start).filter(|_| is_new),
        }
    }

    /// Makes a trial running; false if another worker was faster.
    pub(super) fn claim(
        &mut self,
        number: TrialId,
        from: State,
        mark: impl FnOnce(&mut Trial),
    ) -> Result<bool, AskError> {
        let claim = move |storage: &mut dyn Storage, trial: &Trial| storage.transition(from, trial);
        self.claim_by(claim, number, mark)
    }

    fn claim_by(
        &mut self,
        claim: impl FnOnce(&mut dyn Storage, &Trial) -> Result<bool, StoreError>,
        number: TrialId,
        mark: impl FnOnce(&mut Trial),
    ) -> Result<bool, AskError> {
        let mut trial = self.history.get(number).ok_or(HistoryError::Unknown { number })?.clone();
        trial.state = State::Running;
        mark(&mut trial);
        if let Some(storage) = &mut self.storage {
            match claim(&mut **storage, &trial) {
                Ok(true) => {}
                Ok(false) | Err(StoreError::Finished { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        self.history.set_state(number, State::Running, |slot| *slot = trial)?;
        self.begin_lease(number);
        Ok(true)
    }

    /// A trial has become this worker's.
    pub(super) fn begin_lease(&mut self, number: TrialId) {
        let shared = self.storage.as_mut().and_then(|storage| storage.shared());
        self.lease.begin(number, shared);
    }

    /// Enters a trial into the queue that it belongs to, if it does.
    pub(super) fn index(&mut self, number: TrialId) {
        self.waiting.remove(&number);
        self.interrupted.remove(&number);
        let Some(trial) = self.history.get(number) else { return };
        match trial.state {
            State::Waiting => {
                self.waiting.insert(number);
            }
            State::Paused
                if trial.target().is_some_and(|target| trial.fidelity() < target)
                    || is_through(trial, self.ladder.as_ref()) =>
            {
                self.interrupted.insert(number);
            }
            _ => {}
        }
    }
}

/// Gives the run of a trial another target.
fn set_target(trial: &mut Trial, target: Fidelity) {
    trial.attributes.insert(attribute::UNTIL.to_owned(), target.0.into());
}
