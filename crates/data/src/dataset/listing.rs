//! A data set of encoded images: decoding, classes and parts.

use super::{Dataset, DatasetError};
use crate::images::Images;
use crate::reading::{self, Item, Loaded};
use crate::report::{Kind, LeftOut, Report};
use crate::source::Source;
use automl_extent::Extent;
use automl_lists::{Split, folded, shown};
use automl_pictures::Side;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Names in a note.
const NAMED: usize = 3;

/// Encoded images with their classes and parts.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub name: String,
    /// The names of the classes, in the order of the labels.
    pub classes: Vec<String>,
    pub items: Vec<Item>,
    /// Part and class of each item.
    pub members: Vec<(Split, usize)>,
    /// Parts that the data set announces, with images or without.
    pub parts: Vec<Split>,
    pub report: Report,
}

/// The images of one part.
fn images(
    loaded: &Loaded,
    members: &[(Split, usize)],
    labels: &[Option<u16>],
    (side, part): (Extent, Split),
) -> Images {
    let placed = members.iter().zip(&loaded.places).filter_map(|((own, class), place)| {
        let label = labels[*class].filter(|_| *own == part)?;
        Some(((*place)?, label))
    });
    let (places, labels) = placed.unzip();
    Images::shared(loaded.channels, side, Arc::clone(&loaded.pixels), places, labels)
}

impl Listing {
    /// The data set with its images decoded.
    pub(super) fn load(mut self, source: &Source<'_>) -> Result<Dataset, DatasetError> {
        let folder = source.folder.unwrap_or(Path::new(""));
        let side = match source.side {
            Side::Auto => reading::automatic_side(&self.items).into(),
            Side::Pixels(side) => side,
        };
        let loaded = reading::load(&self.items, side, source)?;
        self.report.left_out.extend(loaded.failures.iter().cloned());
        let faults = self.report.faults();
        if source.strict && !faults.left_out.is_empty() {
            let (path, faults) = (folder.to_owned(), faults.to_string());
            return Err(DatasetError::Strict { path, faults });
        }
        let (labels, class_names) = self.trained_classes(&loaded);
        if class_names.len() < 2 {
            let mut what = "images of two classes".to_owned();
            if let [only] = &class_names[..] {
                what.push_str(&format!(", only of {}", shown(only)));
            }
            if !self.report.left_out.is_empty() {
                what.push_str(&format!(" that can be read; left out: {}", self.report));
            }
            if !class_names.is_empty() {
                what.push_str("; each class needs a folder of its own, or a list labels.csv");
            }
            self.report.notes.iter().for_each(|note| what.push_str(&format!("; {note}")));
            return Err(DatasetError::Missing { path: folder.to_owned(), what });
        }
        note_alike(&class_names, &mut self.report);
        let part = |part| images(&loaded, &self.members, &labels, (side, part));
        let (train, validation, test) =
            (part(Split::Train), part(Split::Validation), part(Split::Test));
        for (own, name) in [(&validation, Split::Validation), (&test, Split::Test)] {
            let is_announced = self.parts.contains(&name);
            note_missing(own, name, &class_names, is_announced, &mut self.report);
        }
        let some = |images: Images| Some(images).filter(|images| !images.is_empty());
        Ok(Dataset {
            validation: some(validation),
            test: some(test),
            resize: source.resize,
            files: Arc::new(loaded.files),
            shown: Some(loaded.shape),
            report: self.report,
            ..Dataset::new(&self.name, class_names, train, true)
        })
    }

    /// The label of each class, and the names by label: classes without training images have none.
    fn trained_classes(&mut self, loaded: &Loaded) -> (Vec<Option<u16>>, Vec<String>) {
        let mut counts = vec![[0usize; 2]; self.classes.len()];
        for ((part, class), place) in self.members.iter().zip(&loaded.places) {
            counts[*class][usize::from(*part != Split::Train)] += usize::from(place.is_some());
        }
        let (mut labels, mut names) = (Vec::new(), Vec::new());
        for (name, [trained, others]) in self.classes.iter().zip(&counts) {
            let is_class = *trained > 0;
            labels.push(is_class.then_some(names.len() as u16));
            if is_class {
                names.push(name.clone());
            } else if *others == 0 {
                let known = self.members.iter().any(|(_, class)| self.classes[*class] == *name);
                let cause = if known { "can be read" } else { "is there" };
                let name = shown(name);
                self.report.notes.push(format!("no image of {name} {cause}: it is no class"));
            }
        }
        for (((_, class), place), item) in self.members.iter().zip(&loaded.places).zip(&self.items)
        {
            if place.is_some() && labels[*class].is_none() {
                let (kind, file) = (Kind::UntrainedClass, item.name.clone());
                self.report.left_out.push(LeftOut { kind, file, reason: None });
            }
        }
        (labels, names)
    }
}

/// Names the classes that the validation or test images lack; where there are no such images although the
/// data set announces them, what is used instead.
pub(super) fn note_missing(
    images: &Images,
    part: Split,
    names: &[String],
    is_announced: bool,
    report: &mut Report,
) {
    let (place, instead) = match part {
        Split::Train => return,
        Split::Validation => ("validation", "a share of the training images"),
        Split::Test => ("test", "a fifth of the training images"),
    };
    if images.is_empty() {
        if is_announced {
            report.notes.push(format!("no {place} images are given: {instead} is kept for it"));
        }
        return;
    }
    let missing: Vec<_> = (0u16..)
        .zip(names)
        .filter(|(label, _)| !images.labels.contains(label))
        .map(|(_, name)| shown(name))
        .collect();
    if !missing.is_empty() {
        let first = missing.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
        let more = missing.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        report.notes.push(format!("no {place} images of {first}{more}"));
    }
}

/// Says which classes have names that look the same.
fn note_alike(classes: &[String], report: &mut Report) {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for class in classes {
        if let Some(other) = known.insert(folded(class), class) {
            let (a, b) = (shown(other), shown(class));
            report.notes.push(format!(
                "{a} and {b} are two classes: their names differ in case, spaces or accents"
            ));
        }
    }
}
