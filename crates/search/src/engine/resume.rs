//! Settings of a study that is resumed or joined.
//!
//! Trials are comparable only under the same data, recipe and limits, so a later run takes the
//! settings of the first one.

mod join;

pub(super) use join::{Joined, join, may_close};

use crate::file::write_file;
use crate::{SearchError, SearchSettings, Settings};
use automl_data::Manifest;
use serde_json::Value;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The file in the study's folder.
const FILE: &str = "settings.json";

/// Settings that each run gives: the study's place, and how it treats data.
const PLACE: &[&str] = &["study", "runs", "data.strict", "data.cache", "data.accept-new-data"];

/// The settings that may change from run to run; all others stay.
const FREE: &[&str] = &[
    "storage",
    "device",
    "workers",
    "search.trials",
    "search.timeout",
    "search.sampler",
    "search.scheduler",
    "search.zero-cost-proxy",
    "search.scores",
    "search.final-networks",
    "search.export",
    "search.calibration",
    "search.finish",
    "search.repeat",
    "search.overwrite",
    "search.search-and-learn",
    "training.final-epochs",
    "training.init",
    "fidelity.architectures",
    "fidelity.candidates",
];

/// Failure to resume a study with these settings.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The file cannot be read.
    #[error("cannot read what the study began with in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file does not hold settings.
    #[error("{}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// The record does not hold settings.
    #[error("the settings in the study's record: {0}")]
    Record(serde_json::Error),
    /// The settings cannot be kept in a file.
    #[error("the settings cannot be written: {0}")]
    Write(#[from] serde_json::Error),
    /// The folder holds a study without its record.
    #[error("{} holds the settings{with} of a study, but {reason}", path.display())]
    NoRecord {
        /// The folder.
        path: PathBuf,
        /// The checkpoints there, in words.
        with: String,
        /// What became of the record, and what to do.
        reason: String,
    },
    /// A setting differs from that of other processes, which are at work on the study.
    #[error(
        "{name} = {value}: others are at work on the study with {theirs}; \
         leave it out, or wait until they are done"
    )]
    Alive {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
        /// The value of the others.
        theirs: String,
    },
    /// A setting differs from what the study began with elsewhere.
    #[error("{name} = {value}: the study began with {begun}; give it the same value here")]
    Joins {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
        /// The value with which the study began.
        begun: String,
    },
    /// A setting differs from what the study began with.
    #[error("{name} = {value}: the study began with {begun}; leave it out, or begin another study")]
    Differs {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
        /// The value with which the study began.
        begun: String,
    },
}

/// Limits that a continuation may tighten: the trials within them count.
const LIMITS: &[&str] =
    &["search.max-params", "search.max-macs", "search.max-flash", "search.max-ram"];

/// The settings of a run.
#[derive(Debug)]
pub(super) struct Resumed {
    pub(super) settings: Settings,
    /// The limits with which the study began.
    pub(super) limits: SearchSettings,
    /// A note of the settings that it takes from an earlier run.
    pub(super) note: Option<String>,
}

/// The settings of a run, with those that it takes from an earlier one.
///
/// Where a study is continued, a setting at its default takes the value with which the study began,
/// as if it had not been given. A study from before this was kept goes on with what is given.
pub(super) fn settings(given: &Settings) -> Result<Resumed, ResumeError> {
    let as_given = || Resumed { settings: given.clone(), limits: given.search.clone(), note: None };
    let Some(study) = &given.study else { return Ok(as_given()) };
    let Some(begun) = read(&given.runs.join(study).join(FILE))? else { return Ok(as_given()) };
    let is_known = Manifest::read(&given.runs.join(study)).is_ok_and(|known| known.is_some());
    let (settings, taken) = reconcile(given, &begun, is_known)?;
    let note = format!("going on with {}, as the study began", taken.join(", "));
    let note = Some(note).filter(|_| !taken.is_empty());
    Ok(Resumed { settings, limits: begun.search, note })
}

/// Whether the study's folder holds the settings of an earlier run.
pub(super) fn has_begun(settings: &Settings) -> bool {
    settings.study.as_ref().is_some_and(|study| settings.runs.join(study).join(FILE).exists())
}

/// The files of the study's data with their parts, where they were kept.
pub(super) fn manifest(settings: &Settings) -> Result<Option<Manifest>, SearchError> {
    let Some(study) = &settings.study else { return Ok(None) };
    Ok(Manifest::read(&settings.runs.join(study))?)
}

/// Keeps the settings of a new study; the file is complete or absent.
pub(super) fn keep(settings: &Settings, folder: &Path) -> Result<(), SearchError> {
    let path = folder.join(FILE);
    if path.exists() {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(&values(settings)?).map_err(ResumeError::from)?;
    Ok(write_file(&path, &text)?)
}

/// The settings with which the study in a folder began; `None` where they were not kept.
pub(crate) fn begun(folder: &Path) -> Result<Option<Settings>, ResumeError> {
    read(&folder.join(FILE))
}

/// Refuses a folder that holds the settings of a study without its record: the study would begin
/// anew and overwrite the checkpoints. For a record in the folder.
pub(super) fn check_record(folder: &Path, study: &str) -> Result<(), ResumeError> {
    if !folder.join(FILE).exists() {
        return Ok(());
    }
    let record = folder.join("study.db");
    let reason = match std::fs::metadata(&record) {
        Err(_) => "study.db is missing: put it back, with study.db-wal if there is one".to_owned(),
        Ok(file) if file.len() == 0 => "study.db is empty: put the record back".to_owned(),
        Ok(_) => {
            let Ok(studies) = automl_storage::studies(&record) else { return Ok(()) };
            if studies.iter().any(|known| known.name == study) {
                return Ok(());
            }
            match studies.first() {
                None => {
                    "study.db holds no study: a study.db-wal was left behind where it came from"
                        .to_owned()
                }
                Some(known) => format!(
                    "study.db holds the study {:?}: give the folder this name again, since a study is \
                     called as its folder",
                    known.name
                ),
            }
        }
    };
    let checkpoints = std::fs::read_dir(folder.join("checkpoints")).into_iter().flatten().flatten();
    let is_checkpoint =
        |file: &std::fs::DirEntry| file.path().extension().is_some_and(|end| end == "ckpt");
    let with = match checkpoints.filter(is_checkpoint).count() {
        0 => String::new(),
        1 => " and a checkpoint".to_owned(),
        n => format!(" and {n} checkpoints"),
    };
    Err(ResumeError::NoRecord { path: folder.to_owned(), with, reason })
}

fn read(path: &Path) -> Result<Option<Settings>, ResumeError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ResumeError::Read { path: path.to_owned(), source }),
    };
    let content = |source| ResumeError::Content { path: path.to_owned(), source };
    serde_json::from_str(&text).map(Some).map_err(content)
}

/// The given settings with those of the study's first run in place of defaults, and the names of
/// those. A setting that differs from both is refused, unless it may change. A folder of data
/// with content that `is_known` may lie elsewhere.
fn reconcile(
    given: &Settings,
    begun: &Settings,
    is_known: bool,
) -> Result<(Settings, Vec<String>), ResumeError> {
    let (mut now, mut then) = (values(given)?, values(begun)?);
    let mut usual = values(&Settings::default())?;
    let mut taken = Vec::new();
    for name in names(&then) {
        let (value, begun_value) = (place(&mut now, &name), place(&mut then, &name));
        if value == begun_value {
            continue;
        }
        // A folder alone may be one of any format.
        let is_implied = name == "data.dataset" && *value == "folder";
        if is_implied || value == place(&mut usual, &name) {
            *value = begun_value.take();
            taken.push(format!("{name} = {}", shown(value)));
        } else if !is_free(&name, begun, is_known) && !is_tighter(&name, value, begun_value) {
            let (value, begun) = (shown(value), shown(begun_value));
            return Err(ResumeError::Differs { name, value, begun });
        }
    }
    let mut settings: Settings = serde_json::from_value(now)?;
    // The address of the record has its password here alone.
    if given.without_password().storage == settings.storage {
        settings.storage.clone_from(&given.storage);
    }
    Ok((settings, taken))
}

/// A value in words.
fn shown(value: &Value) -> String {
    if value.is_null() { "its default".into() } else { value.to_string() }
}

/// Whether a limit is lower than the one with which the study began.
fn is_tighter(name: &str, value: &Value, begun: &Value) -> bool {
    let is_below = begun.is_null() || value.as_u64() <= begun.as_u64();
    LIMITS.contains(&name) && value.is_u64() && is_below
}

/// Whether a setting may change. Files may lie elsewhere, unless their folder is the data set and its
/// content is not known.
fn is_free(name: &str, begun: &Settings, is_known: bool) -> bool {
    FREE.contains(&name) || name == "data.dir" && (is_known || begun.data.dataset != "folder")
}

/// All settings by name, files and folders as seen from everywhere.
fn values(settings: &Settings) -> Result<Value, ResumeError> {
    Ok(serde_json::to_value(settings.without_password().with_absolute_paths())?)
}

/// The names of the settings that a continuation looks at, such as `training.epochs`.
fn names(settings: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in settings.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(section) => names.extend(section.keys().map(|key| format!("{name}.{key}"))),
            None => names.push(name.clone()),
        }
    }
    names.retain(|name| !PLACE.contains(&name.as_str()));
    names
}

/// The place of a setting's value.
fn place<'a>(settings: &'a mut Value, name: &str) -> &'a mut Value {
    name.split('.').fold(settings, |section, key| &mut section[key])
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn load(assignments: &[&str]) -> Settings {
        let assignments: Vec<String> = assignments.iter().map(|s| (*s).to_owned()).collect();
        Settings::load(None, &assignments).unwrap()
    }

    /// A study with its record elsewhere does not begin anew.
    #[test]
    fn a_folder_without_its_record_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        check_record(path, "a").unwrap();
        keep(&Settings::default(), path).unwrap();
        std::fs::create_dir(path.join("checkpoints")).unwrap();
        for name in ["0.ckpt", "3.ckpt", "4.part"] {
            std::fs::write(path.join("checkpoints").join(name), "weights").unwrap();
        }
        let refused = |named: &str| {
            let error = check_record(path, "a").unwrap_err().to_string();
            assert!(error.contains("2 checkpoints") && error.contains(named), "{error}");
        };
        refused("missing");
        let record = path.join("study.db");
        std::fs::write(&record, "").unwrap();
        refused("empty");
        std::fs::remove_file(&record).unwrap();
        let mut storage = automl_storage::SqliteStorage::open(&record, "old").unwrap();
        refused("no study");
        let shared = automl_study::Storage::shared(&mut storage).unwrap();
        shared.begin(&[automl_study::Direction::Minimize]).unwrap();
        refused("\"old\"");
        check_record(path, "old").unwrap();
    }

    #[test]
    fn what_is_not_given_is_as_the_study_began() {
        let stay = ["seed=3", "training.epochs=9", "search.max-params=9", "storage=/here/a.db"];
        let free = ["search.trials=5", "search.timeout=90s", "search.search-and-learn=true"];
        let begun = load(&[&stay[..], &free, &["runs=/old", "study=old", "workers=2"]].concat());
        let changed = ["search.trials=120", "training.final-epochs=7", "workers=3", "study=new"];
        let given = load(&[&changed[..], &["training.epochs=9"]].concat());
        let (settings, taken) = reconcile(&given, &begun, false).unwrap();
        let noted = [
            "search.max-params = 9",
            "search.search-and-learn = true",
            "search.timeout = \"90s\"",
            "seed = 3",
            "storage = \"/here/a.db\"",
        ];
        assert_eq!(taken, noted);
        let expected = [&stay[..], &free[1..]].concat();
        assert_eq!(settings, load(&[&expected[..], &changed].concat()));
        assert_eq!(reconcile(&settings, &begun, false).unwrap(), (settings, Vec::new()));
    }

    #[test]
    fn what_differs_is_refused_by_name() {
        let begun = load(&["search.against=macs", "training.epochs=27"]);
        for (given, message) in [
            ("seed=4", "seed = 4: the study began with 0"),
            (
                "search.against=latency",
                "search.cost-objective = \"latency\": the study began with \"macs\"",
            ),
            ("training.epochs=60", "training.epochs = 60: the study began with 27"),
            ("training.batch=8", "training.batch = 8: the study began with its default"),
            ("fidelity.ladder=[{epochs = 3}]", "fidelity.ladder"),
        ] {
            let error = reconcile(&load(&[given]), &begun, false).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn limits_may_be_tightened() {
        let begun = load(&["search.max-params=20k"]);
        let tight = load(&["search.max-params=9k", "search.max-ram=64k"]);
        let (settings, taken) = reconcile(&tight, &begun, false).unwrap();
        assert_eq!((settings, taken), (tight, Vec::new()));
        let error =
            reconcile(&load(&["search.max-params=30k"]), &begun, false).unwrap_err().to_string();
        assert!(
            error.starts_with("search.max-params = 30000: the study began with 20000"),
            "{error}"
        );
    }

    #[test]
    fn passwords_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        keep(&load(&["storage=postgresql://me:secret@host/x"]), folder.path()).unwrap();
        let kept = read(&folder.path().join(FILE)).unwrap().unwrap();
        assert_eq!(kept.storage.as_deref(), Some("postgresql://me@host/x"));
        // Who goes on and gives it again needs it.
        let again = load(&["storage=postgresql://me:secret@host/x", "search.trials=5"]);
        assert_eq!(reconcile(&again, &kept, false).unwrap(), (again, Vec::new()));
    }

    #[test]
    fn files_may_lie_elsewhere_unless_they_are_the_data_set() {
        let at = |dataset: &str, dir: &str| {
            load(&[&format!("data.dataset={dataset}"), &format!("data.dir={dir}")])
        };
        let (settings, _) =
            reconcile(&at("cifar10", "/new"), &at("cifar10", "/old"), false).unwrap();
        assert_eq!(settings.data.dir, Some("/new".into()));
        let (settings, _) = reconcile(&Settings::default(), &at("cifar10", "/old"), false).unwrap();
        assert_eq!(settings.data, at("cifar10", "/old").data);
        let (settings, _) = reconcile(&at("folder", "/new"), &at("folder", "/old"), true).unwrap();
        assert_eq!(settings.data.dir, Some("/new".into()));
        let error =
            reconcile(&at("folder", "/new"), &at("folder", "/old"), false).unwrap_err().to_string();
        assert!(error.starts_with("data.dir"), "{error}");
    }

    #[test]
    fn the_file_holds_what_the_study_began_with() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert!(read(&path).unwrap().is_none());
        let begun = load(&["search.trials=5", "data.side=16", "storage=sqlite:///a.db"]);
        let begun = Settings { seed: u64::MAX, ..begun };
        keep(&begun, folder.path()).unwrap();
        let kept = read(&path).unwrap().unwrap();
        let file = std::path::absolute("a.db").unwrap();
        assert_eq!(kept.storage_file(), Some(file.as_path()));
        assert_eq!(Settings { storage: begun.storage.clone(), ..kept.clone() }, begun);
        // The first run decides.
        keep(&Settings::default(), folder.path()).unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), kept);
        std::fs::write(&path, "{\"sed\": 3}").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("settings.json"));
    }

    #[test]
    fn what_may_change_exists() {
        let mut all = values(&Settings::default()).unwrap();
        let before = all.clone();
        FREE.iter().chain(PLACE).for_each(|name| drop(place(&mut all, name).clone()));
        assert_eq!(all, before);
    }
}
