//! Search and learn at once, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_numeric::stream;
use automl_search::{Device, Event, Settings, run};
use automl_space::Space;
use automl_storage::SqliteStorage;
use automl_study::{Direction, SharedStorage, StopFlag, Storage, Study};
use std::path::Path;
use std::sync::Mutex;

/// A short search that learns first.
fn settings(study: &str, runs: &Path) -> Settings {
    let mut settings = Settings { study: Some(study.into()), ..Settings::default() };
    settings.runs = runs.to_owned();
    settings.device = Device::Cpu;
    settings.search.trials = 30;
    settings.search.search_and_learn = true;
    settings.training.epochs = Some(3);
    settings.training.final_epochs = Some(1);
    settings
}

#[test]
fn a_supernet_proposes_the_first_candidates_once() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings("learnt", folder.path());
    let events = Mutex::new(Vec::new());
    let search = || {
        let stop = StopFlag::new();
        let observer = |event: &Event| events.lock().unwrap().push(event.clone());
        let summary = run(&settings, &stop, &observer).unwrap().finished().unwrap();
        (summary, std::mem::take(&mut *events.lock().unwrap()))
    };
    let (summary, events) = search();
    assert_eq!(summary.trials, 3);
    assert!(!summary.front.is_empty());
    let learnt = events.iter().find_map(|event| match event {
        Event::Learned { candidates, starts, .. } => Some((*candidates, *starts)),
        _ => None,
    });
    assert_eq!(learnt, Some((32, 2)));
    let learning = |event: &&Event| matches!(event, Event::Learning { .. });
    assert!(events.iter().filter(learning).count() > 1);

    // A study that has trials has learnt.
    let (again, events) = search();
    assert_eq!(again.trials, 3);
    assert_eq!(events.iter().filter(learning).count(), 0);
}

/// Another process gives the study its first trials while this one still learns.
#[test]
fn of_two_processes_that_learn_one_proposes() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings("both", folder.path());
    let events = Mutex::new(Vec::new());
    let path = folder.path().join("both").join("study.db");
    let propose = || {
        let directions = [Direction::Maximize, Direction::Minimize];
        let mut storage = SqliteStorage::open(&path, "both").unwrap();
        storage.begin(&directions).unwrap();
        let space = Space::from_json(&storage.attribute("automl:space").unwrap().unwrap()).unwrap();
        let start = space.sample_prior(&mut stream(7, 0, "test"));
        let builder = Study::builder(space).directions(directions).storage(storage);
        builder.build().unwrap().enqueue(start).unwrap();
    };
    let observer = |event: &Event| {
        if matches!(event, Event::Learning { epoch: 1, .. }) {
            propose();
        }
        events.lock().unwrap().push(event.clone());
    };
    let summary = run(&settings, &StopFlag::new(), &observer).unwrap().finished().unwrap();
    assert_eq!(summary.trials, 3);
    let events = events.into_inner().unwrap();
    assert!(!events.iter().any(|event| matches!(event, Event::Learned { .. })));
    // It does not even learn on.
    let learning = events.iter().filter(|event| matches!(event, Event::Learning { .. }));
    assert_eq!(learning.count(), 1);
}
