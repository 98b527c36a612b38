//! Search and learn at once, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl::search::{Device, Event, Settings, run};
use automl::study::StopFlag;
use std::sync::Mutex;

#[test]
fn a_supernet_proposes_the_first_candidates_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings { study: Some("learnt".into()), ..Settings::default() };
    settings.runs = folder.path().to_owned();
    settings.device = Device::Cpu;
    settings.search.trials = 30;
    settings.search.search_and_learn = true;
    settings.training.epochs = Some(3);
    settings.training.final_epochs = Some(1);
    let events = Mutex::new(Vec::new());
    let search = || {
        let stop = StopFlag::new();
        let observer = |event: &Event| events.lock().unwrap().push(event.clone());
        let summary = run(&settings, &stop, &observer).unwrap();
        (summary, std::mem::take(&mut *events.lock().unwrap()))
    };
    let (summary, events) = search();
    assert_eq!(summary.trials, 3);
    assert!(!summary.front.is_empty());
    let learnt = events.iter().find_map(|event| match event {
        Event::Learned { candidates, starts, .. } => Some((*candidates, *starts)),
        _ => None,
    });
    assert_eq!(learnt, Some((64, 2)));
    let learning = |event: &&Event| matches!(event, Event::Learning { .. });
    assert!(events.iter().filter(learning).count() > 1);

    // A study that has trials has learnt.
    let (again, events) = search();
    assert_eq!(again.trials, 3);
    assert_eq!(events.iter().filter(learning).count(), 0);
}
