//! Files below a folder.

use crate::DatasetError;
use crate::report::{Kind, LeftOut, Report};
use automl_lists::lossless;
use automl_pictures::{Encoded, has_image_name};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A regular file of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its place.
    pub path: PathBuf,
    /// Its place below the folder of the data set, as text.
    pub name: String,
}

/// The visible content of one folder, sorted.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub files: Vec<File>,
    pub folders: Vec<File>,
}

/// Names that systems and programs leave behind.
const LEFTOVERS: [&str; 12] = [
    "__MACOSX",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "Icon\r",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    "@eaDir",
    "#recycle",
    "__pycache__",
    "_gsdata_",
];

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
        || LEFTOVERS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The content of a folder; what is neither a file nor a folder goes to the report.
pub(super) fn content(folder: &File, report: &mut Report) -> Result<Content, DatasetError> {
    let failed = |error| DatasetError::read(&folder.path, error);
    let mut entries: Vec<_> = std::fs::read_dir(&folder.path)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    let mut content = Content::default();
    for entry in entries {
        let path = folder.path.join(&entry);
        let own = lossless(&entry);
        let name = if folder.name.is_empty() { own } else { format!("{}/{own}", folder.name) };
        if is_hidden(&entry) {
            report.leave_out(Kind::Hidden, &name);
            continue;
        }
        // Follows links.
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => content.files.push(File { path, name }),
            Ok(found) if found.is_dir() => content.folders.push(File { path, name }),
            Ok(_) => report.leave_out(Kind::Special, &name),
            Err(_) if path.is_symlink() => report.leave_out(Kind::BrokenLink, &name),
            Err(_) => report.leave_out(Kind::Unreadable, &name),
        }
    }
    Ok(content)
}

/// All files in a folder and the folders in it, in the order of their paths.
pub(super) fn files(folder: &File, report: &mut Report) -> Vec<File> {
    let mut found = Vec::new();
    // A link to a folder above would bring the images of all classes.
    let own = folder.path.parent().and_then(|above| std::fs::canonicalize(above).ok());
    let mut above = own.iter().flat_map(|own| own.ancestors()).map(Path::to_owned).collect();
    walk(folder, &mut above, report, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a folder or a folder in it holds an image, by names, and by content where there is no ending.
pub(super) fn holds_images(folder: &File) -> bool {
    fn holds(folder: &File, seen: &mut HashSet<PathBuf>) -> bool {
        let is_image = |file: &File| {
            let name = file.own_name();
            has_image_name(name) || !name.contains('.') && Encoded::check_start(&file.path).is_ok()
        };
        // Links may lead in circles, and many ways to the same folder.
        let place = std::fs::canonicalize(&folder.path).unwrap_or_else(|_| folder.path.clone());
        seen.insert(place)
            && content(folder, &mut Report::default()).is_ok_and(|inner| {
                inner.files.iter().any(is_image)
                    || inner.folders.iter().any(|folder| holds(folder, seen))
            })
    }
    holds(folder, &mut HashSet::new())
}

/// The images in a folder and the folders in it, by their names.
pub(crate) fn images(folder: &Path) -> Vec<PathBuf> {
    let all = files(&File::root(folder), &mut Report::default()).into_iter();
    all.filter(|file| has_image_name(&file.name)).map(|file| file.path).collect()
}

/// The images in a folder itself, by their names.
pub(crate) fn images_in(folder: &Path) -> Vec<PathBuf> {
    let inner = content(&File::root(folder), &mut Report::default()).unwrap_or_default();
    let images = inner.files.into_iter().filter(|file| has_image_name(&file.name));
    images.map(|file| file.path).collect()
}

fn walk(folder: &File, above: &mut Vec<PathBuf>, report: &mut Report, found: &mut Vec<File>) {
    let place = std::fs::canonicalize(&folder.path).unwrap_or_else(|_| folder.path.clone());
    if above.contains(&place) {
        return report.leave_out(Kind::BrokenLink, &folder.name);
    }
    let content = match content(folder, report) {
        Ok(content) => content,
        Err(error) => {
            let reason = match error {
                DatasetError::Read { source, .. } => format!("cannot be read: {source}"),
                error => error.to_string(),
            };
            let (kind, file) = (Kind::UnreadableFolder, folder.name.clone());
            return report.left_out.push(LeftOut { kind, file, reason: Some(reason) });
        }
    };
    found.extend(content.files);
    above.push(place);
    content.folders.iter().for_each(|inner| walk(inner, above, report, found));
    above.pop();
}

impl File {
    /// The folder of a data set.
    pub(super) fn root(path: &Path) -> Self {
        Self { path: path.to_owned(), name: String::new() }
    }

    /// The last part of the name.
    pub(super) fn own_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}
