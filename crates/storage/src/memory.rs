//! A storage in memory.

use crate::compare::{difference, is_reordered};
use automl_space::Space;
use automl_study::{
    Direction, Expired, Heartbeat, Report, SharedStorage, State, Storage, StoreError, Trial,
    TrialId,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A study in memory. Clones share its record, so several studies can work on it.
///
/// Nothing is kept beyond the process. The heartbeats of workers work as in a database.
///
/// # Examples
/// Two workers take turns on one record, and each one sees the trials of the other:
/// ```
/// use automl_space::Space;
/// use automl_storage::MemoryStorage;
/// use automl_study::Study;
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let storage = MemoryStorage::new();
/// let mut first = Study::builder(space.clone()).storage(storage.clone()).build()?;
/// let mut second = Study::builder(space).storage(storage).build()?;
/// first.optimize(5, |config| config[x])?;
/// second.optimize(5, |config| config[x])?;
/// assert_eq!(second.history().len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Two handles on one record; of two claims to one number, one succeeds:
/// ```
/// use automl_space::Space;
/// use automl_storage::MemoryStorage;
/// use automl_study::{Direction, SharedStorage, Storage, Trial};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let mut first = MemoryStorage::new();
/// let mut second = first.clone();
/// first.attach(&space, &[Direction::Minimize])?;
/// second.attach(&space, &[Direction::Minimize])?;
/// let trial = Trial::waiting(0, space.decode(&[0.5]));
/// assert!(first.create_next(&trial)?);
/// assert!(!second.create_next(&trial)?);
/// assert_eq!(second.refresh()?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    record: Arc<Mutex<Record>>,
    /// The worker that this handle works for, and whether it has heartbeats.
    worker: Option<(String, bool)>,
    /// The length of the record's log that this handle has seen.
    seen: usize,
}

#[derive(Debug, Default)]
struct Record {
    study: Option<(Space, Vec<Direction>)>,
    trials: Vec<Trial>,
    attributes: BTreeMap<String, Value>,
    /// The log of changes: a trial, and whether it was paused before.
    log: Vec<(TrialId, bool)>,
    /// The last worker of each trial.
    workers: BTreeMap<TrialId, String>,
    /// The last heartbeat of each running trial.
    beats: BTreeMap<TrialId, Instant>,
}

impl MemoryStorage {
    /// Creates an empty storage.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn open(&mut self, number: TrialId) -> Result<&mut Trial, StoreError> {
        let position = number.index();
        match self.trials.get_mut(position) {
            None => Err(StoreError::Unknown { number }),
            Some(trial) if trial.state.is_finished() => Err(StoreError::Finished { number }),
            Some(trial) => Ok(trial),
        }
    }

    /// Refuses a trial that runs with the heartbeat of another worker.
    fn check(&self, number: TrialId, worker: Option<&(String, bool)>) -> Result<(), StoreError> {
        let taken = worker.is_some_and(|(worker, _)| {
            self.beats.contains_key(&number) && self.workers.get(&number) != Some(worker)
        });
        if taken { Err(StoreError::Taken { number }) } else { Ok(()) }
    }

    /// Assigns a running trial to a worker, with a heartbeat if the worker has them.
    fn assign(&mut self, number: TrialId, state: State, worker: Option<&(String, bool)>) {
        match worker {
            Some((worker, beats)) if state == State::Running => {
                self.workers.insert(number, worker.clone());
                if *beats {
                    self.beats.insert(number, Instant::now());
                }
            }
            _ => {
                self.beats.remove(&number);
            }
        }
    }

    fn add(&mut self, trial: &Trial, worker: Option<&(String, bool)>) -> TrialId {
        let number = TrialId(self.trials.len() as u64);
        self.trials.push(Trial { number, ..trial.clone() });
        self.log.push((number, false));
        self.assign(number, trial.state, worker);
        number
    }

    fn is_expired(&self, which: Expired, number: TrialId) -> bool {
        let beat = self.beats.get(&number);
        let stale = |lease| beat.is_some_and(|beat| beat.elapsed() > lease);
        match which {
            Expired::All => true,
            Expired::Stale(lease) => stale(lease),
            Expired::Released(lease) => {
                stale(lease) || beat.is_none() && self.workers.contains_key(&number)
            }
        }
    }

    /// Changes an unfinished trial that is in the state `from`.
    fn change(
        &mut self,
        from: State,
        trial: &Trial,
        worker: Option<&(String, bool)>,
    ) -> Result<bool, StoreError> {
        let slot = self.open(trial.number)?;
        let is_claim = from != State::Running && trial.state == State::Running;
        if slot.state != from || is_claim && slot.reports.len() > trial.reports.len() {
            return Ok(false);
        }
        let reports = std::mem::take(&mut slot.reports);
        *slot = Trial { reports, ..trial.clone() };
        self.log.push((trial.number, from == State::Paused));
        if (from, trial.state) != (State::Running, State::Running) {
            self.assign(trial.number, trial.state, worker);
        }
        Ok(true)
    }
}

fn mismatch(reason: String) -> StoreError {
    StoreError::Mismatch { study: "study".into(), place: "memory".into(), reason }
}

impl Heartbeat for MemoryStorage {
    fn beat(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        let mut record = self.lock();
        for number in trials {
            let ours = record.workers.get(number) == self.worker.as_ref().map(|(worker, _)| worker);
            if ours && let Some(beat) = record.beats.get_mut(number) {
                *beat = Instant::now();
            }
        }
        Ok(())
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
                    return Err(mismatch(reason));
                }
            }
        }
        let (trials, seen) = (record.trials.clone(), record.log.len());
        drop(record);
        self.seen = seen;
        Ok(trials)
    }

    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        Ok(self.lock().add(trial, self.worker.as_ref()))
    }

    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        let mut record = self.lock();
        record.check(number, self.worker.as_ref())?;
        let identified = self.worker.is_some();
        let trial = record.open(number)?;
        if identified && trial.state != State::Running {
            return Err(StoreError::Taken { number });
        }
        if trial.report_at(report.fidelity).is_none() {
            trial.reports.push(report.clone());
            trial.reports.sort_by_key(|report| report.fidelity);
            record.log.push((number, false));
        }
        Ok(())
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        let mut record = self.lock();
        if from == State::Running {
            record.check(trial.number, self.worker.as_ref())?;
        }
        record.change(from, trial, self.worker.as_ref())
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.lock().attributes.get(key).cloned())
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.lock().attributes.insert(key.to_owned(), value.clone());
        Ok(())
    }

    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}

impl SharedStorage for MemoryStorage {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        let record = self.lock();
        match &record.study {
            Some((_, stored)) if stored != directions => {
                Err(mismatch(format!("its objectives are {stored:?}, not {directions:?}")))
            }
            _ => Ok(!record.trials.is_empty()),
        }
    }

    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        let start = number.index();
        Ok(self.lock().trials.get(start..).unwrap_or_default().to_vec())
    }

    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        let mut record = self.lock();
        let is_next = trial.number == record.trials.len() as u64;
        if is_next {
            record.add(trial, self.worker.as_ref());
        }
        Ok(is_next)
    }

    fn attribute_or_insert(&mut self, key: &str, value: &Value) -> Result<Value, StoreError> {
        let mut record = self.lock();
        Ok(record.attributes.entry(key.to_owned()).or_insert_with(|| value.clone()).clone())
    }

    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        let record = self.lock();
        let numbers: BTreeSet<TrialId> =
            record.log[self.seen..].iter().map(|entry| entry.0).collect();
        let trial = |number: TrialId| record.trials.get(number.index()).cloned();
        let (changed, seen) = (numbers.into_iter().filter_map(trial).collect(), record.log.len());
        drop(record);
        self.seen = seen;
        Ok(changed)
    }

    fn busy(&mut self, lease: Duration) -> Result<Vec<TrialId>, StoreError> {
        let record = self.lock();
        let alive = record.beats.iter().filter(|(_, beat)| beat.elapsed() <= lease);
        let mut numbers: Vec<TrialId> = alive.map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        let mut record = self.lock();
        if record.log[self.seen..].iter().any(|(_, was_paused)| *was_paused) {
            return Ok(false);
        }
        record.change(State::Paused, trial, self.worker.as_ref())
    }

    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.worker = Some((worker.to_owned(), heartbeats));
    }

    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        Some(Box::new(self.clone()))
    }

    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        let record = self.lock();
        let running = record.trials.iter().filter(|trial| trial.state == State::Running);
        let numbers = running.map(|trial| trial.number);
        Ok(numbers.filter(|number| record.is_expired(which, *number)).collect())
    }

    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        let mut record = self.lock();
        let known = record.trials.get(trial.number.index());
        let has_news = known.is_some_and(|known| known.reports.len() > trial.reports.len());
        if has_news || !record.is_expired(which, trial.number) {
            return Ok(false);
        }
        record.change(State::Running, trial, None)
    }

    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        let mut record = self.lock();
        for number in trials {
            if record.workers.get(number) == self.worker.as_ref().map(|(worker, _)| worker) {
                record.beats.remove(number);
            }
        }
        Ok(())
    }
}
