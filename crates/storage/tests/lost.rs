//! What a crash, a failing storage or another ladder leaves half-done is carried out.
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_space::{Config, Space};
use automl_storage::MemoryStorage;
use automl_study::{
    Direction, Expired, Fidelity, Heartbeat, History, Job, Ladder, Next, Report, Run, Scheduler,
    SharedStorage, State, Storage, StoreError, Study, Trial, TrialId, Verdict,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn space() -> Space {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

fn config() -> Config {
    space().sample(&mut stream(0, 0, "test"))
}

fn next(study: &mut Study) -> (u64, u64, u64) {
    match study.next_job().unwrap() {
        Next::Run(job) => (job.number.0, job.fidelity.0, job.target.unwrap().0),
        other => panic!("{other:?}"),
    }
}

/// Stops trials that have a loss above one, and trains the others to the top.
#[derive(Debug)]
struct StopBad(Fidelity);

impl Scheduler for StopBad {
    fn next_job(&mut self, _: &History) -> Job {
        Job::Start(Run::to(self.0))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let trial = history.get(trial).unwrap();
        if trial.fidelity() >= self.0 {
            Verdict::Complete
        } else if trial.reports.last().is_some_and(|report| report.values[0] > 1.0) {
            Verdict::Stop
        } else {
            Verdict::Continue
        }
    }
}

fn study(storage: &MemoryStorage, max: u64) -> Study {
    Study::builder(space())
        .scheduler(Ladder::new("epoch", 1, max, true).unwrap(), StopBad(Fidelity(max)))
        .storage(storage.clone())
        .build()
        .unwrap()
}

/// The report is recorded and the worker dies before the trial is stopped.
#[test]
fn a_lost_verdict_is_carried_out() {
    let mut storage = MemoryStorage::new();
    let mut first = study(&storage, 9);
    assert_eq!(next(&mut first), (0, 0, 9));
    assert_eq!(next(&mut first), (1, 0, 9));
    drop(first);
    storage.report(TrialId(0), &Report { fidelity: Fidelity(3), values: vec![2.0] }).unwrap();
    storage.report(TrialId(1), &Report { fidelity: Fidelity(3), values: vec![0.5] }).unwrap();
    let mut second = study(&storage, 9);
    assert_eq!(second.recover().unwrap(), 2);
    assert_eq!(next(&mut second), (1, 3, 9));
    let stopped = second.history().get(0).unwrap();
    assert_eq!((stopped.state, stopped.values.as_slice()), (State::Pruned, &[2.0][..]));
    assert_eq!(storage.trials_from(TrialId(0)).unwrap()[0].state, State::Pruned);
    assert_eq!(next(&mut second), (2, 0, 9));
}

/// A study continues under a lower ladder: trials below its top are trained to it, trials above are
/// complete.
#[test]
fn a_lower_ladder_ends_trials_at_its_top() {
    let storage = MemoryStorage::new();
    let mut high = study(&storage, 20);
    for number in 0..3 {
        assert_eq!(next(&mut high), (number, 0, 20));
    }
    for (number, step) in [(0, 4), (1, 9), (2, 12)] {
        high.report(number, step, vec![number as f64 / 10.0]).unwrap();
        high.release(number).unwrap();
    }
    drop(high);
    let mut low = study(&storage, 9);
    assert_eq!(next(&mut low), (0, 4, 9));
    assert_eq!(next(&mut low), (3, 0, 9));
    let ended: Vec<_> = low.history().in_state(State::Complete).map(|t| t.number).collect();
    assert_eq!(ended, [1, 2]);
    assert_eq!(low.best().unwrap().values, [0.1]);
    assert_eq!(low.history().get(0).unwrap().number_attribute("automl:until"), Some(9));
}

/// A storage that refuses the next change of a state while the flag is set, or as another worker's.
#[derive(Debug, Default)]
struct Flaky {
    inner: MemoryStorage,
    fails: Arc<AtomicBool>,
    overtaken: Arc<AtomicBool>,
}

impl Storage for Flaky {
    fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
        self.inner.attach(space, to)
    }
    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        self.inner.create(trial)
    }
    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        self.inner.report(number, report)
    }
    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        if self.fails.swap(false, Ordering::SeqCst) {
            return Err(StoreError::Unknown { number: trial.number });
        }
        let overtaken = self.overtaken.swap(false, Ordering::SeqCst);
        Ok(self.inner.transition(from, trial)? && !overtaken)
    }
    fn attribute(&mut self, key: &str) -> Result<Option<serde_json::Value>, StoreError> {
        self.inner.attribute(key)
    }
    fn set_attribute(&mut self, key: &str, value: &serde_json::Value) -> Result<(), StoreError> {
        self.inner.set_attribute(key, value)
    }
    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}

impl SharedStorage for Flaky {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        self.inner.begin(directions)
    }
    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        self.inner.trials_from(number)
    }
    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        self.inner.create_next(trial)
    }
    fn attribute_or_insert(
        &mut self,
        key: &str,
        value: &serde_json::Value,
    ) -> Result<serde_json::Value, StoreError> {
        self.inner.attribute_or_insert(key, value)
    }
    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        self.inner.refresh()
    }
    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        self.inner.resume(trial)
    }
    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.inner.identify(worker, heartbeats);
    }
    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        self.inner.heartbeat()
    }
    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        self.inner.expired(which)
    }
    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        self.inner.reclaim(which, trial)
    }
    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        self.inner.release_leases(trials)
    }
}

/// Where another worker was faster with the last waiting trial, no further one begins beyond the limit.
#[test]
fn a_waiting_trial_that_is_lost_to_another_is_not_replaced() {
    let storage = Flaky::default();
    let (overtaken, mut other) = (storage.overtaken.clone(), storage.inner.clone());
    let mut study = Study::builder(space()).storage(storage).build().unwrap();
    study.set_trial_limit(Some(1));
    study.enqueue(config()).unwrap();
    overtaken.store(true, Ordering::SeqCst);
    study.next_job().unwrap();
    assert_eq!(other.trials_from(TrialId(0)).unwrap().len(), 1);
}

/// A waiting trial that could not be claimed waits on; one that another worker has ended does not.
#[test]
fn a_waiting_trial_outlives_a_failure() {
    let storage = Flaky::default();
    let (fails, mut other) = (storage.fails.clone(), storage.inner.clone());
    let mut study = Study::builder(space()).storage(storage).build().unwrap();
    assert_eq!(study.enqueue(config()).unwrap(), 0);
    fails.store(true, Ordering::SeqCst);
    study.ask().unwrap_err();
    assert_eq!(study.ask().unwrap().number, 0);
    assert_eq!(study.enqueue(config()).unwrap(), 1);
    let mut ended = Trial::waiting(1, config());
    ended.state = State::Failed;
    assert!(other.transition(State::Waiting, &ended).unwrap());
    assert_eq!(study.ask().unwrap().number, 2);
}
