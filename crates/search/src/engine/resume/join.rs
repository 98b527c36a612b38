//! Settings that all processes at work on a study share.

use super::{FREE, PLACE, is_tighter, names, place, shown, values};
use crate::{ResumeError, SearchError, Settings};
use automl_study::{SharedStorage, Storage};
use serde_json::Value;

/// The study's attribute for processes in other folders and on other machines.
const ATTRIBUTE: &str = "automl:settings";

/// Settings that may change, but are the same in all processes at work on the study.
const SHARED: &[&str] =
    &["search.trials", "search.sampler", "search.scheduler", "search.search-and-learn"];

/// The part of a process in a study.
#[derive(Debug)]
pub(in crate::engine) struct Joined {
    /// Its settings, with those that all processes share.
    pub(in crate::engine) settings: Settings,
    /// A note of the settings that it takes from others.
    pub(in crate::engine) taken: Option<String>,
    /// Whether the record holds settings; records of earlier versions have none.
    pub(in crate::engine) known: bool,
    /// A conflicting setting; fatal only while another process is at work.
    differs: Option<ResumeError>,
}

impl Joined {
    /// Refuses a conflicting setting while `others` are at work; without others, records it.
    pub(in crate::engine) fn settle(
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

/// Reconciles the settings with those in the record of the study, which may have begun on another
/// machine; the first process of a new study records its own. Settings that all processes share and
/// that were not `given` are taken from the record.
pub(in crate::engine) fn join(
    given: &Settings,
    settings: &Settings,
    record: &mut dyn SharedStorage,
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
                differs = Some(ResumeError::Alive { name, value, theirs });
            }
        } else if !FREE.contains(&name.as_str()) && !is_tighter(&name, value, begun) {
            let (value, begun) = (shown(value), shown(begun));
            return Err(ResumeError::Joins { name, value, begun }.into());
        }
    }
    let mut joined = settings.clone();
    if !taken.is_empty() {
        // The address of the record has its password here alone.
        let shared: Settings = serde_json::from_value(now).map_err(ResumeError::from)?;
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
fn shareable(settings: &Settings) -> Result<Value, ResumeError> {
    let mut values = values(settings)?;
    places().into_iter().for_each(|name| *place(&mut values, name) = Value::Null);
    Ok(values)
}

/// The settings that a record holds, perhaps under former names.
fn shared(mut values: Value) -> Result<Settings, ResumeError> {
    for name in places() {
        let (section, name) = name.split_once('.').unwrap_or(("", name));
        let table = if section.is_empty() { Some(&mut values) } else { values.get_mut(section) };
        if let Some(table) = table.and_then(Value::as_object_mut) {
            table.remove(name);
        }
    }
    serde_json::from_value(values).map_err(ResumeError::Record)
}

/// Whether this process may finalize paused trials: not if another one plans more trials.
pub(in crate::engine) fn may_close(
    settings: &Settings,
    record: &mut dyn Storage,
) -> Result<bool, SearchError> {
    let begun = record.attribute(ATTRIBUTE)?;
    let trials = begun.and_then(|begun| begun["search"]["trials"].as_u64());
    Ok(trials.is_none_or(|trials| settings.search.trials >= trials))
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    #[test]
    fn whoever_joins_has_the_same_settings() {
        let mut record = automl_storage::MemoryStorage::new();
        let mut join = |settings: &[&str], is_new| {
            let settings = load(settings);
            join(&settings, &settings, &mut record, is_new).map(|joined| joined.known)
        };
        let url = "storage=postgresql://me:secret@host/x";
        let digits = "data.dataset=digits";
        let begun = [url, "training.epochs=9", digits, "data.dir=/here", "seed=3"];
        assert!(!join(&begun, false).unwrap());
        assert!(join(&begun, true).unwrap());
        let same = ["training.epochs=9", "seed=3", "search.trials=7", digits, "data.dir=/there"];
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
}
