//! The report of a study, written while a command works on it and at the end.

use crate::output::note;
use automl::report::{LiveReport, Location};
use std::path::Path;
use std::sync::OnceLock;

/// Writes `report.html` of a network beside its files. A page that cannot be written does not make the
/// command fail.
#[cfg(feature = "train")]
pub(crate) fn network_page(folder: &Path, epochs: &[automl::report::Epoch]) {
    let title = folder.file_name().unwrap_or_default().to_string_lossy();
    let Some(page) = automl::report::network_html(&title, folder, epochs) else { return };
    let path = folder.join("report.html");
    match automl::report::write(&path, &page) {
        Ok(()) => note(format!("report  {}", path.display())),
        Err(error) => note(format!("report  was not written: {error}")),
    }
}

/// Writes `report.html` into the folder of the study.
pub(crate) struct Live {
    /// The address of the record, where it does not lie in the folder.
    storage: Option<String>,
    /// Known once the study has begun.
    report: OnceLock<LiveReport>,
}

impl Live {
    pub(crate) fn new(storage: Option<&str>) -> Self {
        Self { storage: storage.map(str::to_owned), report: OnceLock::new() }
    }

    /// The study of this name has begun in a folder.
    pub(crate) fn begin(&self, study: &str, folder: &Path) {
        // A record in memory ends with the command.
        if self.storage.as_deref() == Some("memory://") {
            return;
        }
        let record = || folder.join("study.db").display().to_string();
        let url = self.storage.clone().unwrap_or_else(record);
        let location = Location { url, folder: Some(folder.to_owned()) };
        self.report.get_or_init(|| LiveReport::new(location, Some(study.to_owned())));
    }

    /// Renews the page, unless that was done a moment ago.
    pub(crate) fn renew(&self) {
        if let Some(report) = self.report.get() {
            report.renew();
        }
    }

    /// The front as a plot of text, where standard output is a terminal with room for it.
    pub(crate) fn plot(&self) -> Option<String> {
        let width = crate::output::width()?;
        automl::report::terminal_plot(&self.report.get()?.data().ok()?, width)
    }

    /// Writes the page of a command that has ended. A page that cannot be written does not make the
    /// command fail.
    pub(crate) fn finish(&self) {
        match self.report.get().map(LiveReport::finish) {
            Some(Ok(page)) => note(format!("report  {}", page.display())),
            Some(Err(error)) => note(format!("report  was not written: {error}")),
            None => {}
        }
    }
}
