//! Studies as they are recorded, for readers that have no search space: reports and exports.

use crate::address::Address;
use crate::open::OpenError;
use crate::sql::database::{Access, Database, Failure, Session};
use crate::sql::record;
use crate::sqlite::{Sqlite, StudySummary};
use automl_space::{Choice, Domain, Space};
use automl_study::{Direction, StoreError, Trial};
use serde_json::Value;
use std::collections::BTreeMap;
use thiserror::Error;

/// A study as it is recorded in a database, ours or Optuna's.
///
/// Reading changes nothing in the database: no table, no study and no file is created.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// let mut study = Study::builder(space.build()?).storage(storage).build()?;
/// study.optimize(10, |config| config[x])?;
///
/// let record = StudyRecord::read(&path.display().to_string(), None)?;
/// assert_eq!((record.name.as_str(), record.trials.len()), ("demo", 10));
/// assert_eq!(record.params[0].name, "x");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StudyRecord {
    /// Name of the study.
    pub name: String,
    /// File or address of the database, without a password.
    pub place: String,
    /// One direction for each objective.
    pub directions: Vec<Direction>,
    /// Attributes of the study, with Optuna's `study:metric_names`.
    pub attributes: BTreeMap<String, Value>,
    /// The search space, of a study that this project's programs opened.
    pub space: Option<Space>,
    /// The parameters: in the order of the space where there is one, else of their first use.
    pub params: Vec<RecordedParam>,
    /// The trials in order. A configuration has a place for each of `params`, empty where the trial
    /// has no value; the worker stays among the attributes ([`WORKER`](automl_study::attribute::WORKER)).
    pub trials: Vec<Trial>,
}

/// A parameter as its distributions were recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedParam {
    /// Name of the parameter.
    pub name: String,
    /// The domain; where bounds differ between trials, the union of their ranges.
    pub domain: Domain,
}

/// Why a record cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The address cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no file of this name.
    #[error("there is no file {path:?}")]
    NoFile {
        /// The file.
        path: String,
    },
    /// The database has no study.
    #[error("{place} has no study")]
    Empty {
        /// The file or address.
        place: String,
    },
    /// The database has no study of this name.
    #[error("{place} has no study {name:?}; it has {}", list(names))]
    Unknown {
        /// The file or address.
        place: String,
        /// The name.
        name: String,
        /// The names of the studies.
        names: Vec<String>,
    },
    /// The database has several studies, and none was named.
    #[error("{place} has {} studies, so one must be named: {}", names.len(), list(names))]
    Several {
        /// The file or address.
        place: String,
        /// The names of the studies.
        names: Vec<String>,
    },
}

/// Names for a message, the first ten of them.
fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("{name:?}")).collect();
    let more = if names.len() > 10 { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

impl StudyRecord {
    /// Reads the study of a name at an address: a file, `sqlite:///FILE` or
    /// `postgresql://HOST/DATABASE`. Without a name, the only study there.
    ///
    /// # Errors
    /// [`RecordError`]: an address that cannot be read, or a study that is not there.
    pub fn read(url: &str, study: Option<&str>) -> Result<Self, RecordError> {
        let (place, found) = transact(url, |session| {
            let names: Vec<String> =
                record::summaries(session)?.into_iter().map(|summary| summary.name).collect();
            let name = match study {
                Some(name) => names.iter().find(|known| *known == name),
                None if names.len() == 1 => names.first(),
                None => None,
            };
            match name {
                Some(name) => Ok(Ok(record::read(session, name)?)),
                None => Ok(Err(names)),
            }
        })?;
        match (found, study) {
            (Ok(record), _) => Ok(Self { place, ..record }),
            (Err(names), _) if names.is_empty() => Err(RecordError::Empty { place }),
            (Err(names), Some(name)) => {
                Err(RecordError::Unknown { place, name: name.to_owned(), names })
            }
            (Err(names), None) => Err(RecordError::Several { place, names }),
        }
    }

    /// The studies at an address, ordered by name.
    ///
    /// # Errors
    /// [`RecordError`] if the address cannot be read.
    pub fn list(url: &str) -> Result<Vec<StudySummary>, RecordError> {
        Ok(transact(url, record::summaries)?.1)
    }

    /// Names of the objectives: those that the study's `study:metric_names` gives, else `value`, or
    /// `objective 1`, `objective 2`, ...
    pub fn objectives(&self) -> Vec<String> {
        let named = self.attributes.get("study:metric_names").and_then(Value::as_array);
        let named: Option<Vec<String>> = named.map(|names| {
            names.iter().map(|name| name.as_str().unwrap_or_default().into()).collect()
        });
        match named {
            Some(names) if names.len() == self.directions.len() => names,
            _ if self.directions.len() == 1 => vec!["value".into()],
            _ => (1..=self.directions.len()).map(|n| format!("objective {n}")).collect(),
        }
    }

    /// The literal of a trial's parameter; `None` where the trial has no value for it.
    pub fn literal(&self, trial: &Trial, param: usize) -> Option<Choice> {
        self.params.get(param)?.domain.literal(trial.config.value(param)?)
    }
}

/// Runs one reading transaction on the database at an address; the place of the database, and the
/// result.
fn transact<T>(
    url: &str,
    work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<(String, T), RecordError> {
    match Address::parse(url)? {
        Address::File(path) => {
            let place = path.display().to_string();
            if !path.exists() {
                return Err(RecordError::NoFile { path: place });
            }
            let database = Sqlite::open_to_read(path).map_err(|e| unreadable(&place, e.into()))?;
            run(database, work)
        }
        #[cfg(feature = "postgres")]
        Address::Postgres(url) => {
            run(crate::postgres::Postgres::at(url).map_err(OpenError::from)?, work)
        }
        #[cfg(not(feature = "postgres"))]
        Address::Postgres(url) => {
            let url = crate::open::without_password(url);
            Err(OpenError::MissingFeature { url, feature: "postgres" }.into())
        }
    }
}

fn run<D: Database, T>(
    mut database: D,
    work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<(String, T), RecordError> {
    let place = database.place();
    let done = database.transaction(Access::Read, work);
    done.map(|done| (place.clone(), done)).map_err(|source| unreadable(&place, source))
}

fn unreadable(place: &str, source: Failure) -> RecordError {
    let error = StoreError::Unavailable { action: "read", place: place.to_owned(), source };
    OpenError::from(error).into()
}
