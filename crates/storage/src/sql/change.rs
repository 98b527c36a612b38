//! Changes of trials: by the worker that has them, or by one that reclaims them.

use super::database::{Access, Database, Failure, Session};
use super::workers::{self, Worker};
use super::write::{self, Closed, Open};
use super::{SqlStorage, departures};
use automl_study::{State, StoreError, Trial, TrialId};

/// The result of an attempt to change a trial.
pub(super) enum Change {
    Done { departures: Option<u64> },
    OtherState,
    Closed(Closed),
}

#[expect(private_bounds, reason = "which databases there are is decided here")]
impl<D: Database> SqlStorage<D> {
    /// Moves a trial from one state to another, if there was no departure beyond the `expected` ones.
    pub(super) fn change(
        &mut self,
        from: State,
        trial: &Trial,
        expected: Option<u64>,
        allow: impl FnOnce(&mut dyn Session, &Open, Option<&Worker>) -> Result<Option<Change>, Failure>,
        by: impl FnOnce(Option<&Worker>) -> Option<&Worker>,
    ) -> Result<bool, StoreError> {
        let number = trial.number;
        let access = if trial.state.is_finished() { Access::Durable } else { Access::Write };
        let change = self.with(access, |session, attached, worker| {
            let open = match write::open(session, attached, number)? {
                Ok(open) => open,
                Err(closed) => return Ok(Change::Closed(closed)),
            };
            if open.state != from {
                return Ok(Change::OtherState);
            }
            if let Some(refused) = allow(session, &open, worker)? {
                return Ok(refused);
            }
            let is_claim = from != State::Running && trial.state == State::Running;
            if is_claim && open.has_news(trial) {
                return Ok(Change::OtherState);
            }
            let departures = if from == State::Paused {
                match departures::add(session, attached.study, number, expected)? {
                    Some(count) => Some(count),
                    None => return Ok(Change::OtherState),
                }
            } else {
                None
            };
            write::update(session, attached, &open, trial)?;
            // A trial that remains running keeps its worker.
            if (from, trial.state) != (State::Running, State::Running) {
                workers::assign(session, open.id, Some(from), trial.state, by(worker))?;
            }
            Ok(Change::Done { departures })
        })?;
        let Some(attached) = &mut self.attached else { return Ok(false) };
        match change {
            Change::Done { departures } => {
                attached.watch(number, trial.state);
                if departures == Some(attached.departures + 1) {
                    attached.departures += 1;
                }
                Ok(true)
            }
            Change::OtherState => {
                attached.suspect(number);
                Ok(false)
            }
            Change::Closed(closed) => {
                attached.suspect(number);
                Err(closed.error(number))
            }
        }
    }
}

impl Closed {
    pub(super) fn error(self, number: TrialId) -> StoreError {
        match self {
            Self::Unknown => StoreError::Unknown { number },
            Self::Finished => StoreError::Finished { number },
            Self::Taken => StoreError::Taken { number },
        }
    }
}
