use super::*;
use automl_space::Space;
use automl_storage::MemoryStorage;
use automl_study::{Direction, Ladder, Report, Storage, StoreError, Trial, TrialId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A storage that refuses to change states while the flag is set.
#[derive(Debug, Default)]
struct Flaky {
    inner: MemoryStorage,
    fails: Arc<AtomicBool>,
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
        self.inner.transition(from, trial)
    }
    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        self.inner.attribute(key)
    }
    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        self.inner.set_attribute(key, value)
    }
}

/// The report is written and the end of the trial is not: the client may tell again.
#[test]
fn a_tell_that_failed_half_way_can_be_repeated() {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let storage = Flaky::default();
    let fails = storage.fails.clone();
    let study = Study::builder(builder.build().unwrap())
        .ladder(Ladder::new("epoch", 1, 4, true).unwrap())
        .storage(storage)
        .build()
        .unwrap();
    let mut open = OpenStudy::new(study, 0, true);
    open.ask(None).unwrap();
    let mut tell = |fidelity| {
        let result = Told::Values(vec![0.5]);
        let constraints = Vec::new();
        open.tell(Tell { id: 0, result, constraints, fidelity: Some(fidelity) })
    };
    fails.store(true, Ordering::SeqCst);
    tell(4).unwrap_err();
    tell(3).unwrap_err();
    tell(4).unwrap();
    assert_eq!(open.study.history().count(State::Complete), 1);
}
