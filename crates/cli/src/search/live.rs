//! The report of a search, written while it runs and at its end.

use automl::report::{LiveReport, Location};
use automl::search::{Event, Settings};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Writes `report.html` into the folder of the study.
pub(crate) struct Live {
    /// The address of the record, where it does not lie in the folder.
    storage: Option<String>,
    /// Known once the search has begun.
    report: OnceLock<LiveReport>,
}

impl Live {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { storage: settings.storage.clone(), report: OnceLock::new() }
    }

    /// Follows the search: the page is renewed when trials have reported.
    pub(crate) fn show(&self, event: &Event) {
        match event {
            Event::Start(start) => {
                let record = || start.folder.join("study.db").display().to_string();
                let url = self.storage.clone().unwrap_or_else(record);
                let location = Location { url, folder: Some(start.folder.clone()) };
                self.report.get_or_init(|| LiveReport::new(location, Some(start.study.clone())));
            }
            Event::Progress(_) | Event::Trained(_) => {
                if let Some(report) = self.report.get() {
                    report.renew();
                }
            }
            _ => {}
        }
    }

    /// Writes the page of the search that has ended; `None` where it had not begun. A page that cannot be
    /// written does not make the search fail.
    pub(crate) fn finish(&self) -> Option<Result<PathBuf, String>> {
        Some(self.report.get()?.finish().map_err(|error| error.to_string()))
    }
}
