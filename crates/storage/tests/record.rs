//! Studies read as they are recorded, without a search space.
#![allow(clippy::unwrap_used)]

use automl_space::{Choice, Space};
use automl_storage::{RecordError, SqliteStorage, StudyRecord};
use automl_study::{Direction, Ladder, Next, State, Study, attribute};
use std::path::Path;

/// A study of two objectives with a conditional parameter: complete, failed and running trials.
fn write(path: &Path, name: &str) -> Space {
    let mut space = Space::builder();
    let kind = space.choice("kind", ["a", "b"]).add().unwrap();
    let size = space.int("size", 2..=8).when(kind, "a").add().unwrap();
    let space = space.build().unwrap();
    let storage = SqliteStorage::open(path, name).unwrap();
    let mut study = Study::builder(space.clone())
        .directions([Direction::Maximize, Direction::Minimize])
        .ladder(Ladder::new("epoch", 1, 3, true).unwrap())
        .storage(storage)
        .build()
        .unwrap();
    for n in 0..6 {
        let Next::Run(job) = study.next_job().unwrap() else { panic!("a job") };
        if n == 5 {
            break;
        }
        if n == 4 {
            study.tell(job.number, automl_study::Outcome::failed("out of memory")).unwrap();
            continue;
        }
        let cost = job.config.get(size).unwrap_or(1) as f64;
        for epoch in 1..=3 {
            study.report(job.number, epoch, vec![0.25 * epoch as f64, cost]).unwrap();
        }
        study.tell(job.number, vec![0.75, cost]).unwrap();
    }
    space
}

#[test]
fn a_record_has_everything_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("studies.db");
    let space = write(&path, "one");
    let url = path.display().to_string();
    let before = StudyRecord::list(&url).unwrap();
    let record = StudyRecord::read(&url, None).unwrap();
    assert_eq!(record.name, "one");
    assert_eq!(record.directions, [Direction::Maximize, Direction::Minimize]);
    assert_eq!(record.objectives(), ["objective 1", "objective 2"]);
    assert_eq!(record.space.as_ref(), Some(&space));
    let names: Vec<&str> = record.params.iter().map(|param| param.name.as_str()).collect();
    assert_eq!(names, ["kind", "size"]);
    let states: Vec<State> = record.trials.iter().map(|trial| trial.state).collect();
    assert_eq!(states[..4], [State::Complete; 4]);
    assert_eq!(states[4..], [State::Failed, State::Running]);
    let first = &record.trials[0];
    assert_eq!(first.reports.len(), 3);
    assert_eq!(first.reports[2].values, first.values);
    assert!(record.trials[5].attributes.contains_key(attribute::WORKER));
    for trial in &record.trials {
        let is_a = record.literal(trial, 0) == Some(Choice::from("a"));
        assert_eq!(record.literal(trial, 1).is_some(), is_a);
    }
    assert_eq!(StudyRecord::list(&url).unwrap(), before);
}

#[test]
fn studies_are_chosen_by_name_and_nothing_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("studies.db");
    let url = path.display().to_string();
    let error = StudyRecord::read(&url, None).unwrap_err();
    assert!(matches!(error, RecordError::NoFile { .. }), "{error}");
    assert!(!path.exists());
    write(&path, "one");
    write(&path, "two");
    let error = StudyRecord::read(&url, None).unwrap_err().to_string();
    assert!(error.contains("2 studies") && error.contains("\"one\", \"two\""), "{error}");
    assert_eq!(StudyRecord::read(&url, Some("two")).unwrap().name, "two");
    let error = StudyRecord::read(&url, Some("three")).unwrap_err().to_string();
    assert!(error.contains("\"three\"") && error.contains("\"one\""), "{error}");
    assert_eq!(StudyRecord::list(&url).unwrap().len(), 2);
    let other = folder.path().join("text.db");
    std::fs::write(&other, "no database at all, but a text that is long enough").unwrap();
    assert!(StudyRecord::read(&other.display().to_string(), None).is_err());
    assert!(StudyRecord::read("mysql://me:secret@host/x", None).is_err());
}
