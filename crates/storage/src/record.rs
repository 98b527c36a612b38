//! Studies as they are recorded, for readers that have no search space: reports and exports.

use crate::address::Address;
use crate::journal;
use crate::open::OpenError;
use crate::recorded::StudyRecord;
use crate::sql::database::{Access, Database, Failure, Session};
use crate::sql::record;
use crate::sqlite::{Sqlite, StudySummary};
use automl_study::StoreError;
use std::path::Path;
use thiserror::Error;

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
    /// Reads the study of a name at an address: a file, `sqlite:///FILE`,
    /// `journal:///FILE` or `postgresql://HOST/DATABASE`. Without a name, the only study there.
    ///
    /// # Errors
    /// [`RecordError`]: an address that cannot be read, or a study that is not there.
    pub fn read(url: &str, study: Option<&str>) -> Result<Self, RecordError> {
        if let Address::Journal(path) = Address::parse(url)? {
            return Self::of_journal(path, study);
        }
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
        match found {
            Ok(record) => Ok(Self { place, ..record }),
            Err(names) => Err(not_found(place, study, names)),
        }
    }

    fn of_journal(path: &Path, study: Option<&str>) -> Result<Self, RecordError> {
        let names: Vec<String> =
            in_journal(path)?.into_iter().map(|summary| summary.name).collect();
        let name = match study {
            Some(name) => names.iter().find(|known| *known == name),
            None if names.len() == 1 => names.first(),
            None => None,
        };
        match name {
            Some(name) => Ok(journal::record::read(path, name).map_err(OpenError::from)?),
            None => Err(not_found(path.display().to_string(), study, names)),
        }
    }

    /// The studies at an address, ordered by name.
    ///
    /// # Errors
    /// [`RecordError`] if the address cannot be read.
    pub fn list(url: &str) -> Result<Vec<StudySummary>, RecordError> {
        if let Address::Journal(path) = Address::parse(url)? {
            return in_journal(path);
        }
        Ok(transact(url, record::summaries)?.1)
    }
}

/// Why there is no study of a name, or not one.
fn not_found(place: String, study: Option<&str>, names: Vec<String>) -> RecordError {
    match study {
        _ if names.is_empty() => RecordError::Empty { place },
        Some(name) => RecordError::Unknown { place, name: name.to_owned(), names },
        None => RecordError::Several { place, names },
    }
}

fn in_journal(path: &Path) -> Result<Vec<StudySummary>, RecordError> {
    if !path.exists() {
        return Err(RecordError::NoFile { path: path.display().to_string() });
    }
    Ok(journal::record::summaries(path).map_err(OpenError::from)?)
}

/// Runs one reading transaction on the database at an address; the place of the database, and the
/// result.
fn transact<T>(
    url: &str,
    work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<(String, T), RecordError> {
    match Address::parse(url)? {
        Address::Journal(path) => {
            let error = "it is a journal, not a database".into();
            Err(unreadable(&path.display().to_string(), error))
        }
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
            let url = automl_secrets::without_password(url);
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
