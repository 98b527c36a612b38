//! Writing of reports to disk, and their renewal while a study runs.

use crate::{Location, PageOptions, ReportError, StudyData, html};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Writes a file in one step: a reader sees the old or the new content. A pipe or a device, such as
/// `/dev/stdout`, is written to as it is.
///
/// # Errors
/// [`ReportError::Write`] where the file cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), ReportError> {
    write_bytes(path, text.as_bytes())
}

pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let failed = |source| ReportError::Write { path: path.to_owned(), source };
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, bytes).map_err(failed);
    }
    let mut part = path.as_os_str().to_owned();
    // Several processes may write the same page.
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // A part of a file helps nobody, on a full disk least of all.
        let _ = fs::remove_file(&part);
        failed(error)
    })
}

/// The report of a study under way, `report.html` in its folder, which is written again at most every
/// [`LiveReport::EVERY`].
///
/// # Examples
/// ```no_run
/// use automl_report::{LiveReport, Location};
///
/// let live = LiveReport::new(Location::find("runs/digits-1", "runs".as_ref())?, None);
/// live.renew(); // after every report of a trial
/// live.finish()?;
/// # Ok::<(), automl_report::ReportError>(())
/// ```
#[derive(Debug)]
pub struct LiveReport {
    location: Location,
    study: Option<String>,
    /// The time of the last attempt and how long it took; locked while one is under way.
    last: Mutex<Option<(Instant, Duration)>>,
}

impl LiveReport {
    /// The shortest time between two writings.
    pub const EVERY: Duration = Duration::from_secs(10);

    /// The report of the study of a name at a location, or of the only one there, in the location's
    /// folder.
    pub fn new(location: Location, study: Option<String>) -> Self {
        Self { location, study, last: Mutex::new(None) }
    }

    /// Writes the page, unless it was written a moment ago or another thread does it now. Writing
    /// takes at most a twentieth of the time. A failure waits for the next time; [`Self::finish`]
    /// returns it.
    pub fn renew(&self) {
        let Ok(mut last) = self.last.try_lock() else { return };
        let is_due = last.is_none_or(|(at, took)| at.elapsed() >= Self::EVERY.max(20 * took));
        if is_due {
            let start = Instant::now();
            let _ = self.page(true);
            *last = Some((start, start.elapsed()));
        }
    }

    /// Writes the page of the finished study and returns the file.
    ///
    /// # Errors
    /// [`ReportError`] where the record cannot be read or the page not be written.
    pub fn finish(&self) -> Result<PathBuf, ReportError> {
        self.page(false)
    }

    /// The study as it is recorded now.
    ///
    /// # Errors
    /// [`ReportError`] where the record cannot be read.
    pub fn data(&self) -> Result<StudyData, ReportError> {
        StudyData::read(&self.location, self.study.as_deref())
    }

    fn page(&self, is_live: bool) -> Result<PathBuf, ReportError> {
        let data = self.data()?;
        let folder = self.location.folder.clone().unwrap_or_default();
        let path = folder.join("report.html");
        write(&path, &html(&data, &PageOptions { is_live, ..PageOptions::default() }))?;
        Ok(path)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::FileTypeExt;

    #[test]
    fn files_are_replaced_and_devices_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.html");
        for text in ["one", "two"] {
            write(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        assert!(write(folder.path(), "text").is_err());
        write(Path::new("/dev/null"), "text").unwrap();
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
