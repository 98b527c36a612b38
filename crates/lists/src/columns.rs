//! The columns of image, class and part.

use crate::line::Line;
use crate::names::part;
use crate::row::Row;
use crate::split::Split;
use automl_pictures::has_image_name;
use std::collections::HashSet;

/// Columns of the image's file, the first that occurs counts.
const PATHS: [&str; 22] = [
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
    "img_name",
    "image_file",
    "image_filename",
    "img_file",
    "filenames",
    "images",
    "image_id",
    "imageid",
    "img_id",
    "id",
    "name",
];

/// Columns of the class.
const LABELS: [&str; 18] = [
    "label",
    "class",
    "category",
    "target",
    "class_name",
    "classname",
    "label_name",
    "class_label",
    "category_name",
    "labels",
    "y",
    "species",
    "breed",
    "diagnosis",
    "class_id",
    "label_id",
    "category_id",
    "target_name",
];

/// Columns of the part.
const PARTS: [&str; 5] = ["split", "part", "set", "subset", "partition"];

/// Columns that tell of each image whether it is in one part, and the part if not.
const FLAGS: [(&str, Split, Option<Split>); 7] = [
    ("is_valid", Split::Validation, Some(Split::Train)),
    ("is_val", Split::Validation, Some(Split::Train)),
    ("is_validation", Split::Validation, Some(Split::Train)),
    ("is_test", Split::Test, Some(Split::Train)),
    ("is_train", Split::Train, Some(Split::Test)),
    ("is_training", Split::Train, Some(Split::Test)),
    ("is_training_image", Split::Train, Some(Split::Test)),
];

/// How a column tells the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// By its name, under a name that is known or not.
    Named { is_known: bool },
    /// By yes and no.
    Flag { yes: Split, no: Option<Split> },
}

/// The place of path, label and part among the columns of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    path: usize,
    label: usize,
    part: Option<(usize, Parts)>,
    /// Whether both columns have known names.
    is_sure: bool,
}

/// A name of a column without case, and with `_` between its words.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c == '_' || c == '-');
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("_")
}

/// The first of the known names that a header has.
fn find(names: &[String], known: &[&str]) -> Option<usize> {
    known.iter().find_map(|known| names.iter().position(|name| name == known))
}

impl Columns {
    /// The columns by their names or, without a header, by their values.
    pub(crate) fn of(header: &[String], lines: &[&Line], has_header: bool) -> Option<Self> {
        if !has_header {
            return Self::by_values(header, lines);
        }
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let (path, label) = (find(&names, &PATHS), find(&names, &LABELS));
        let is_sure = path.is_some() && label.is_some();
        // Of two columns, one known name is enough.
        let (path, label) = match (path, label, names.len()) {
            (Some(path), None, 2) => (path, 1 - path),
            (None, Some(label), 2) => (1 - label, label),
            (path, label, _) => (path?, label?),
        };
        let part = part_column(&names, lines, &[path, label]);
        (path != label).then_some(Self { path, label, part, is_sure })
    }

    /// The columns of a table without a header: the file names of images, the names of parts where a
    /// column holds nothing else, and the first other column of which values occur more than once.
    fn by_values(first: &[String], lines: &[&Line]) -> Option<Self> {
        let path = first.iter().position(|cell| has_image_name(cell.trim()))?;
        let part = part_column(&[], lines, &[path]).filter(|_| first.len() > 2);
        let others: Vec<usize> =
            (0..first.len()).filter(|at| *at != path && Some(*at) != part.map(|p| p.0)).collect();
        let repeats = |at: &&usize| {
            let values: HashSet<&str> = lines.iter().filter_map(|line| line.cell(**at)).collect();
            2 * values.len() <= lines.len()
        };
        let label = *others.iter().find(repeats).or(others.first())?;
        Some(Self { path, label, part, is_sure: true })
    }

    /// The columns of path and part of a table with a column for each class.
    pub(crate) fn of_indicators(header: &[String]) -> Option<(usize, Option<usize>)> {
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        Some((find(&names, &PATHS)?, find(&names, &PARTS)))
    }

    pub(crate) fn row(self, cells: &[String]) -> Option<Row> {
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim());
        let row = Row::new(cell(self.path)?, cell(self.label).unwrap_or_default());
        let Some((text, parts)) = self.part.and_then(|(at, parts)| Some((cell(at)?, parts))) else {
            return Some(row);
        };
        Some(match parts {
            Parts::Named { .. } => row.in_part(text),
            Parts::Flag { yes, no } => {
                Row { part: if flag(text)? { Some(yes) } else { no }, ..row }
            }
        })
    }

    /// Whether the column of classes holds some: one of an unknown name does only where several rows share
    /// each of its values.
    pub(crate) fn holds_classes(self, rows: &[Row]) -> bool {
        let labels: HashSet<&str> = rows.iter().map(|row| row.label.as_str()).collect();
        self.is_sure || labels.len() > 1 && 2 * labels.len() <= rows.len()
    }

    /// What a user should know of the choice of columns.
    pub(crate) fn note(self, header: &[String], has_header: bool) -> Option<String> {
        let (at, parts) = self.part?;
        let number = at + 1;
        match parts {
            Parts::Named { is_known: true } => None,
            _ if has_header => Some(format!("parts by the column {}", header[at].trim())),
            _ => Some(format!("parts by column {number}")),
        }
    }
}

/// Yes or no as programs write them.
fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "1.0" | "true" | "yes" | "t" | "y" => Some(true),
        "0" | "0.0" | "false" | "no" | "f" | "n" | "" => Some(false),
        _ => None,
    }
}

/// The column of parts: by its name, or one that holds nothing but the names of at least two parts.
fn part_column(names: &[String], lines: &[&Line], taken: &[usize]) -> Option<(usize, Parts)> {
    if let Some(at) = find(names, &PARTS).filter(|at| !taken.contains(at)) {
        return Some((at, Parts::Named { is_known: true }));
    }
    let values = |at: usize| lines.iter().filter_map(move |line| line.cell(at));
    for (known, yes, no) in FLAGS {
        let at = names.iter().position(|name| name == known).filter(|at| !taken.contains(at));
        if let Some(at) = at.filter(|at| values(*at).all(|text| flag(text).is_some())) {
            return Some((at, Parts::Flag { yes, no }));
        }
    }
    let width = lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
    let is_of_parts = |at: &usize| {
        let parts: Option<HashSet<Split>> = values(*at).map(part).collect();
        !taken.contains(at) && parts.is_some_and(|parts| parts.len() > 1)
    };
    let at = (0..width).find(is_of_parts)?;
    Some((at, Parts::Named { is_known: false }))
}
