//! Self-supervision by rotations.

use crate::images::Images;
use crate::splits::DataSplits;
use automl_extent::Extent;
use std::sync::Arc;

/// The names of the classes: the turns.
const TURNS: [&str; 4] = ["0", "90", "180", "270"];

impl DataSplits {
    /// The same images, each turned by 0, 90, 180 and 270 degrees, with the turn as its class: a task
    /// without labels, by which networks learn features of the images. Images are not mirrored. Those that
    /// are not square are turned by 0 and 180 degrees only.
    ///
    /// # Source
    /// Gidaris, Singh & Komodakis (2018), "Unsupervised Representation Learning by Predicting Image
    /// Rotations", section 2.1.
    ///
    /// # Examples
    /// ```
    /// use automl_data::{DataSplits, Dataset};
    ///
    /// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
    /// let turned = data.rotations();
    /// assert_eq!((turned.classes, turned.train.len()), (4, 4 * data.train.len()));
    /// assert_eq!(turned.train.image(0), data.train.image(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rotations(&self) -> Self {
        let turns = turns(self.side);
        Self {
            classes: turns.len(),
            class_names: turns.iter().map(|turn| (*turn).to_owned()).collect(),
            mirror: false,
            train: turned(&self.train),
            validation: turned(&self.validation),
            test: turned(&self.test),
            files: Arc::default(),
            ..self.clone()
        }
    }
}

/// The turns that keep height and width.
fn turns(side: Extent) -> &'static [&'static str] {
    if side.is_square() { &TURNS } else { &["0", "180"] }
}

/// The turns of each image, one after the other.
fn turned(images: &Images) -> Images {
    let turns = turns(images.side).len();
    let mut pixels = Vec::with_capacity(turns * images.len() * images.size());
    let mut labels = Vec::with_capacity(turns * images.len());
    for index in 0..images.len() {
        let mut image = images.image(index).to_vec();
        for turn in 0..turns as u16 {
            pixels.extend_from_slice(&image);
            labels.push(turn);
            image = next(&image, images.side);
        }
    }
    Images::new(images.channels, images.side, pixels, labels)
}

/// The planes of an image turned by 90 degrees clockwise, or by 180 where it is not square.
fn next(image: &[u8], side: Extent) -> Vec<u8> {
    let mut turned = Vec::with_capacity(image.len());
    for plane in image.chunks_exact(side.pixels()) {
        if !side.is_square() {
            turned.extend(plane.iter().rev());
            continue;
        }
        let side = side.height;
        for row in 0..side {
            turned.extend((0..side).map(|column| plane[(side - 1 - column) * side + row]));
        }
    }
    turned
}
