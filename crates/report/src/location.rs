//! Where a study lies: what a user names on the command line.

use crate::ReportError;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The database of a study and, for a search's study, its folder.
///
/// # Examples
/// ```
/// use automl_report::Location;
///
/// let location = Location::find("postgresql://host/studies", "runs".as_ref())?;
/// assert!(location.folder.is_none());
/// assert!(Location::find("no-such-study", "runs".as_ref()).is_err());
/// # Ok::<(), automl_report::ReportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file or address of the database.
    pub url: String,
    /// The study's folder, with settings and networks.
    pub folder: Option<PathBuf>,
}

impl Location {
    /// Finds what a name stands for: the address of a database, a file (SQLite or a journal of Optuna),
    /// the folder of a study, or the name of a study in the folder `runs`.
    ///
    /// # Errors
    /// [`ReportError::NotFound`] where it is none of these, [`ReportError::NoRecord`] for a folder
    /// without a record.
    pub fn find(name: &str, runs: &Path) -> Result<Self, ReportError> {
        if name.contains("://") {
            return Ok(Self { url: name.to_owned(), folder: None });
        }
        let candidates = [PathBuf::from(name), runs.join(name)];
        match candidates.into_iter().find(|path| path.exists()) {
            Some(folder) if folder.is_dir() => {
                let record = folder.join("study.db");
                let url = match record.is_file() {
                    true => record.display().to_string(),
                    false => elsewhere(&folder)
                        .ok_or_else(|| ReportError::NoRecord { path: folder.clone() })?,
                };
                Ok(Self { url, folder: Some(folder) })
            }
            Some(file) if is_journal(&file) => {
                Ok(Self { url: format!("journal:///{}", file.display()), folder: None })
            }
            Some(file) => {
                let beside = file.parent().filter(|folder| folder.join("settings.json").is_file());
                let own = file.file_name().is_some_and(|name| name == "study.db");
                let folder = beside.filter(|_| own).map(Path::to_owned);
                Ok(Self { url: file.display().to_string(), folder })
            }
            None => Err(ReportError::NotFound { name: name.to_owned(), runs: runs.to_owned() }),
        }
    }
}

/// The address of what a user names as a database: a journal file of Optuna by its content, where it is
/// named without `journal:///`; the record in the folder of a study; anything else as it is.
///
/// # Examples
/// ```
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("studies.log").display().to_string();
/// std::fs::write(&file, "{\"op_code\": 0, \"worker_id\": \"a\"}\n")?;
/// assert_eq!(automl_report::address(&file), format!("journal:///{file}"));
/// assert_eq!(automl_report::address("study.db"), "study.db");
/// let record = folder.path().join("study.db");
/// std::fs::write(&record, "")?;
/// assert_eq!(automl_report::address(&folder.path().display().to_string()), record.display().to_string());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn address(place: &str) -> String {
    let record = Path::new(place).join("study.db");
    match place.contains("://") {
        false if is_journal(Path::new(place)) => format!("journal:///{place}"),
        false if record.is_file() => record.display().to_string(),
        _ => place.to_owned(),
    }
}

/// The address of the record of a study that does not lie in its folder, as a search or a tune noted it.
fn elsewhere(folder: &Path) -> Option<String> {
    ["storage.json", "settings.json"].into_iter().find_map(|name| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        let noted: serde_json::Value = serde_json::from_str(&text).ok()?;
        noted["storage"].as_str().map(str::to_owned)
    })
}

/// Whether a file begins like the first operation of a journal of Optuna.
///
/// # Examples
/// ```
/// let file = tempfile::NamedTempFile::new()?;
/// std::fs::write(&file, "{\"op_code\": 0, \"worker_id\": \"a\"}\n")?;
/// assert!(automl_report::is_journal(file.path()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn is_journal(path: &Path) -> bool {
    // Opening a pipe would wait for its other end.
    if !path.is_file() {
        return false;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(9).read_to_end(&mut start));
    read.is_ok() && start == b"{\"op_code"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_and_folders_are_found() {
        let runs = tempfile::tempdir().unwrap();
        let folder = runs.path().join("digits-1");
        std::fs::create_dir(&folder).unwrap();
        let find = |name: &str| Location::find(name, runs.path());
        assert!(matches!(find("digits-1"), Err(ReportError::NoRecord { .. })));
        let record = folder.join("study.db");
        for file in [&record, &folder.join("settings.json"), &folder.join("other.db")] {
            std::fs::write(file, "").unwrap();
        }
        assert_eq!(find("digits-1").unwrap().folder.as_ref(), Some(&folder));
        let by_file = find(&record.display().to_string()).unwrap();
        assert_eq!(
            (by_file.folder.as_ref(), by_file.url),
            (Some(&folder), record.display().to_string())
        );
        let other = folder.join("other.db").display().to_string();
        assert_eq!(find(&other).unwrap().folder, None);
        std::fs::write(&other, "{\"op_code\":0,\"worker_id\":\"a\"}\n").unwrap();
        assert_eq!(find(&other).unwrap().url, format!("journal:///{other}"));
        let shared = runs.path().join("shared");
        std::fs::create_dir(&shared).unwrap();
        std::fs::write(shared.join("storage.json"), r#"{"storage": "postgresql://me@db/x"}"#)
            .unwrap();
        let found = find("shared").unwrap();
        assert_eq!((found.url.as_str(), found.folder), ("postgresql://me@db/x", Some(shared)));
        assert!(find("digits-2").unwrap_err().to_string().contains("\"digits-2\""));
    }
}
