//! Images by a list of their files with labels, in CSV or JSON.

mod csv;
mod json;
mod text;

use super::format::DatasetFormat;
use super::listing::Listing;
use super::names::{lossless, natural, own_name, part, without_fractions};
use super::{Dataset, DatasetError};
use crate::reading::{Content, Item};
use crate::report::{Kind, LeftOut, Report};
use crate::source::Source;
use crate::split::Split;
use automl_pictures::regular;
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
const ENDINGS: [&str; 6] = ["csv", "tsv", "txt", "json", "jsonl", "ndjson"];

/// Rows of a file by which it is told whether it lists images.
const SAMPLED: usize = 200;

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
    /// A text in the column of parts, other than the names of parts.
    other_part: Option<String>,
}

impl Row {
    fn new(path: &str, label: &str) -> Self {
        let path = path.trim().replace('\\', "/");
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        Self { path, label: label.trim().to_owned(), part: None, other_part: None }
    }

    /// The same row in the part that a text names.
    fn in_part(self, text: &str) -> Self {
        let part = part(text);
        let other_part = (part.is_none() && !text.is_empty()).then(|| text.to_owned());
        Self { part, other_part, ..self }
    }
}

/// The place of path, label and part among the columns of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    path: usize,
    label: usize,
    part: Option<usize>,
    /// Whether both columns have known names.
    is_sure: bool,
}

impl Columns {
    /// The columns by their names; of two columns, one known name is enough.
    fn of(header: &[String]) -> Option<Self> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let find = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
        let (path, label, part) = (find(&PATHS), find(&LABELS), find(&PARTS));
        let is_sure = path.is_some() && label.is_some();
        let (path, label) = match (path, label, names.len()) {
            (Some(path), None, 2) => (path, 1 - path),
            (None, Some(label), 2) => (1 - label, label),
            (path, label, _) => (path?, label?),
        };
        (path != label).then_some(Self { path, label, part, is_sure })
    }

    fn row(self, cells: &[String]) -> Option<Row> {
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim());
        let row = Row::new(cell(self.path)?, cell(self.label).unwrap_or_default());
        Some(match self.part.and_then(cell) {
            Some(part) => row.in_part(part),
            None => row,
        })
    }

    /// The rows of a table. A second column of an unknown name holds classes only where several rows
    /// share each of its values.
    fn rows(self, table: impl Iterator<Item = Vec<String>>) -> Option<Vec<Row>> {
        let rows: Vec<Row> = table.filter_map(|cells| self.row(&cells)).collect();
        let labels: HashSet<&str> = rows.iter().map(|row| row.label.as_str()).collect();
        let are_classes = self.is_sure || labels.len() > 1 && 2 * labels.len() <= rows.len();
        are_classes.then_some(rows)
    }
}

/// Whether a file is a list by its ending.
pub(super) fn is_list(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The rows of a file; `None` if it is no list of images.
fn rows(path: &Path) -> Result<Option<Vec<Row>>, DatasetError> {
    let bytes = regular::read(path).map_err(|error| DatasetError::read(path, error))?;
    let text = &text::text(&bytes);
    let is_json = path.extension().is_some_and(|ending| {
        ["json", "jsonl", "ndjson"].iter().any(|json| ending.eq_ignore_ascii_case(json))
    });
    Ok(if is_json { json::rows(text) } else { csv::rows(text) })
}

/// The lists in a folder of which a file exists: one, or one for each part.
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
        let step = rows.len().div_ceil(SAMPLED).max(1);
        if rows.iter().step_by(step).any(|row| places.find(&row.path).is_some()) {
            lists.push(path);
        }
    }
    Ok(lists)
}

/// The part that a list has by its name.
fn part_of(list: &Path) -> Option<Split> {
    part(&list.file_stem().map(lossless).unwrap_or_default())
}

/// The lists to read: those but the templates of competitions, which have made-up labels.
fn chosen(mut lists: Vec<PathBuf>, report: &mut Report) -> Vec<PathBuf> {
    let name = |path: &PathBuf| path.file_name().map(lossless).unwrap_or_default();
    if lists.len() > 1 {
        for path in lists.extract_if(.., |path| name(path).to_lowercase().contains("submission")) {
            report.notes.push(format!("the list {} is not used", name(&path)));
        }
    }
    lists
}

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let place = source.place("list")?;
    let mut report = Report::default();
    let is_folder = place.is_dir();
    let lists = if is_folder { chosen(lists(place)?, &mut report) } else { vec![place.to_owned()] };
    if lists.is_empty() {
        let what = "list of image files with labels".to_owned();
        return Err(DatasetError::Missing { path: place.to_owned(), what });
    }
    if lists.len() > 1 && lists.iter().any(|list| part_of(list).is_none()) {
        let names: Vec<String> = lists.iter().map(|path| own_name(path)).collect();
        let reason = format!("holds several lists ({}); name one of them", names.join(", "));
        return Err(DatasetError::content(place, reason));
    }
    let mut all = Vec::new();
    for path in &lists {
        let Some(rows) = rows(path)? else {
            let reason = fault(path).unwrap_or_else(|| "has no columns path and label".into());
            return Err(DatasetError::content(path, reason));
        };
        check_parts(&rows, &mut report).map_err(|reason| DatasetError::content(path, reason))?;
        // A list alone is all there is, whatever its name.
        let own = part_of(path).filter(|_| lists.len() > 1);
        all.extend(rows.into_iter().map(|row| Row { part: row.part.or(own), ..row }));
    }
    let folder = if is_folder { Some(place) } else { place.parent() };
    let mut listing = listing(all, &Places::of(folder.unwrap_or(Path::new("."))), report);
    listing.name = own_name(place);
    let names: Vec<_> = lists.iter().filter_map(|path| path.file_name().map(lossless)).collect();
    listing.report.notes.push(format!("labels by {}", names.join(", ")));
    listing.load(source)
}

/// Refuses a column of parts of which some are known; one of other texts is no column of parts.
fn check_parts(rows: &[Row], report: &mut Report) -> Result<(), String> {
    let mut others = rows.iter().filter_map(|row| row.other_part.as_ref().map(|part| (row, part)));
    let Some((row, other)) = others.next() else { return Ok(()) };
    if rows.iter().any(|row| row.part.is_some()) {
        return Err(format!(
            "{} is in the part {other:?}, which is not train, val or test",
            row.path
        ));
    }
    report.notes.push(format!("the column of {other:?} is not used: it names no parts"));
    Ok(())
}

/// The reason for which a file cannot be a list.
fn fault(path: &Path) -> Option<String> {
    let text = text::text(&regular::read(path).ok()?);
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let error = serde_json::from_str::<serde_json::Value>(&text).err().filter(|_| is_json)?;
    Some(format!("is not valid JSON: {error}"))
}

fn listing(mut rows: Vec<Row>, places: &Places, mut report: Report) -> Listing {
    without_fractions(rows.iter_mut().map(|row| &mut row.label));
    let mut classes: Vec<String> =
        rows.iter().map(|row| row.label.clone()).filter(|label| !label.is_empty()).collect();
    classes.sort_by(|a, b| natural(a, b));
    classes.dedup();
    let (mut items, mut members) = (Vec::new(), Vec::new());
    let (mut parts, mut moved) = (Vec::new(), 0);
    for row in unique(rows, &mut report) {
        let Ok(class) = classes.binary_search_by(|class| natural(class, &row.label)) else {
            report.leave_out(Kind::Unlabeled, &row.path);
            continue;
        };
        let Some((path, is_moved)) = places.find(&row.path) else {
            let reason = Some("is not there".to_owned());
            report.left_out.push(LeftOut { kind: Kind::Unreadable, file: row.path, reason });
            continue;
        };
        moved += usize::from(is_moved);
        parts.extend(row.part);
        items.push(Item { name: row.path, content: Content::File(path) });
        members.push((row.part.unwrap_or(Split::Train), class));
    }
    if moved > 0 {
        let note =
            format!("{moved} files are listed at other places and found below the list's folder");
        report.notes.push(note);
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

    /// A file by its name in a list, with or without its ending, and whether it lies elsewhere: an
    /// absolute path of another machine counts from any of its folders on.
    fn find(&self, name: &str) -> Option<(PathBuf, bool)> {
        if let Some(path) = self.find_below(name) {
            return Some((path, false));
        }
        let is_absolute = name.starts_with('/') || name.get(1..3) == Some(":/");
        let mut rest = name;
        while let Some((_, tail)) = rest.split_once('/').filter(|_| is_absolute) {
            if let Some(path) = self.find_below(tail) {
                return Some((path, true));
            }
            rest = tail;
        }
        None
    }

    fn find_below(&self, name: &str) -> Option<PathBuf> {
        let endings = ["", ".jpg", ".png", ".jpeg", ".JPG"];
        let candidates = self
            .0
            .iter()
            .flat_map(|folder| endings.iter().map(|ending| folder.join(format!("{name}{ending}"))));
        candidates.filter(|_| !name.is_empty()).find(|path| path.is_file())
    }
}
