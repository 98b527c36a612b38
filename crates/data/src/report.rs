//! An account of files that were not used.

use automl_lists::shown;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Examples of one kind in a line.
const EXAMPLES: usize = 3;

/// The kind of a file that was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// An image that cannot be decoded, or lacks its end.
    Damaged,
    /// An image of a format or size that is not supported.
    Unsupported,
    /// A file that the system does not let be read.
    Unreadable,
    /// A folder that the system does not let be read.
    UnreadableFolder,
    /// A link to nothing, or to a folder above it.
    BrokenLink,
    /// A pipe, a socket or a device.
    Special,
    /// An image outside of the class folders.
    Unlabeled,
    /// A line of a list that names no image with its class.
    Line,
    /// An image of a class without training images.
    UntrainedClass,
    /// An image that no list names.
    Unlisted,
    /// A file of another kind, by its content.
    Other,
    /// A hidden file, or one that systems leave behind.
    Hidden,
}

impl Kind {
    /// Whether the file was meant to be an image of the data set, so that `strict` refuses it.
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::Unlisted | Self::Other | Self::Hidden)
    }

    fn words(self, count: usize) -> &'static str {
        let (one, many) = match self {
            Self::Damaged => ("damaged image", "damaged images"),
            Self::Unsupported => ("unsupported image", "unsupported images"),
            Self::Unreadable => ("unreadable file", "unreadable files"),
            Self::UnreadableFolder => ("unreadable folder", "unreadable folders"),
            Self::BrokenLink => ("broken link", "broken links"),
            Self::Special => ("special file", "special files"),
            Self::Unlabeled => ("image without a class", "images without a class"),
            Self::Line => ("line that is no row", "lines that are no rows"),
            Self::Unlisted => ("image that no list names", "images that no list names"),
            Self::UntrainedClass => (
                "image of a class without training images",
                "images of classes without training images",
            ),
            Self::Other => ("file that is no image", "files that are no images"),
            Self::Hidden => ("hidden file", "hidden files"),
        };
        if count == 1 { one } else { many }
    }
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The kind.
    pub kind: Kind,
    /// The file, relative to the folder of the data set.
    pub file: String,
    /// The reason, where the kind does not tell it.
    pub reason: Option<String>,
}

/// An account of the files of a data set: those that were left out, and what else a user should know.
///
/// # Examples
/// ```
/// use automl_data::{Kind, LeftOut, Report};
///
/// let mut report = Report::default();
/// for (kind, file) in [(Kind::Damaged, "cat/1.jpg"), (Kind::Hidden, ".DS_Store")] {
///     report.left_out.push(LeftOut { kind, file: file.into(), reason: None });
/// }
/// assert_eq!(report.lines(), ["left out: 1 damaged image (cat/1.jpg), 1 hidden file (.DS_Store)"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The files that were left out.
    pub left_out: Vec<LeftOut>,
    /// What else a user should know, a sentence each.
    pub notes: Vec<String>,
}

impl Report {
    pub(crate) fn leave_out(&mut self, kind: Kind, file: &str) {
        self.left_out.push(LeftOut { kind, file: file.into(), reason: None });
    }

    /// The report in lines: one of all files that were left out, by kind with examples, and the
    /// notes.
    pub fn lines(&self) -> Vec<String> {
        let left_out = (!self.left_out.is_empty()).then(|| format!("left out: {self}"));
        left_out.into_iter().chain(self.notes.iter().cloned()).collect()
    }

    /// The files that `strict` refuses.
    pub fn faults(&self) -> Self {
        let faults = self.left_out.iter().filter(|file| file.kind.is_fault());
        Self { left_out: faults.cloned().collect(), notes: Vec::new() }
    }
}

/// The files that were left out, by kind.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<Kind> = self.left_out.iter().map(|file| file.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for (index, kind) in kinds.into_iter().enumerate() {
            let files: Vec<_> = self.left_out.iter().filter(|file| file.kind == kind).collect();
            let most = if kind.is_fault() { EXAMPLES } else { 1 };
            let examples: Vec<String> = files
                .iter()
                .take(most)
                .map(|LeftOut { file, reason, .. }| match reason {
                    Some(reason) => format!("{} {reason}", shown(file)),
                    None => shown(file).into_owned(),
                })
                .collect();
            let such = if files.len() > examples.len() { "such as " } else { "" };
            let comma = if index > 0 { ", " } else { "" };
            let (count, words) = (files.len(), kind.words(files.len()));
            write!(f, "{comma}{count} {words} ({such}{})", examples.join("; "))?;
        }
        Ok(())
    }
}
