//! Self-supervision by rotations.

use crate::images::Images;
use crate::splits::DataSplits;
use std::sync::Arc;

/// The names of the classes: the turns.
const TURNS: [&str; 4] = ["0", "90", "180", "270"];

impl DataSplits {
    /// The same images, each turned by 0, 90, 180 and 270 degrees, with the turn as its class: a task
    /// without labels, by which networks learn features of the images. Images are not mirrored.
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
        Self {
            classes: TURNS.len(),
            class_names: TURNS.map(str::to_owned).to_vec(),
            mirror: false,
            train: turned(&self.train),
            validation: turned(&self.validation),
            test: turned(&self.test),
            files: Arc::default(),
            ..self.clone()
        }
    }
}

/// Four turns of each image, one after the other.
fn turned(images: &Images) -> Images {
    let mut pixels = Vec::with_capacity(TURNS.len() * images.len() * images.size());
    let mut labels = Vec::with_capacity(TURNS.len() * images.len());
    for index in 0..images.len() {
        let mut image = images.image(index).to_vec();
        for turn in 0..TURNS.len() as u16 {
            pixels.extend_from_slice(&image);
            labels.push(turn);
            image = quarter(&image, images.side);
        }
    }
    Images::new(images.channels, images.side, pixels, labels)
}

/// The planes of an image turned by 90 degrees clockwise.
fn quarter(image: &[u8], side: usize) -> Vec<u8> {
    let mut turned = Vec::with_capacity(image.len());
    for plane in image.chunks_exact(side * side) {
        for row in 0..side {
            turned.extend((0..side).map(|column| plane[(side - 1 - column) * side + row]));
        }
    }
    turned
}
