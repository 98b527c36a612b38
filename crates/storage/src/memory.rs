//! A storage in memory.

use crate::compare::{difference, is_reordered};
use automl_space::Space;
use automl_study::{Direction, Report, State, Storage, StoreError, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps a study in memory. Clones share it, so several studies can work on one record.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    record: Arc<Mutex<Record>>,
}

#[derive(Debug, Default)]
struct Record {
    study: Option<(Space, Vec<Direction>)>,
    trials: Vec<Trial>,
    attributes: BTreeMap<String, Value>,
}

impl MemoryStorage {
    /// An empty storage.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn open(&mut self, number: u64) -> Result<&mut Trial, StoreError> {
        let position = usize::try_from(number).unwrap_or(usize::MAX);
        match self.trials.get_mut(position) {
            None => Err(StoreError::Unknown { number }),
            Some(trial) if trial.state.is_finished() => Err(StoreError::Finished { number }),
            Some(trial) => Ok(trial),
        }
    }
}

impl Storage for MemoryStorage {
    fn attach(
        &mut self,
        space: &Space,
        directions: &[Direction],
    ) -> Result<Vec<Trial>, StoreError> {
        let mut record = self.lock();
        match &record.study {
            None => record.study = Some((space.clone(), directions.to_vec())),
            Some((old, stored)) => {
                // Trials are kept as they are, value by place.
                let moved = || {
                    is_reordered(old, space).then(|| "its parameters have another order".to_owned())
                };
                let differs = difference((Some(old), stored), (space, directions));
                if let Some(reason) = differs.or_else(moved) {
                    let place = "memory".to_owned();
                    return Err(StoreError::Mismatch { study: "study".into(), place, reason });
                }
            }
        }
        Ok(record.trials.clone())
    }

    fn trials_from(&mut self, number: u64) -> Result<Vec<Trial>, StoreError> {
        let start = usize::try_from(number).unwrap_or(usize::MAX);
        Ok(self.lock().trials.get(start..).unwrap_or_default().to_vec())
    }

    fn create(&mut self, trial: &Trial) -> Result<u64, StoreError> {
        let mut record = self.lock();
        let number = record.trials.len() as u64;
        record.trials.push(Trial { number, ..trial.clone() });
        Ok(number)
    }

    fn report(&mut self, number: u64, report: &Report) -> Result<(), StoreError> {
        let mut record = self.lock();
        let trial = record.open(number)?;
        if trial.report_at(report.step).is_none() {
            trial.reports.push(report.clone());
            trial.reports.sort_by_key(|report| report.step);
        }
        Ok(())
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        let mut record = self.lock();
        let slot = record.open(trial.number)?;
        if slot.state != from {
            return Ok(false);
        }
        let reports = std::mem::take(&mut slot.reports);
        *slot = Trial { reports, ..trial.clone() };
        Ok(true)
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.lock().attributes.get(key).cloned())
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.lock().attributes.insert(key.to_owned(), value.clone());
        Ok(())
    }
}
