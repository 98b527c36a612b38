//! Studies that are continued, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_search::{ConfigurationError, Device, Event, SearchError, Settings, Summary, run};
use automl_study::StopFlag;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

fn settings(runs: &Path) -> Settings {
    let mut settings = Settings { study: Some("again".into()), ..Settings::default() };
    settings.runs = runs.to_owned();
    settings.device = Device::Cpu;
    settings.search.trials = 2;
    settings.search.final_networks = 2;
    settings.training.final_epochs = Some(1);
    settings
}

/// The summary, and what was noted.
fn search(settings: &Settings) -> Result<(Summary, Vec<String>), SearchError> {
    let notes = Mutex::new(Vec::new());
    let observer = |event: &Event| {
        if let Event::Note(note) = event {
            notes.lock().unwrap().push(note.clone());
        }
    };
    let summary = run(settings, &StopFlag::new(), &observer)?.finished().unwrap();
    Ok((summary, notes.into_inner().unwrap()))
}

#[test]
fn a_study_goes_on_as_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let mut began = settings(folder.path());
    began.seed = 3;
    let storage = folder.path().join("record.db").display().to_string();
    began.storage = Some(storage.clone());
    began.training.epochs = Some(2);
    let (first, notes) = search(&began).unwrap();
    assert_eq!((first.trials, notes), (2, Vec::new()));

    // Seed, epochs and storage are not given again.
    let mut more = settings(folder.path());
    more.search.trials = 3;
    let (second, notes) = search(&more).unwrap();
    assert_eq!(second.trials, 3);
    let taken = format!("seed = 3, storage = {storage:?}, training.epochs = 2");
    assert_eq!(notes, [format!("going on with {taken}, as the study began")]);
    // The networks of the first run are known: another split would give other losses.
    let shared = first.front.iter().filter_map(|network| {
        let known = second.front.iter().find(|other| other.trial == network.trial)?;
        Some((network.test_accuracy, known.test_accuracy))
    });
    let shared: Vec<_> = shared.collect();
    assert!(!shared.is_empty() && shared.iter().all(|(a, b)| a == b), "{shared:?}");

    more.training.epochs = Some(60);
    let error = search(&more).unwrap_err();
    let is_kind = matches!(error, SearchError::Configuration(ConfigurationError::Resume(_)));
    assert!(is_kind, "{error}");
    assert!(error.to_string().starts_with("training.epochs = 60: the study began with 2"));

    // A study from before this was kept.
    fs::remove_file(folder.path().join("again/settings.json")).unwrap();
    let (last, notes) = search(&began).unwrap();
    assert_eq!((last.trials, notes), (3, Vec::new()));
    assert!(!folder.path().join("again/settings.json").exists());
}

/// More epochs than before are wanted, then fewer.
#[test]
fn networks_are_trained_again_where_there_is_time_for_more_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.training.epochs = Some(2);
    settings.search.timeout = Some("10m".parse().unwrap());
    let mut epochs = |final_epochs| {
        settings.training.final_epochs = Some(final_epochs);
        let (summary, _) = search(&settings).unwrap();
        let study = folder.path().join("again");
        // Also those of complete trials, from which a final training may start.
        assert_eq!(fs::read_dir(study.join("checkpoints")).unwrap().count(), 0);
        let file = &summary.front[0].files[3];
        let metrics = fs::read_to_string(study.join(file)).unwrap();
        serde_json::from_str::<serde_json::Value>(&metrics).unwrap()["epochs"].as_u64().unwrap()
    };
    assert_eq!(epochs(1), 1);
    assert_eq!(epochs(3), 3);
    assert_eq!(epochs(2), 3);
}

/// A network of which a file is damaged is left out by name: its files stay, and the others are shown.
/// Where it is removed, or is to be overwritten, it is trained again.
#[test]
fn damaged_networks_are_left_out_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.training.epochs = Some(1);
    let front = folder.path().join("again/front");
    let (first, _) = search(&settings).unwrap();
    let networks = fs::read_dir(&front).unwrap().count();
    assert_eq!(networks, 2);
    let trial = first.front[0].trial;
    for file in ["metrics.json", "network.json", "weights.safetensors"] {
        let path = front.join(format!("trial-{trial}")).join(file);
        let whole = fs::read(&path).unwrap();
        let half = &whole[..whole.len() / 2];
        fs::write(&path, half).unwrap();
        let (summary, notes) = search(&settings).unwrap();
        assert_eq!(fs::read(&path).unwrap(), half, "{file}");
        assert!(summary.front.iter().all(|network| network.trial != trial), "{file}");
        assert!(!summary.front.is_empty(), "{file}");
        let named = format!("trial {trial} is left out of the front: ");
        let is_named = |note: &String| note.starts_with(&named) && note.contains(file);
        assert!(notes.iter().any(is_named), "{file}: {notes:?}");
        fs::write(&path, whole).unwrap();
    }
    let path = front.join(format!("trial-{trial}/metrics.json"));
    fs::write(&path, "{").unwrap();
    settings.search.overwrite = true;
    let (summary, _) = search(&settings).unwrap();
    assert!(summary.front.iter().any(|network| network.trial == trial));
    assert!(fs::read(&path).unwrap().len() > 100);
}
