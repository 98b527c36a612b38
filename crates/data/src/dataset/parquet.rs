//! Tables of encoded images in Parquet files, as the Hugging Face Hub writes them.

use super::format::DatasetFormat;
use super::listing::Listing;
use super::{Dataset, DatasetError};
use crate::reading::{Content, Item};
use crate::report::{Kind, Report};
use crate::source::Source;
use automl_lists::{Split, lossless, natural, own_name, part, shown};
use automl_pictures::{has_image_name, regular};
use parquet::basic::{ConvertedType, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::ColumnDescPtr;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "parquet",
    summary: "encoded images with labels in Parquet files, as the Hugging Face Hub writes them",
    files: Some("train-*.parquet, perhaps with validation-*.parquet and test-*.parquet"),
    is_resized: true,
    load,
};

/// Columns of the class, the first that occurs counts.
const LABELS: [&str; 8] =
    ["label", "labels", "fine_label", "class", "category", "target", "class_label", "label_id"];

/// Folders in folders in which files are looked for, as in `data/train/0000.parquet`.
const DEPTH: usize = 2;

/// Columns of numbers or names of images, not of classes.
const NO_LABELS: [&str; 9] = [
    "id",
    "index",
    "idx",
    "__index_level_0__",
    "path",
    "file_name",
    "filename",
    "image_id",
    "image_path",
];

/// The Parquet files in a folder and the folders in it; none for a folder that holds images.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if collect(folder, DEPTH, &mut found).is_none() {
        return Vec::new();
    }
    found.sort();
    found
}

/// Collects files, until an image is found.
fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Option<()> {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (name, path) = (lossless(&entry.file_name()), entry.path());
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, found)?;
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet")) {
            found.push(path);
        } else if has_image_name(&name) {
            return None;
        }
    }
    Some(())
}

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let place = source.place("parquet")?;
    let files = if place.is_dir() { files(place) } else { vec![place.to_owned()] };
    if files.is_empty() {
        let what = ".parquet file".to_owned();
        return Err(DatasetError::Missing { path: place.to_owned(), what });
    }
    let mut listing = Listing { name: own_name(place), ..Listing::default() };
    let mut labels = Vec::new();
    let mut names = None;
    note_parts(&files, place, &mut listing.report);
    for path in &files {
        let failed = |reason: String| DatasetError::content(path, reason);
        let part = part_of(path).unwrap_or(Split::Train);
        let mut table = Table::open(path).map_err(failed)?;
        names = names.or_else(|| table.names.take());
        table
            .read(&mut |item, label| {
                listing.items.push(item);
                labels.push((part, label));
            })
            .map_err(failed)?;
        if let Some(column) = table.other_label()
            && !listing.report.notes.iter().any(|note| note.contains(&column))
        {
            listing.report.notes.push(column);
        }
        if !listing.parts.contains(&part) {
            listing.parts.push(part);
        }
    }
    classes(&mut listing, labels, names.unwrap_or_default());
    listing.load(source)
}

/// Notes on files that name no part beside such that do, and on pieces that are missing.
fn note_parts(files: &[PathBuf], place: &Path, report: &mut Report) {
    let name = |path: &PathBuf| lossless(path.strip_prefix(place).unwrap_or(path).as_os_str());
    let (named, others): (Vec<_>, Vec<_>) = files.iter().partition(|path| part_of(path).is_some());
    if let (false, Some(first)) = (named.is_empty(), others.first()) {
        let (first, count) = (name(first), others.len());
        let files = if count == 1 { "file that names" } else { "files that name" };
        report.notes.push(format!("{count} {files} no part is for training (such as {first})"));
    }
    // Pieces are named as in `train-00001-of-00004`.
    let mut pieces: BTreeMap<(String, usize), BTreeSet<usize>> = BTreeMap::new();
    for path in files {
        let stem = name(path);
        let stem = stem.strip_suffix(".parquet").unwrap_or(&stem);
        let Some((start, count)) = stem.rsplit_once("-of-") else { continue };
        let Some((start, number)) = start.rsplit_once('-') else { continue };
        if let (Ok(count), Ok(number)) = (count.parse::<usize>(), number.parse()) {
            pieces.entry((start.to_owned(), count)).or_default().insert(number);
        }
    }
    for ((start, count), found) in pieces {
        if let Some(first) = (0..count.min(100_000)).find(|number| !found.contains(number)) {
            let (missing, first) = (count - found.len().min(count), format!("{start}-{first:05}"));
            let such = if missing > 1 { "such as " } else { "" };
            report.notes.push(format!(
                "{missing} of the {count} files {start} are missing ({such}{first}-of-{count:05})"
            ));
        }
    }
}

/// The part by the start of a file's name, such as `validation-00000-of-00001`, or by its folder.
fn part_of(path: &Path) -> Option<Split> {
    let name = |place: &Path| lossless(place.file_stem().unwrap_or_default());
    let stem = name(path);
    let start = stem.split(['-', '_', '.']).next().unwrap_or_default();
    part(start).or_else(|| part(&name(path.parent()?)))
}

/// Names classes: by the names of the file where labels are their places, else by the labels.
fn classes(listing: &mut Listing, labels: Vec<(Split, Option<String>)>, names: Vec<String>) {
    // The Hub writes -1 for an image without a label, as in the test images of a competition.
    let is_given = |label: &&String| names.is_empty() || *label != "-1";
    let known = labels.iter().filter_map(|(_, label)| label.as_ref()).filter(is_given);
    let place = |label: &String| label.parse().ok().filter(|place| *place < names.len());
    let is_by_place = !names.is_empty() && known.clone().all(|label| place(label).is_some());
    listing.classes = if is_by_place { names.clone() } else { known.cloned().collect() };
    if !is_by_place {
        listing.classes.sort_by(|a, b| natural(a, b));
        listing.classes.dedup();
    }
    let mut items = Vec::new();
    for (item, (part, label)) in std::mem::take(&mut listing.items).into_iter().zip(labels) {
        let class = label.and_then(|label| match is_by_place {
            true => place(&label),
            false => listing.classes.iter().position(|class| *class == label),
        });
        match class {
            Some(class) => {
                items.push(item);
                listing.members.push((part, class));
            }
            None => listing.report.leave_out(Kind::Unlabeled, &item.name),
        }
    }
    listing.items = items;
}

/// One file.
struct Table {
    reader: SerializedFileReader<File>,
    /// Its name, for its items.
    name: String,
    /// The names of the classes, where the file has them.
    names: Option<Vec<String>>,
    /// Whether a column may hold encoded images, by its type.
    has_images: bool,
}

impl Table {
    fn open(path: &Path) -> Result<Self, String> {
        let file = regular::open(path).map_err(|error| error.to_string())?;
        let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
        let pairs = reader.metadata().file_metadata().key_value_metadata();
        let features = pairs.into_iter().flatten().find(|pair| pair.key == "huggingface");
        let names = features.and_then(|pair| class_names(pair.value.as_deref()?));
        let columns = reader.metadata().file_metadata().schema_descr().columns();
        let is_binary = |column: &ColumnDescPtr| {
            column.physical_type() == Type::BYTE_ARRAY
                && column.converted_type() == ConvertedType::NONE
        };
        let has_images = columns.iter().any(is_binary);
        Ok(Self { reader, name: own_name(path), names, has_images })
    }

    /// A note on the column of labels, where it has a name that is not known.
    fn other_label(&self) -> Option<String> {
        let row = self.reader.get_row_iter(None).ok()?.next()?.ok()?;
        let (name, _) = label_column(&row)?;
        let is_known = LABELS.contains(&name.as_str());
        (!is_known).then(|| format!("labels by the column {}", shown(name)))
    }

    fn read(&self, take: &mut dyn FnMut(Item, Option<String>)) -> Result<(), String> {
        let rows = self.reader.get_row_iter(None).map_err(|error| error.to_string())?;
        for (number, row) in rows.enumerate() {
            let row = row.map_err(|error| error.to_string())?;
            let (path, bytes) = match image(&row) {
                Some((path, bytes)) => (path, bytes),
                None if self.has_images => (None, Vec::new()),
                None => return Err("has no column of encoded images".to_owned()),
            };
            let path = path.map_or_else(String::new, |path| format!("/{path}"));
            let name = format!("{}#{number}{path}", self.name);
            take(Item { name, content: Content::Bytes(bytes) }, label(&row));
        }
        Ok(())
    }
}

/// The names of the classes in the description that the Hub adds.
fn class_names(description: &str) -> Option<Vec<String>> {
    let description: serde_json::Value = serde_json::from_str(description).ok()?;
    let features = description.get("info")?.get("features")?.as_object()?;
    let labels = LABELS.iter().find_map(|label| features.get(*label)?.get("names"))?;
    labels.as_array()?.iter().map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// Columns of the image, the first that occurs counts; else the first column of bytes.
const IMAGES: [&str; 5] = ["image", "img", "images", "picture", "png"];

/// The encoded image of a row: a column of bytes, or one of bytes with a path.
fn image(row: &Row) -> Option<(Option<String>, Vec<u8>)> {
    let named = |known: &&str| row.get_column_iter().find(|(name, _)| *name == known);
    let known = IMAGES.iter().find_map(|known| encoded(named(known)?.1));
    known.or_else(|| row.get_column_iter().find_map(|(_, field)| encoded(field)))
}

/// The bytes of an image, and its path where the field has one.
fn encoded(field: &Field) -> Option<(Option<String>, Vec<u8>)> {
    match field {
        Field::Bytes(bytes) => Some((None, bytes.data().to_vec())),
        Field::Group(image) => {
            let mut bytes = None;
            let mut path = None;
            for (name, field) in image.get_column_iter() {
                match field {
                    Field::Bytes(found) => bytes = Some(found.data().to_vec()),
                    Field::Str(text) if name == "path" => path = Some(text.clone()),
                    _ => {}
                }
            }
            Some((path, bytes?))
        }
        _ => None,
    }
}

/// The column of the label: one of a known name, or else the first of numbers or texts.
fn label_column(row: &Row) -> Option<(&String, &Field)> {
    let columns = || row.get_column_iter();
    let by_name = LABELS.iter().find_map(|known| columns().find(|(name, _)| *name == known));
    let is_label = |(name, field): &(&String, &Field)| {
        !NO_LABELS.contains(&name.to_lowercase().as_str()) && text(field).is_some()
    };
    by_name.or_else(|| columns().find(is_label))
}

/// The label of a row, as text; of a list of labels, the only one.
fn label(row: &Row) -> Option<String> {
    match label_column(row)?.1 {
        Field::ListInternal(list) => {
            let [only] = list.elements() else { return None };
            text(only)
        }
        field => text(field),
    }
}

fn text(field: &Field) -> Option<String> {
    Some(match field {
        Field::Str(text) => text.clone(),
        Field::Bool(value) => value.to_string(),
        Field::Byte(number) => number.to_string(),
        Field::Short(number) => number.to_string(),
        Field::Int(number) => number.to_string(),
        Field::Long(number) => number.to_string(),
        Field::UByte(number) => number.to_string(),
        Field::UShort(number) => number.to_string(),
        Field::UInt(number) => number.to_string(),
        Field::ULong(number) => number.to_string(),
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        _ => return None,
    })
}
