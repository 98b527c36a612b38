//! A data set of encoded images: decoding, classes and parts.

use super::{Dataset, DatasetError};
use crate::images::Images;
use crate::reading::{self, Item, Loaded};
use crate::report::{Kind, LeftOut, Report};
use crate::source::Source;
use crate::split::Split;
use crate::splits::shown;
use automl_extent::Extent;
use automl_pictures::Side;
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
            return Err(DatasetError::Missing { path: folder.to_owned(), what });
        }
        let part = |part| images(&loaded, &self.members, &labels, (side, part));
        let (train, validation, test) =
            (part(Split::Train), part(Split::Validation), part(Split::Test));
        for (own, name) in [(&validation, Split::Validation), (&test, Split::Test)] {
            self.note_missing(own, name, &class_names);
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
                self.report.notes.push(format!("no image of {name} can be read: it is no class"));
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

    /// Names the classes that a part lacks.
    fn note_missing(&mut self, images: &Images, part: Split, names: &[String]) {
        let (place, instead) = match part {
            Split::Train => return,
            Split::Validation => ("validation", "a share of the training images"),
            Split::Test => ("test", "a fifth of the training images"),
        };
        if images.is_empty() {
            if self.parts.contains(&part) {
                let note = format!("no {place} images are given: {instead} is kept for it");
                self.report.notes.push(note);
            }
            return;
        }
        let missing: Vec<&str> = (0u16..)
            .zip(names)
            .filter(|(label, _)| !images.labels.contains(label))
            .map(|(_, name)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let shown = missing.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = missing.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            self.report.notes.push(format!("no {place} images of {shown}{more}"));
        }
    }
}
