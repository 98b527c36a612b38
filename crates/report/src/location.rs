//! Where a study lies: what a user names on the command line.

use crate::ReportError;
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
    /// Finds what a name stands for: the address of a database, a file, the folder of a study, or
    /// the name of a study in the folder `runs`.
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
                if !record.is_file() {
                    return Err(ReportError::NoRecord { path: folder });
                }
                Ok(Self { url: record.display().to_string(), folder: Some(folder) })
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
        assert!(find("digits-2").unwrap_err().to_string().contains("\"digits-2\""));
    }
}
