//! Storages on which several handles work at once: leases, heartbeats and claims.

use super::{Storage, StoreError};
use crate::{Direction, Trial, TrialId};
use std::time::Duration;

/// Which running trials count as lost by their workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// All of them: no other process works on the study.
    All,
    /// Those with a last heartbeat older than this.
    Stale(Duration),
    /// Those too, and those of a worker that has left without an end ([`SharedStorage::release_leases`]).
    Released(Duration),
}

/// Keeps the heartbeats of one worker's trials, on a connection of its own.
pub trait Heartbeat: Send {
    /// Says of those of these trials that are still the worker's that they are alive.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn beat(&mut self, trials: &[TrialId]) -> Result<(), StoreError>;
}

/// Keeps the record of one study on which several handles work, in one process or in many.
///
/// What others rely on has no default: each such method is a promise to the other handles. The study calls them through
/// [`Storage::shared`]. `MemoryStorage` of the crate `automl-storage` is the shortest implementation.
pub trait SharedStorage: Storage {
    /// Creates the study without a space, or opens it if it exists, so that it has attributes: for
    /// those on which the space depends. [`Storage::attach`] is still to be called. Returns whether
    /// it has trials.
    ///
    /// # Errors
    /// [`StoreError::Mismatch`] if the study exists with other directions.
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError>;

    /// Trials from this number on, as they are now (to see what other workers did).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError>;

    /// Adds a trial under its own number if that is the next one, and otherwise nothing. Returns
    /// whether it did: of several workers that try the same number, exactly one succeeds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError>;

    /// Asks for this handle's turn to propose, which the next call of [`SharedStorage::refresh`] may wait
    /// for, and returns whether there are turns. A proposal is for one number, so of workers that propose at
    /// once all but one propose in vain; those that have lost such a race ask for turns. A turn is a courtesy: a worker without one may propose, too, and whether it
    /// was first is for [`SharedStorage::create_next`] to say. The default has no turns.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be reached.
    fn begin_turn(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Ends the turn of this handle, which also ends with its connection.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be reached.
    fn end_turn(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Sets an attribute of the study unless it has one, and returns what it has then: of several
    /// workers that try the same, all get the value of the first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn attribute_or_insert(
        &mut self,
        key: &str,
        value: &serde_json::Value,
    ) -> Result<serde_json::Value, StoreError>;

    /// What other handles may have changed since this was last called or the study was attached:
    /// trials in order of their numbers, as they are now, perhaps with some that are as before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError>;

    /// Makes a paused trial running, as [`Storage::transition`], but only if no paused trial has
    /// gone on or ended since the last [`SharedStorage::refresh`]: what a scheduler promotes depends on
    /// what was promoted before.
    ///
    /// # Errors
    /// As [`Storage::transition`].
    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError>;

    /// From now on this handle works for the worker of this name. What it makes running is the
    /// worker's, with a heartbeat if there are `heartbeats`; what runs with the heartbeat of another
    /// worker it cannot change.
    fn identify(&mut self, worker: &str, heartbeats: bool);

    /// The handle that keeps the heartbeats of this worker's trials, where there are some.
    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>>;

    /// The running trials that are lost.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError>;

    /// The running trials of other processes that are alive: those with a heartbeat younger than this.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be read.
    fn busy(&mut self, lease: Duration) -> Result<Vec<TrialId>, StoreError> {
        let _ = lease;
        Ok(Vec::new())
    }

    /// As [`Storage::transition`] from running, of a trial that another worker has lost. Returns
    /// whether it was running and lost and has no more reports than `trial`: of several workers that try the same, exactly one succeeds.
    ///
    /// # Errors
    /// An unknown or finished trial, or a storage that cannot be written.
    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError>;

    /// Ends the heartbeats of these trials of the worker: the next process may reclaim them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the storage cannot be written.
    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError>;
}
