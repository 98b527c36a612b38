//! Descriptions of data sets.

use super::{Dataset, DatasetError};
use crate::source::Source;
use automl_lists::shown;
use automl_pictures::Side;
use std::path::Path;

/// A format of data sets: name, documentation, files and loader.
///
/// # Examples
/// ```
/// use automl_data::DatasetFormat;
///
/// assert!(DatasetFormat::all().iter().any(|format| format.name == "cifar10"));
/// assert!(DatasetFormat::find("mnist")?.files.is_some());
/// let error = DatasetFormat::find("imagenet").unwrap_err().to_string();
/// assert!(error.starts_with("unknown data set \"imagenet\": one of digits, mnist"));
/// # Ok::<(), automl_data::DatasetError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DatasetFormat {
    /// Name in settings and on the command line.
    pub name: &'static str,
    /// Documentation in one line.
    pub summary: &'static str,
    /// Files in the folder of the data set; `None` where the images are embedded.
    pub files: Option<&'static str>,
    /// Whether images are resized to [`Source::side`].
    pub is_resized: bool,
    pub(super) load: fn(&Source<'_>) -> Result<Dataset, DatasetError>,
}

impl DatasetFormat {
    /// Reads a data set of this format.
    ///
    /// # Errors
    /// [`DatasetError`] for files that are missing, truncated or of another format, and for images of a
    /// single class.
    pub fn load(&self, source: &Source<'_>) -> Result<Dataset, DatasetError> {
        let mut dataset = (self.load)(source)?;
        if dataset.classes < 2 {
            let path = source.folder.unwrap_or(Path::new(self.name)).to_owned();
            let only: Vec<_> = dataset.class_names.iter().map(|name| shown(name)).collect();
            let what = format!("images of two classes, only of {}", only.join(""));
            return Err(DatasetError::Missing { path, what });
        }
        dataset.report.notes.extend(unused(&dataset, source));
        Ok(dataset)
    }
}

/// A note on wishes for the form of images that have one size already.
fn unused(dataset: &Dataset, source: &Source<'_>) -> Option<String> {
    if dataset.shown.is_some() {
        return None;
    }
    let (side, channels) = (dataset.train.side, dataset.train.channels);
    let usual = Source::default();
    let is_other = |wanted: Side| wanted != usual.side && wanted != Side::Pixels(side);
    let wishes = [
        is_other(source.side).then(|| format!("side {}", source.side)),
        (source.resize != dataset.resize).then(|| format!("resize {}", source.resize)),
        source
            .channels
            .filter(|wanted| *wanted != channels)
            .map(|wanted| format!("channels {wanted}")),
    ];
    let wishes: Vec<String> = wishes.into_iter().flatten().collect();
    (!wishes.is_empty()).then(|| {
        let (name, side) = (shown(&dataset.name), side.in_words());
        let (wishes, s) = (wishes.join(", "), if channels == 1 { "" } else { "s" });
        format!("not used: {wishes}; all images of {name} have {side} and {channels} channel{s}")
    })
}
