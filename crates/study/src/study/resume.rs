//! Paused trials that go on without the scheduler's asking.

use super::{AskError, Assignment, RefreshError, Study, TellError};
use crate::{Fidelity, Ladder, Outcome, State, StoreError, Trial, TrialId, Verdict};

impl Study {
    /// The next interrupted trial that goes on: one that lost its worker before it reached its
    /// fidelity. It goes on to that fidelity, or to the highest of the ladder, which may be another
    /// than the one it began under.
    ///
    /// What is due to it by its last report comes first, for its worker may have been lost before
    /// that was carried out: a trial that the scheduler stops or pauses does not go on, and one that
    /// has reached the highest fidelity is complete with the values of its last report.
    pub(super) fn next_interrupted(&mut self) -> Result<Option<Assignment>, AskError> {
        while let Some(&number) = self.interrupted.first() {
            let assignment = self.go_on(number)?;
            self.interrupted.remove(&number);
            if assignment.is_some() {
                return Ok(assignment);
            }
        }
        Ok(None)
    }

    fn go_on(&mut self, number: TrialId) -> Result<Option<Assignment>, AskError> {
        let Some(trial) = self.history.get(number).filter(|t| t.state == State::Paused) else {
            return Ok(None);
        };
        let target = trial.target().unwrap_or(Fidelity::ZERO);
        let target = self.ladder.as_ref().map_or(target, |ladder| target.min(ladder.max()));
        let complete = completion(trial);
        let verdict = if is_through(trial, self.ladder.as_ref()) {
            Verdict::Complete
        } else {
            self.judge(number)
        };
        match verdict {
            Verdict::Continue => {
                let is_ours = self.reopen(number, target)?;
                return Ok(is_ours.then(|| self.assignment(number)));
            }
            Verdict::Pause => {}
            Verdict::Stop => self.end_open(number, Outcome::Pruned)?,
            Verdict::Complete => self.end_open(number, complete)?,
        }
        Ok(None)
    }

    /// Ends a paused or waiting trial, unless another worker has taken it.
    pub(super) fn end_open(
        &mut self,
        number: TrialId,
        outcome: Outcome,
    ) -> Result<(), RefreshError> {
        match self.change(number, |trial| outcome.end(trial)) {
            Ok(()) | Err(TellError::NotRunning { .. } | TellError::LeaseLost { .. }) => Ok(()),
            Err(TellError::Store(StoreError::Finished { .. })) => Ok(()),
            Err(TellError::Store(error)) => Err(error.into()),
            Err(TellError::History(error)) => Err(error.into()),
        }
    }
}

/// Whether a trial has reported at the highest fidelity or above.
pub(super) fn is_through(trial: &Trial, ladder: Option<&Ladder>) -> bool {
    ladder.is_some_and(|ladder| trial.fidelity() >= ladder.max())
}

/// The end of a trial that has nothing left to do: the values of its last report.
pub(super) fn completion(trial: &Trial) -> Outcome {
    let values = trial.reports.last().map(|report| report.values.clone()).unwrap_or_default();
    Outcome::Complete { values, constraints: trial.constraints.clone() }
}
