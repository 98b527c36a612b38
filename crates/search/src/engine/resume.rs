//! Settings of a study that is resumed or joined.
//!
//! Trials are comparable only under the same data, recipe and limits, so a later run takes the
//! settings of the first one.

use crate::{SearchError, Settings};
use automl_study::Storage;
use serde_json::Value;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The file in the study's folder.
const FILE: &str = "settings.json";

/// Where the study lies: each run says so itself.
const PLACE: &[&str] = &["study", "runs"];

/// The study's attribute for those who join it from another machine.
const ATTRIBUTE: &str = "automl:settings";

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
    "search.search-and-learn",
    "training.final-epochs",
    "fidelity.architectures",
    "fidelity.candidates",
];

/// Those of them on which a study's trials depend all the same: all processes that are at work on it
/// have the same ones.
const SHARED: &[&str] =
    &["search.trials", "search.sampler", "search.scheduler", "search.search-and-learn"];

/// Why a study cannot be continued with these settings.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContinueError {
    /// The file cannot be read.
    #[error("cannot read what the study began with in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold settings.
    #[error("{}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The record does not hold settings.
    #[error("the settings in the study's record: {0}")]
    Record(serde_json::Error),
    /// The settings cannot be kept in a file.
    #[error("the settings cannot be written: {0}")]
    Write(#[from] serde_json::Error),
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

/// The settings of a run, and in words what it takes from an earlier one.
///
/// Where a study is continued, a setting at its default takes the value with which the study began,
/// as if it had not been given. A study from before this was kept goes on with what is given.
pub(super) fn settings(given: &Settings) -> Result<(Settings, Option<String>), ContinueError> {
    let Some(study) = &given.study else { return Ok((given.clone(), None)) };
    let Some(begun) = read(&given.runs.join(study).join(FILE))? else {
        return Ok((given.clone(), None));
    };
    let (settings, taken) = reconcile(given, &begun)?;
    let note = format!("going on with {}, as the study began", taken.join(", "));
    Ok((settings, Some(note).filter(|_| !taken.is_empty())))
}

/// Keeps what a new study begins with; the file is whole or absent.
pub(super) fn keep(settings: &Settings, folder: &Path) -> Result<(), SearchError> {
    let path = folder.join(FILE);
    if path.exists() {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(&values(settings)?).map_err(ContinueError::from)?;
    super::write_file(&path, &text)
}

/// How a process takes part in a study.
#[derive(Debug)]
pub(super) struct Joined {
    /// Its settings, with those that all share.
    pub(super) settings: Settings,
    /// In words what it takes from the others.
    pub(super) taken: Option<String>,
    /// Whether the record holds settings: one from before they were kept has none.
    pub(super) known: bool,
    /// What it does otherwise than the others, which it may if none of them is at work.
    differs: Option<ContinueError>,
}

impl Joined {
    /// Refuses what differs while others are at work. Who is alone decides for those that come.
    pub(super) fn settle(
        &mut self,
        record: &mut dyn Storage,
        others: bool,
    ) -> Result<(), SearchError> {
        let Some(differs) = self.differs.take() else { return Ok(()) };
        if others {
            return Err(differs.into());
        }
        if let Some(begun) = record.attribute(ATTRIBUTE)? {
            let (mut begun, mut now) = (shareable(&shared(begun)?)?, values(&self.settings)?);
            for name in SHARED {
                *place(&mut begun, name) = place(&mut now, name).take();
            }
            record.set_attribute(ATTRIBUTE, &begun)?;
        }
        Ok(())
    }
}

/// Compares the settings with those that the record of the study holds, which may have begun on
/// another machine; the first process of a new study leaves its own there. Those that all processes
/// share and that were not `given` are taken from the record.
pub(super) fn join(
    given: &Settings,
    settings: &Settings,
    record: &mut dyn Storage,
    is_new: bool,
) -> Result<Joined, SearchError> {
    let mut now = values(settings)?;
    let begun = match record.attribute(ATTRIBUTE)? {
        Some(begun) => begun,
        None if is_new => record.attribute_or_insert(ATTRIBUTE, &shareable(settings)?)?,
        None => {
            let (settings, taken) = (settings.clone(), None);
            return Ok(Joined { settings, taken, known: false, differs: None });
        }
    };
    let begun = shareable(&shared(begun)?)?;
    let (mut given, mut usual) = (values(given)?, values(&Settings::default())?);
    let (mut taken, mut differs) = (Vec::new(), None);
    for name in names(&begun) {
        let begun = name.split('.').fold(&begun, |section, key| &section[key]);
        let value = place(&mut now, &name);
        if value == begun || name == "data.dir" {
            continue;
        }
        if SHARED.contains(&name.as_str()) {
            if place(&mut given, &name) == place(&mut usual, &name) {
                *value = begun.clone();
                taken.push(format!("{name} = {}", shown(value)));
            } else if differs.is_none() {
                let (value, theirs) = (shown(value), shown(begun));
                differs = Some(ContinueError::Alive { name, value, theirs });
            }
        } else if !FREE.contains(&name.as_str()) {
            let (value, begun) = (shown(value), shown(begun));
            return Err(ContinueError::Joins { name, value, begun }.into());
        }
    }
    let mut joined = settings.clone();
    if !taken.is_empty() {
        // The address of the record has its password here alone.
        let shared: Settings = serde_json::from_value(now).map_err(ContinueError::from)?;
        joined.search = shared.search;
    }
    let taken = (!taken.is_empty())
        .then(|| format!("going on with {}, as the study's last process", taken.join(", ")));
    Ok(Joined { settings: joined, taken, known: true, differs })
}

/// Places of a run, which say nothing about the study.
fn places() -> Vec<&'static str> {
    [PLACE, &["storage", "data.dir"]].concat()
}

/// The settings by name as other processes may read them: without places.
fn shareable(settings: &Settings) -> Result<Value, ContinueError> {
    let mut values = values(settings)?;
    places().into_iter().for_each(|name| *place(&mut values, name) = Value::Null);
    Ok(values)
}

/// The settings that a record holds, perhaps under former names.
fn shared(mut values: Value) -> Result<Settings, ContinueError> {
    for name in places() {
        let (section, name) = name.split_once('.').unwrap_or(("", name));
        let table = if section.is_empty() { Some(&mut values) } else { values.get_mut(section) };
        if let Some(table) = table.and_then(Value::as_object_mut) {
            table.remove(name);
        }
    }
    serde_json::from_value(values).map_err(ContinueError::Record)
}

/// Whether this process may end what is paused: not if others try more candidates than it does.
pub(super) fn may_close(
    settings: &Settings,
    record: &mut dyn Storage,
) -> Result<bool, SearchError> {
    let begun = record.attribute(ATTRIBUTE)?;
    let trials = begun.and_then(|begun| begun["search"]["trials"].as_u64());
    Ok(trials.is_none_or(|trials| settings.search.trials >= trials))
}

/// The settings with which the study in a folder began; `None` where they were not kept.
pub(crate) fn begun(folder: &Path) -> Result<Option<Settings>, ContinueError> {
    read(&folder.join(FILE))
}

fn read(path: &Path) -> Result<Option<Settings>, ContinueError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ContinueError::Read { path: path.to_owned(), source }),
    };
    let content = |source| ContinueError::Content { path: path.to_owned(), source };
    serde_json::from_str(&text).map(Some).map_err(content)
}

/// The given settings with what the study began with in the place of defaults, and what that
/// changed. A setting that is neither is refused, unless it is free.
fn reconcile(given: &Settings, begun: &Settings) -> Result<(Settings, Vec<String>), ContinueError> {
    let (mut now, mut then) = (values(given)?, values(begun)?);
    let mut usual = values(&Settings::default())?;
    let mut taken = Vec::new();
    for name in names(&then) {
        let (value, begun_value) = (place(&mut now, &name), place(&mut then, &name));
        if value == begun_value {
            continue;
        }
        if value == place(&mut usual, &name) {
            *value = begun_value.take();
            taken.push(format!("{name} = {}", shown(value)));
        } else if !is_free(&name, begun) {
            let (value, begun) = (shown(value), shown(begun_value));
            return Err(ContinueError::Differs { name, value, begun });
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

/// Whether a setting may change. Files may lie elsewhere, unless their folder is the data set.
fn is_free(name: &str, begun: &Settings) -> bool {
    FREE.contains(&name) || name == "data.dir" && begun.data.dataset != "folder"
}

/// All settings by name, files and folders as seen from everywhere.
fn values(settings: &Settings) -> Result<Value, ContinueError> {
    let mut settings = settings.without_password();
    if let Some(dir) = &mut settings.data.dir
        && let Ok(absolute) = std::path::absolute(&dir)
    {
        *dir = absolute;
    }
    if let Some(file) = settings.storage_file()
        && let Ok(absolute) = std::path::absolute(file)
        && let Ok(text) = absolute.into_os_string().into_string()
    {
        settings.storage = Some(text);
    }
    Ok(serde_json::to_value(settings)?)
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

/// Where a setting's value lies.
fn place<'a>(settings: &'a mut Value, name: &str) -> &'a mut Value {
    name.split('.').fold(settings, |section, key| &mut section[key])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(assignments: &[&str]) -> Settings {
        let assignments: Vec<String> = assignments.iter().map(|s| (*s).to_owned()).collect();
        Settings::load(None, &assignments).unwrap()
    }

    #[test]
    fn what_is_not_given_is_as_the_study_began() {
        let stay = ["seed=3", "training.epochs=9", "search.max-params=9", "storage=/here/a.db"];
        let free = ["search.trials=5", "search.timeout=90s", "search.search-and-learn=true"];
        let begun = load(&[&stay[..], &free, &["runs=/old", "study=old", "workers=2"]].concat());
        let changed = ["search.trials=120", "training.final-epochs=7", "workers=3", "study=new"];
        let given = load(&[&changed[..], &["training.epochs=9"]].concat());
        let (settings, taken) = reconcile(&given, &begun).unwrap();
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
        assert_eq!(reconcile(&settings, &begun).unwrap(), (settings, Vec::new()));
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
            let error = reconcile(&load(&[given]), &begun).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn whoever_joins_has_the_same_settings() {
        let mut record = automl_storage::MemoryStorage::new();
        let mut join = |settings: &[&str], is_new| {
            let settings = load(settings);
            join(&settings, &settings, &mut record, is_new).map(|joined| joined.known)
        };
        let url = "storage=postgresql://me:secret@host/x";
        let begun = [url, "training.epochs=9", "data.dir=/here", "seed=3"];
        assert!(!join(&begun, false).unwrap());
        assert!(join(&begun, true).unwrap());
        let same = ["training.epochs=9", "seed=3", "search.trials=7", "data.dir=/there"];
        assert!(join(&same, false).unwrap());
        let error = join(&["training.epochs=8", "seed=3"], false).unwrap_err();
        assert!(error.to_string().starts_with("training.epochs = 8: the study began with 9"));
        let error = join(&["training.epochs=9"], true).unwrap_err();
        assert!(error.to_string().starts_with("seed = 0: the study began with 3"), "{error}");
        let kept = record.attribute(ATTRIBUTE).unwrap().unwrap().to_string();
        assert!(!kept.contains("host") && !kept.contains("here"), "{kept}");
    }

    /// Names of settings have changed since.
    #[test]
    fn a_record_of_former_names_is_joined() {
        let mut record = automl_storage::MemoryStorage::new();
        let kept = serde_json::json!({
            "study": null, "runs": null, "storage": null, "seed": 3, "data": {"dir": null},
            "search": {"against": "macs", "front": 4, "filter": "none", "trials": 95},
            "training": {"recipe": "light"}
        });
        record.set_attribute(ATTRIBUTE, &kept).unwrap();
        let given = load(&["seed=3", "search.cost-objective=macs"]);
        let joined = join(&given, &given, &mut record, false).unwrap();
        assert_eq!(joined.settings.search.trials, 95);
        let other = load(&["seed=3"]);
        let error = join(&other, &other, &mut record, false).unwrap_err().to_string();
        assert!(
            error.starts_with("search.cost-objective = \"params\": the study began"),
            "{error}"
        );
    }

    #[test]
    fn those_at_work_share_what_decides_about_trials() {
        let mut record = automl_storage::MemoryStorage::new();
        let mut come = |given: &[&str], others: bool| {
            let given = load(given);
            let mut joined = join(&given, &given, &mut record, true)?;
            joined.settle(&mut record, others)?;
            let may_close = may_close(&joined.settings, &mut record)?;
            Ok::<_, SearchError>((joined.settings, joined.taken, may_close))
        };
        let begun = ["search.trials=95", "search.scheduler=hyperband", "seed=3"];
        assert_eq!(come(&begun, false).unwrap(), (load(&begun), None, true));
        // What is not given is theirs.
        let (settings, taken, may_close) =
            come(&["seed=3", "storage=postgresql://me:secret@host/x"], true).unwrap();
        assert_eq!((settings.search, may_close), (load(&begun).search, true));
        assert_eq!(settings.storage.as_deref(), Some("postgresql://me:secret@host/x"));
        let words = "going on with search.scheduler = \"hyperband\", search.trials = 95";
        assert!(taken.as_ref().is_some_and(|taken| taken.starts_with(words)), "{taken:?}");
        // What is given has to be theirs, unless they are gone.
        for (given, message) in [
            ("search.trials=5", "search.trials = 5: others are at work on the study with 95"),
            ("search.sampler=random", "search.sampler = \"random\": others"),
            ("search.search-and-learn=true", "search.search-and-learn = true: others"),
        ] {
            let error = come(&["seed=3", given], true).unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
        }
        let (settings, _, may_close) = come(&["seed=3", "search.trials=5"], false).unwrap();
        assert_eq!((settings.search.trials, may_close), (5, true));
        let (settings, ..) = come(&["seed=3"], true).unwrap();
        assert_eq!(settings.search.trials, 5);
        // Whoever tries fewer candidates ends nothing.
        assert!(!super::may_close(&load(&["search.trials=4"]), &mut record).unwrap());
    }

    #[test]
    fn passwords_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        keep(&load(&["storage=postgresql://me:secret@host/x"]), folder.path()).unwrap();
        let kept = read(&folder.path().join(FILE)).unwrap().unwrap();
        assert_eq!(kept.storage.as_deref(), Some("postgresql://me@host/x"));
        // Who goes on and gives it again needs it.
        let again = load(&["storage=postgresql://me:secret@host/x", "search.trials=5"]);
        assert_eq!(reconcile(&again, &kept).unwrap(), (again, Vec::new()));
    }

    #[test]
    fn files_may_lie_elsewhere_unless_they_are_the_data_set() {
        let at = |dataset: &str, dir: &str| {
            load(&[&format!("data.dataset={dataset}"), &format!("data.dir={dir}")])
        };
        let (settings, _) = reconcile(&at("cifar10", "/new"), &at("cifar10", "/old")).unwrap();
        assert_eq!(settings.data.dir, Some("/new".into()));
        let (settings, _) = reconcile(&Settings::default(), &at("cifar10", "/old")).unwrap();
        assert_eq!(settings.data, at("cifar10", "/old").data);
        let error =
            reconcile(&at("folder", "/new"), &at("folder", "/old")).unwrap_err().to_string();
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
