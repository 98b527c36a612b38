//! Checking an SQLite file without working on it.

use automl_study::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

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
