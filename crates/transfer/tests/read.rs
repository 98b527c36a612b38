//! From which places studies are read, and which of them are left out.
#![allow(clippy::unwrap_used)]

use automl_space::Space;
use automl_storage::SqliteStorage;
use automl_study::{Direction, Study};
use automl_transfer::{SourceSpec, TransferError, read};
use std::path::Path;

fn space(name: &str) -> Space {
    let mut builder = Space::builder();
    builder.float(name, 0.0..=1.0).add().unwrap();
    builder.build().unwrap()
}

/// A study of ten trials in a database, over one parameter of this name.
fn record(path: &Path, study: &str, parameter: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let space = space(parameter);
    let storage = SqliteStorage::open(path, study).unwrap();
    let mut study = Study::builder(space).storage(storage).build().unwrap();
    study.optimize(10, |config| config.value(0).unwrap().as_f64()).unwrap();
}

fn names(specs: &[SourceSpec], runs: &Path, own: &str) -> Result<Vec<String>, TransferError> {
    let found = read(specs, runs, own, &space("x"), &[Direction::Minimize])?;
    Ok(found.sources.studies().iter().map(|study| study.name.clone()).collect())
}

/// A folder of runs gives all of its studies in the order of their folders, but not the new one.
#[test]
fn a_folder_of_runs_gives_all_studies_but_the_new_one() {
    let runs = tempfile::tempdir().unwrap();
    for name in ["tuesday", "monday", "wednesday"] {
        record(&runs.path().join(name).join("study.db"), name, "x");
    }
    let all = SourceSpec::from(runs.path().to_str().unwrap());
    let of = |own: &str| names(std::slice::from_ref(&all), runs.path(), own).unwrap();
    assert_eq!(of("thursday"), ["monday", "tuesday", "wednesday"]);
    assert_eq!(of("tuesday"), ["monday", "wednesday"]);
    // A study that is named alone is a source, whatever the new one is called.
    assert_eq!(names(&["monday".into()], runs.path(), "monday").unwrap(), ["monday"]);
    let two = ["wednesday".into(), "monday".into()];
    assert_eq!(names(&two, runs.path(), "new").unwrap(), ["wednesday", "monday"]);
}

/// One database may hold several studies, of which one can be named.
#[test]
fn one_study_of_several_in_a_database_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.db");
    for name in ["first", "second", "own"] {
        record(&path, name, "x");
    }
    let place = path.to_str().unwrap().to_owned();
    let of = |text: String| names(&[SourceSpec::from(text.as_str())], folder.path(), "own");
    assert_eq!(of(place.clone()).unwrap(), ["first", "second"]);
    assert_eq!(of(format!("{place}#second")).unwrap(), ["second"]);
    assert!(of(format!("{place}#third")).unwrap_err().to_string().contains("third"));
}

/// Of several studies one that does not fit is left out and named; alone, or where none fits, it is an
/// error, and so is a place that is not there.
#[test]
fn what_does_not_fit_is_named() {
    let runs = tempfile::tempdir().unwrap();
    record(&runs.path().join("a/study.db"), "a", "x");
    record(&runs.path().join("b/study.db"), "b", "other");
    let all = SourceSpec::from(runs.path().to_str().unwrap());
    let read = |spec: &SourceSpec| {
        let (specs, own) = (std::slice::from_ref(spec), "new");
        read(specs, runs.path(), own, &space("x"), &[Direction::Minimize])
    };
    let found = read(&all).unwrap();
    assert_eq!(found.sources.studies().len(), 1);
    assert!(found.left_out.len() == 1 && found.left_out[0].contains("\"b\""));
    assert!(read(&"b".into()).unwrap_err().to_string().contains("\"b\""));
    record(&runs.path().join("c/study.db"), "c", "other");
    std::fs::remove_dir_all(runs.path().join("a")).unwrap();
    assert!(read(&all).unwrap_err().to_string().contains("\"b\""));
    assert!(read(&"nowhere".into()).unwrap_err().to_string().contains("nowhere"));
    let empty = tempfile::tempdir().unwrap();
    let spec = SourceSpec::from(empty.path().to_str().unwrap());
    assert!(matches!(read(&spec), Err(TransferError::NoStudies { .. })));
}

/// Renamings belong to their source; one that names nothing is refused.
#[test]
fn renamings_are_applied_and_checked() {
    let runs = tempfile::tempdir().unwrap();
    record(&runs.path().join("b/study.db"), "b", "other");
    let of = |rename: &str| {
        let specs = SourceSpec::parse(["b"], [rename]).unwrap();
        names(&specs, runs.path(), "new")
    };
    assert_eq!(of("other=x").unwrap(), ["b"]);
    assert!(of("other=y").unwrap_err().to_string().contains("other=y"));
}
