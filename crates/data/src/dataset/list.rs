//! Images by a list of their files with labels, in CSV or JSON.

use super::folder::walk;
use super::format::DatasetFormat;
use super::listing::Listing;
use super::{Dataset, DatasetError};
use crate::reading::{Content, Item};
use crate::report::{Kind, LeftOut, Report};
use crate::source::Source;
use automl_lists::{
    List, ListError, Row, Split, lossless, natural, own_name, part, without_fractions,
};
use automl_pictures::{has_image_name, regular};
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

/// Whether a file is a list by its ending.
pub(super) fn is_list(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Reads a file as a list.
fn read(path: &Path) -> Result<Result<List, ListError>, DatasetError> {
    let bytes = regular::read(path).map_err(|error| DatasetError::read(path, error))?;
    let is_json = path.extension().is_some_and(|ending| {
        ["json", "jsonl", "ndjson"].iter().any(|json| ending.eq_ignore_ascii_case(json))
    });
    Ok(List::read(&bytes, is_json))
}

/// Files in a folder that may be lists by their endings, in order.
fn candidates(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_list(path) && path.is_file())
        .collect();
    found.sort();
    found
}

/// The lists in a folder of which a file exists: one, or one for each part. They may lie beside their
/// images in folders of parts, as in `train/metadata.csv`.
pub(super) fn lists(folder: &Path) -> Vec<PathBuf> {
    let used = |folder: &Path| -> Vec<PathBuf> {
        let places = Places::of(folder);
        let is_used = |path: &PathBuf| unused(path, &places).is_none();
        candidates(folder).into_iter().filter(is_used).collect()
    };
    let own = used(folder);
    if !own.is_empty() {
        return own;
    }
    let parts = Places::of(folder).0.into_iter().skip(1).filter(|inner| {
        part(&inner.file_name().map(lossless).unwrap_or_default()).is_some() && holds_images(inner)
    });
    parts.flat_map(|inner| used(&inner)).collect()
}

/// Whether there are images in a folder itself, by their names.
fn holds_images(folder: &Path) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| has_image_name(&lossless(&entry.file_name())))
}

/// The reason for which a file is no list of the images below its folder.
fn unused(path: &Path, places: &Places) -> Option<String> {
    let list = match read(path) {
        Ok(Ok(list)) => list,
        Ok(Err(error)) => return Some(error.to_string()),
        Err(error) => return Some(error.to_string()),
    };
    let step = list.rows.len().div_ceil(SAMPLED).max(1);
    let mut sampled = list.rows.iter().step_by(step);
    if sampled.any(|row| places.find(&row.path).is_some()) {
        return None;
    }
    let first =
        list.rows.first().map(|row| format!("none of its files is there, such as {}", row.path));
    Some(first.unwrap_or_else(|| "has no rows".into()))
}

/// Notes on tables in a folder that were perhaps meant as its list, and are none.
pub(super) fn notes_on_unused(folder: &Path) -> Vec<String> {
    let places = Places::of(folder);
    let is_text = |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("txt"));
    let tables = candidates(folder).into_iter().filter(|path| !is_text(path));
    let note = |path: PathBuf| {
        let reason = unused(&path, &places)?;
        let name = path.file_name().map(lossless).unwrap_or_default();
        Some(format!("{name} is not used as a list: {reason}"))
    };
    tables.filter_map(note).collect()
}

/// The part that a list has by its name, or by that of its folder in the data set's.
fn part_of(list: &Path, place: &Path) -> Option<Split> {
    let named = |path: &Path| part(&path.file_stem().map(lossless).unwrap_or_default());
    named(list).or_else(|| named(list.parent().filter(|folder| *folder != place)?))
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
    let lists = if is_folder { chosen(lists(place), &mut report) } else { vec![place.to_owned()] };
    let others = if is_folder { notes_on_unused(place) } else { Vec::new() };
    if lists.is_empty() {
        let mut what = "list of image files with labels".to_owned();
        others.iter().for_each(|note| what.push_str(&format!("; {note}")));
        return Err(DatasetError::Missing { path: place.to_owned(), what });
    }
    if lists.len() > 1 && lists.iter().any(|list| part_of(list, place).is_none()) {
        let names: Vec<_> =
            lists.iter().filter_map(|path| path.file_name()).map(lossless).collect();
        let reason = format!("holds several lists ({}); name one of them", names.join(", "));
        return Err(DatasetError::content(place, reason));
    }
    let folder = if is_folder { Some(place) } else { place.parent() };
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (mut all, mut names) = (Vec::new(), Vec::new());
    for path in &lists {
        let failed = |reason: String| DatasetError::content(path, reason);
        let list = read(path)?.map_err(|error| failed(error.to_string()))?;
        let name = path.strip_prefix(folder).unwrap_or(path).as_os_str();
        let name = lossless(name);
        for fault in list.faults {
            let (file, reason) = (format!("{} of {name}", fault.place), Some(fault.reason));
            report.left_out.push(LeftOut { kind: Kind::Line, file, reason });
        }
        report.notes.extend(list.notes);
        check_parts(&list.rows, &mut report).map_err(failed)?;
        // A list alone is all there is, whatever its name; one in a folder of its part counts from there.
        let own = part_of(path, place).filter(|_| lists.len() > 1);
        let below = name.rsplit_once('/').map(|(below, _)| format!("{below}/")).unwrap_or_default();
        all.extend(list.rows.into_iter().map(|row| Row {
            path: format!("{below}{}", row.path),
            part: row.part.or(own),
            ..row
        }));
        names.push(name);
    }
    let places = Places::of(folder);
    let named: HashSet<PathBuf> =
        all.iter().filter_map(|row| Some(real(&places.find(&row.path)?.0))).collect();
    let mut listing = listing(all, &places, report);
    listing.name = own_name(place);
    listing.report.notes.push(format!("labels by {}", names.join(", ")));
    listing.report.notes.extend(others);
    leave_out_unlisted(named, (folder, is_folder), &mut listing.report);
    listing.load(source)
}

/// The place of a file behind all links.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Reports images that no list names: those below a folder, or those beside the ones that are named.
fn leave_out_unlisted(mut named: HashSet<PathBuf>, place: (&Path, bool), report: &mut Report) {
    let (folder, is_all) = (real(place.0), place.1);
    let files = if is_all {
        walk::images(&folder)
    } else {
        let beside = named.iter().filter_map(|path| path.parent());
        let folders: BTreeSet<PathBuf> = beside.map(Path::to_owned).collect();
        folders.iter().flat_map(|folder| walk::images_in(folder)).collect()
    };
    for path in files.into_iter().filter(|path| named.insert(real(path))) {
        let name = lossless(path.strip_prefix(&folder).unwrap_or(&path).as_os_str());
        report.leave_out(Kind::Unlisted, &name);
    }
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
