//! Images by a list of their files with labels, in CSV or JSON.

mod csv;
mod json;
mod text;

use super::format::DatasetFormat;
use super::listing::Listing;
use super::names::{lossless, natural, own_name, part};
use super::{Dataset, DatasetError};
use crate::reading::{Content, Item};
use crate::report::{Kind, LeftOut, Report};
use crate::source::Source;
use crate::split::Split;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "list",
    summary: "images of your own, by a list of files with labels",
    files: Some("a CSV or JSON file with the columns path and label, perhaps split"),
    is_resized: true,
    load,
};

/// Endings of lists.
const ENDINGS: [&str; 5] = ["csv", "tsv", "json", "jsonl", "ndjson"];

/// Columns of the image's file, the first that occurs counts.
const PATHS: [&str; 16] = [
    "path",
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "image",
    "image_path",
    "img",
    "img_path",
    "image_name",
    "image_file",
    "image_id",
    "imageid",
    "id",
    "name",
];

/// Columns of the class.
const LABELS: [&str; 10] = [
    "label",
    "class",
    "category",
    "target",
    "class_name",
    "label_name",
    "labels",
    "y",
    "species",
    "breed",
];

/// Columns of the part.
const PARTS: [&str; 5] = ["split", "part", "set", "subset", "partition"];

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    path: String,
    label: String,
    part: Option<Split>,
}

/// The place of path, label and part among the columns of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    path: usize,
    label: usize,
    part: Option<usize>,
}

impl Columns {
    /// The columns by their names; of two columns, one known name is enough.
    fn of(header: &[String]) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let find = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
        let (path, label, part) = (find(&PATHS), find(&LABELS), find(&PARTS));
        let (path, label) = match (path, label, names.len()) {
            (Some(path), None, 2) => (path, 1 - path),
            (None, Some(label), 2) => (1 - label, label),
            (path, label, _) => (path?, label?),
        };
        (path != label).then_some(Self { path, label, part })
    }

    fn row(self, cells: &[String]) -> Option<Row> {
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim().to_owned());
        let part = self.part.and_then(cell).and_then(|name| part(&name));
        Some(Row { path: cell(self.path)?, label: cell(self.label).unwrap_or_default(), part })
    }
}

/// Whether a file is a list by its ending.
pub(super) fn is_list(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The rows of a file; `None` if it is no list of images.
fn rows(path: &Path) -> Result<Option<Vec<Row>>, DatasetError> {
    let bytes = std::fs::read(path).map_err(|error| DatasetError::read(path, error))?;
    let text = &text::text(&bytes);
    let is_json = path.extension().is_some_and(|ending| {
        ["json", "jsonl", "ndjson"].iter().any(|json| ending.eq_ignore_ascii_case(json))
    });
    Ok(if is_json { json::rows(text) } else { csv::rows(text) })
}

/// The lists in a folder of which the first file exists: one, or one for each part.
pub(super) fn lists(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let entries = std::fs::read_dir(folder).map_err(|e| DatasetError::read(folder, e))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_list(path) && path.is_file())
        .collect();
    found.sort();
    let places = Places::of(folder);
    let mut lists = Vec::new();
    for path in found {
        let rows = rows(&path)?.unwrap_or_default();
        if rows.iter().take(20).any(|row| places.find(&row.path).is_some()) {
            lists.push(path);
        }
    }
    Ok(lists)
}

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let place = source.place("list")?;
    let lists = if place.is_dir() { lists(place)? } else { vec![place.to_owned()] };
    let named = |path: &PathBuf| part(path.file_stem().map(lossless).as_deref().unwrap_or(""));
    let parts: Vec<Option<Split>> = lists.iter().map(named).collect();
    if lists.is_empty() {
        let what = "list of image files with labels".to_owned();
        return Err(DatasetError::Missing { path: place.to_owned(), what });
    }
    if lists.len() > 1 && parts.contains(&None) {
        let names: Vec<String> = lists.iter().map(|path| own_name(path)).collect();
        let reason = format!("holds several lists ({}); name one of them", names.join(", "));
        return Err(DatasetError::content(place, reason));
    }
    let mut all = Vec::new();
    for (path, own) in lists.iter().zip(parts) {
        let Some(rows) = rows(path)? else {
            let reason = "has no columns path and label";
            return Err(DatasetError::content(path, reason));
        };
        all.extend(rows.into_iter().map(|row| Row { part: row.part.or(own), ..row }));
    }
    let folder = if place.is_dir() { Some(place) } else { place.parent() };
    let mut listing = listing(all, &Places::of(folder.unwrap_or(Path::new("."))));
    listing.name = own_name(place);
    let names: Vec<_> = lists.iter().filter_map(|path| path.file_name().map(lossless)).collect();
    listing.report.notes.push(format!("labels by {}", names.join(", ")));
    listing.load(source)
}

fn listing(rows: Vec<Row>, places: &Places) -> Listing {
    let mut classes: Vec<String> =
        rows.iter().map(|row| row.label.clone()).filter(|label| !label.is_empty()).collect();
    classes.sort_by(|a, b| natural(a, b));
    classes.dedup();
    let mut report = Report::default();
    let (mut items, mut members) = (Vec::new(), Vec::new());
    let mut parts = Vec::new();
    for row in unique(rows, &mut report) {
        let Some(class) = classes.iter().position(|class| *class == row.label) else {
            report.leave_out(Kind::Unlabeled, &row.path);
            continue;
        };
        let Some(path) = places.find(&row.path) else {
            let reason = Some("is not there".to_owned());
            report.left_out.push(LeftOut { kind: Kind::Unreadable, file: row.path, reason });
            continue;
        };
        parts.extend(row.part);
        items.push(Item { name: row.path, content: Content::File(path) });
        members.push((row.part.unwrap_or(Split::Train), class));
    }
    parts.sort_unstable();
    parts.dedup();
    Listing { name: String::new(), classes, items, members, parts, report }
}

/// The rows without repetitions, and without files that are listed with several classes.
fn unique(rows: Vec<Row>, report: &mut Report) -> Vec<Row> {
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.label.is_empty()) {
        labels.entry(row.path.clone()).or_default().insert(row.label.clone());
    }
    labels.retain(|_, labels| labels.len() > 1);
    for (path, labels) in &labels {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let reason = Some(format!("is listed as {}", labels.join(" and ")));
        report.left_out.push(LeftOut { kind: Kind::Unlabeled, file: path.clone(), reason });
    }
    let mut seen = HashSet::new();
    let mut repeated = Vec::new();
    let is_new = |row: &Row| {
        let is_new = seen.insert((row.path.clone(), row.label.clone(), row.part));
        repeated.extend((!is_new).then(|| row.path.clone()));
        is_new
    };
    let rows = rows.into_iter().filter(|row| !labels.contains_key(&row.path)).filter(is_new);
    let rows = rows.collect();
    if let Some(first) = repeated.first() {
        let count = repeated.len();
        let lines = if count == 1 { "line repeats" } else { "lines repeat" };
        report.notes.push(format!("{count} {lines} an earlier one (such as {first})"));
    }
    rows
}

/// The folders in which the files of a list may lie: its own, and those in it.
struct Places(Vec<PathBuf>);

impl Places {
    fn of(folder: &Path) -> Self {
        let inner = std::fs::read_dir(folder).into_iter().flatten();
        let mut inner: Vec<PathBuf> = inner
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_dir())
            .collect();
        inner.sort();
        Self(std::iter::once(folder.to_owned()).chain(inner).collect())
    }

    /// A file by its name in a list, with or without its ending.
    fn find(&self, name: &str) -> Option<PathBuf> {
        let name = name.replace('\\', "/");
        let endings = ["", ".jpg", ".png", ".jpeg", ".JPG"];
        let candidates = self
            .0
            .iter()
            .flat_map(|folder| endings.iter().map(|ending| folder.join(format!("{name}{ending}"))));
        candidates.filter(|_| !name.is_empty()).find(|path| path.is_file())
    }
}
