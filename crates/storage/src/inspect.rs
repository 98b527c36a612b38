//! Looking into a database without working on it.

use automl_study::{StoreError, attribute};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// A trial of another program that was set aside, as the journal of its study has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The trial's number.
    pub number: u64,
    /// What does not fit.
    pub reason: String,
}

/// The journal of what was set aside in a study of an SQLite file, by trial number.
///
/// # Errors
/// [`StoreError::Unavailable`] if the file cannot be read or is not a database of studies.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, set_aside};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("studies.db");
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?;
/// assert!(set_aside(&path, "demo")?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_aside(path: impl AsRef<Path>, study: &str) -> Result<Vec<SetAside>, StoreError> {
    read(path.as_ref(), |connection| {
        let mut query = connection.prepare(
            "SELECT key, value_json FROM study_user_attributes JOIN studies USING (study_id)
             WHERE study_name = ?1 AND key LIKE ?2 || ':%'",
        )?;
        let rows = query.query_map((study, attribute::SET_ASIDE), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (key, text) = row?;
            let number = key.rsplit(':').next().and_then(|number| number.parse().ok());
            let entry: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            if let (Some(number), Some(reason)) = (number, entry["reason"].as_str()) {
                found.push(SetAside { number, reason: reason.to_owned() });
            }
        }
        found.sort_by_key(|entry| entry.number);
        Ok(found)
    })
}

/// Checks every page and index of an SQLite file. Returns what is wrong, nothing for a sound file.
///
/// # Errors
/// [`StoreError::Unavailable`] if the file cannot be read or is no database.
pub fn integrity(path: impl AsRef<Path>) -> Result<Vec<String>, StoreError> {
    read(path.as_ref(), |connection| {
        let mut query = connection.prepare("PRAGMA integrity_check")?;
        let rows = query.query_map((), |row| row.get::<_, String>(0))?;
        let mut found = rows.collect::<Result<Vec<_>, _>>()?;
        found.retain(|line| line != "ok");
        Ok(found)
    })
}

fn read<T>(
    path: &Path,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let open = || Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let done = open().and_then(|connection| work(&connection));
    done.map_err(|source| StoreError::Unavailable {
        action: "read",
        place: path.display().to_string(),
        source: source.into(),
    })
}
