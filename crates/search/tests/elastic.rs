//! One training for all candidates, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_search::{Device, Event, SearchOutcome, Settings, SpaceName, Summary, run};
use automl_study::StopFlag;
use std::path::Path;
use std::sync::Mutex;

/// A short search in the elastic space, with one epoch of final training.
fn settings(study: &str, runs: &Path) -> Settings {
    let mut settings = Settings { study: Some(study.into()), ..Settings::default() };
    settings.runs = runs.to_owned();
    settings.device = Device::Cpu;
    settings.workers = Some(1);
    settings.search.space = SpaceName::Elastic;
    settings.search.search_and_learn = true;
    settings.search.max_params = Some(2_500);
    settings.search.trials = 6;
    settings.search.final_networks = 2;
    settings.training.epochs = Some(6);
    settings.training.final_epochs = Some(1);
    settings
}

fn finished(settings: &Settings) -> Summary {
    run(settings, &StopFlag::new(), &|_| {}).unwrap().finished().unwrap()
}

/// What a front has learned, without what the clock says.
fn results(summary: &Summary) -> Vec<(u64, u64, f64, f64)> {
    let front = summary.front.iter();
    front.map(|n| (n.trial, n.params, n.validation_loss, n.test_accuracy)).collect()
}

fn best(summary: &Summary) -> f64 {
    summary.front.iter().map(|network| network.validation_accuracy).fold(0.0, f64::max)
}

/// A single epoch teaches a network that inherits the shared weights far more than one from scratch.
#[test]
fn networks_inherit_what_all_have_learned() {
    let folder = tempfile::tempdir().unwrap();
    let learned = finished(&settings("learned", folder.path()));
    assert_eq!(learned.trials, 6);
    assert!(learned.front.iter().all(|network| network.params <= 2_500));
    let mut scratch = settings("scratch", folder.path());
    scratch.search.search_and_learn = false;
    scratch.training.epochs = Some(1);
    let (learned, scratch) = (best(&learned), best(&finished(&scratch)));
    assert!(learned > 0.5 && learned > scratch + 0.2, "{learned} {scratch}");
}

/// Inherited weights are trained on for a quarter of the epochs, or for as many as from scratch where a time limit
/// leaves time for them.
#[test]
fn the_rest_of_the_time_goes_to_the_final_trainings() {
    let folder = tempfile::tempdir().unwrap();
    let epochs = |study: &str, timeout: Option<&str>| {
        let mut settings = settings(study, folder.path());
        settings.training.final_epochs = None;
        settings.search.timeout = timeout.map(|text| text.parse().unwrap());
        let (asked, observed) = (Mutex::new(0), Mutex::new(0));
        let observer = |event: &Event| match event {
            Event::Final { epochs, .. } => *asked.lock().unwrap() = *epochs,
            Event::FinalProgress(_) => *observed.lock().unwrap() += 1,
            _ => {}
        };
        let summary = run(&settings, &StopFlag::new(), &observer).unwrap().finished().unwrap();
        assert!(!summary.front.is_empty());
        (asked.into_inner().unwrap(), observed.into_inner().unwrap())
    };
    assert_eq!(epochs("quarter", None), (2, 4));
    assert_eq!(epochs("whole", Some("20m")), (118, 236));
}

/// Where the final training needs more than is left, trials end before their share of the time is over.
#[test]
fn trials_leave_time_to_the_final_training() {
    let folder = tempfile::tempdir().unwrap();
    let is_noted = |study: &str, final_epochs| {
        let mut settings = settings(study, folder.path());
        settings.search.search_and_learn = false;
        settings.search.trials = 3_000;
        settings.search.timeout = Some("8s".parse().unwrap());
        settings.training.final_epochs = Some(final_epochs);
        let noted = Mutex::new(false);
        let observer = |event: &Event| {
            if let Event::Note(note) = event {
                *noted.lock().unwrap() |= note.contains("the final training needs the rest");
            }
        };
        let summary = run(&settings, &StopFlag::new(), &observer).unwrap().finished().unwrap();
        assert!(!summary.front.is_empty());
        noted.into_inner().unwrap()
    };
    assert!(is_noted("short", 10_000) && !is_noted("ample", 1));
}

/// A search that is interrupted while the weights are learned goes on where it was, to the same networks.
#[test]
fn an_interrupted_search_goes_on_to_the_same_networks() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (settings("whole", folder.path()), settings("parts", folder.path()));
    let stop = StopFlag::new();
    let observer = |event: &Event| {
        if matches!(event, Event::Learning { epoch: 2, .. }) {
            stop.set();
        }
    };
    let interrupted = run(&parts, &stop, &observer).unwrap();
    assert!(matches!(interrupted, SearchOutcome::Interrupted(_)));
    let epochs = Mutex::new(Vec::new());
    let observer = |event: &Event| {
        if let Event::Learning { epoch, .. } = event {
            epochs.lock().unwrap().push(*epoch);
        }
    };
    let again = run(&parts, &StopFlag::new(), &observer).unwrap().finished().unwrap();
    assert_eq!(epochs.into_inner().unwrap(), [3, 4, 5, 6]);
    assert_eq!(results(&again), results(&finished(&whole)));
}

#[test]
fn settings_that_say_nothing_here_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings("folds", folder.path());
    settings.training.folds = Some(3);
    let error = run(&settings, &StopFlag::new(), &|_| {}).unwrap_err().to_string();
    assert!(error.contains("training.folds"), "{error}");
}
