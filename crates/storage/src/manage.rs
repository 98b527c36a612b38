//! Whole studies: copies to another storage, and removal.

use crate::address::Address;
use crate::journal;
use crate::open::OpenError;
use crate::sql::SqlStorage;
use crate::sql::database::{Access, Database, Failure, Session};
use crate::sql::whole;
use crate::sqlite::SqliteStorage;
use crate::{RecordError, StudyRecord};
use automl_study::StoreError;
use thiserror::Error;

/// Why a study was not copied or removed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManageError {
    /// The study is not there, or the database cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a study of the new name already.
    #[error("{place} has a study {name:?} already: give the copy another name")]
    Exists {
        /// The file or address.
        place: String,
        /// The name.
        name: String,
    },
    /// A process works on the study.
    #[error(
        "{name:?} in {place} has {trials} running trials with a fresh heartbeat: end them first"
    )]
    Busy {
        /// The file or address.
        place: String,
        /// The name.
        name: String,
        /// The number of trials.
        trials: u64,
    },
}

/// Copies a study with everything that is recorded of it into another database or journal, or under
/// another name into the same one; returns the number of trials.
///
/// Trials keep their numbers, values, times and attributes, so that the copy can be continued. Leases of
/// workers are not copied: trials that run go on in the study that is copied. A process that is killed
/// while it writes into a journal leaves a part of the copy there, which [`delete_study`] removes.
///
/// # Errors
/// [`ManageError`]: a study that is not there, a name that is taken, a database that fails. Then nothing
/// is written.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord, copy_study, delete_study};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let place = |name: &str| folder.path().join(name).display().to_string();
/// let (from, to) = (place("a.db"), place("b.db"));
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&from, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?.optimize(5, |config| config[x])?;
///
/// assert_eq!(copy_study(&from, "demo", &to, "kept")?, 5);
/// assert_eq!(delete_study(&from, "demo")?, 5);
/// assert_eq!(StudyRecord::read(&to, Some("kept"))?.trials.len(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn copy_study(from: &str, study: &str, to: &str, name: &str) -> Result<u64, ManageError> {
    StudyRecord::read(from, Some(study))?;
    let rows = match Address::parse(from)? {
        Address::Journal(path) => Ok(journal::whole::rows(path, study)?),
        Address::File(path) => read(SqliteStorage::open(path, study)?, study),
        #[cfg(feature = "postgres")]
        Address::Postgres(url) => read(crate::PostgresStorage::connect(url, study)?, study),
        #[cfg(not(feature = "postgres"))]
        Address::Postgres(url) => return Err(missing(url)),
    }?;
    let written = match Address::parse(to)? {
        Address::Journal(path) => {
            let written = journal::whole::write(path, name, &rows)?;
            exists_unless(written, path.display().to_string(), name)
        }
        Address::File(path) => write(SqliteStorage::open(path, name)?, name, &rows),
        #[cfg(feature = "postgres")]
        Address::Postgres(url) => write(crate::PostgresStorage::connect(url, name)?, name, &rows),
        #[cfg(not(feature = "postgres"))]
        Address::Postgres(url) => Err(missing(url)),
    };
    written.map(|()| rows.trials())
}

/// Removes a study with everything that is recorded of it; returns the number of its trials.
///
/// # Errors
/// [`ManageError`]: a study that is not there or that processes work on, a database that fails. Then
/// nothing is removed.
pub fn delete_study(url: &str, study: &str) -> Result<u64, ManageError> {
    StudyRecord::read(url, Some(study))?;
    match Address::parse(url)? {
        Address::Journal(path) => {
            let (place, name) = (path.display().to_string(), study.to_owned());
            let removed = journal::whole::delete(path, study)?;
            removed.map_err(|trials| ManageError::Busy { place, name, trials })
        }
        Address::File(path) => remove(SqliteStorage::open(path, study)?, study),
        #[cfg(feature = "postgres")]
        Address::Postgres(url) => remove(crate::PostgresStorage::connect(url, study)?, study),
        #[cfg(not(feature = "postgres"))]
        Address::Postgres(url) => Err(missing(url)),
    }
}

#[cfg(not(feature = "postgres"))]
fn missing(url: &str) -> ManageError {
    let url = automl_secrets::without_password(url);
    OpenError::MissingFeature { url, feature: "postgres" }.into()
}

fn read<D: Database>(mut storage: SqlStorage<D>, study: &str) -> Result<whole::Rows, ManageError> {
    transact(&mut storage, "read", Access::Read, |session| whole::read(session, study))
}

fn write<D: Database>(
    mut storage: SqlStorage<D>,
    name: &str,
    rows: &whole::Rows,
) -> Result<(), ManageError> {
    let place = storage.database.place();
    let written = transact(&mut storage, "write", Access::Durable, |session| {
        whole::write(session, name, rows)
    })?;
    exists_unless(written, place, name)
}

fn exists_unless(written: bool, place: String, name: &str) -> Result<(), ManageError> {
    if written { Ok(()) } else { Err(ManageError::Exists { place, name: name.to_owned() }) }
}

fn remove<D: Database>(mut storage: SqlStorage<D>, study: &str) -> Result<u64, ManageError> {
    let place = storage.database.place();
    let removed =
        transact(&mut storage, "write", Access::Durable, |session| whole::delete(session, study))?;
    let name = study.to_owned();
    removed.map_err(|trials| ManageError::Busy { place, name, trials })
}

fn transact<D: Database, T>(
    storage: &mut SqlStorage<D>,
    action: &'static str,
    access: Access,
    work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
) -> Result<T, ManageError> {
    let place = storage.database.place();
    let done = storage.database.transaction(access, work);
    Ok(done.map_err(|source| StoreError::Unavailable { action, place, source })?)
}
