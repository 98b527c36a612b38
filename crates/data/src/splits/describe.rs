//! The data in words: what a user should see before a training.

use super::DataSplits;
use crate::images::Images;
use automl_extent::Extent;
use automl_lists::{Split, shown};
use std::collections::{HashMap, HashSet};

/// Classes that are listed.
const LISTED: usize = 20;

/// A class with fewer images is named.
const FEW: usize = 3;

/// From this ratio of the largest class to the smallest on, the classes count as imbalanced.
const IMBALANCED: f64 = 20.0;

/// The number of images of one class in each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCount {
    /// The name of the class.
    pub name: String,
    /// Training images.
    pub train: usize,
    /// Validation images.
    pub validation: usize,
    /// Test images.
    pub test: usize,
}

impl ClassCount {
    /// Images in all parts.
    pub fn total(&self) -> usize {
        self.train + self.validation + self.test
    }
}

impl DataSplits {
    /// The number of images of each class, in the order of the labels.
    ///
    /// # Examples
    /// ```
    /// use automl_data::{DataSplits, Dataset};
    ///
    /// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
    /// assert_eq!(data.class_counts()[0].total(), 178);
    /// assert!(data.imbalance() < 1.1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn class_counts(&self) -> Vec<ClassCount> {
        let count = |images: &Images| {
            let mut counts = vec![0; self.classes];
            for label in &images.labels {
                if let Some(count) = counts.get_mut(usize::from(*label)) {
                    *count += 1;
                }
            }
            counts
        };
        let parts = [Split::Train, Split::Validation, Split::Test];
        let [train, validation, test] = parts.map(|part| count(self.images(part)));
        let names = self.class_names.iter().cloned();
        let counts = train.into_iter().zip(validation).zip(test);
        names
            .zip(counts)
            .map(|(name, ((train, validation), test))| ClassCount { name, train, validation, test })
            .collect()
    }

    /// The ratio of the largest class to the smallest, by training images; infinite where a class has
    /// none.
    pub fn imbalance(&self) -> f64 {
        let counts = self.class_counts();
        let most = counts.iter().map(|class| class.train).max().unwrap_or(0);
        let least = counts.iter().map(|class| class.train).min().unwrap_or(0);
        most as f64 / least as f64
    }

    /// What a user should see of the data before a training, in lines: classes with counts, how
    /// images were resized, what was left out, rare and unequal classes.
    pub fn lines(&self) -> Vec<String> {
        let counts = self.class_counts();
        let mut lines = vec![listed(&counts)];
        if let Some((width, height)) = self.shown {
            lines.push(self.shapes(width, height));
        }
        lines.extend(self.report.lines());
        lines.extend(self.copies());
        lines.extend(self.contradictions());
        let rare: Vec<String> = counts
            .iter()
            .filter(|class| class.total() < FEW)
            .map(|class| format!("{} ({})", shown(&class.name), class.total()))
            .collect();
        if !rare.is_empty() {
            lines.push(format!(
                "classes with fewer than {FEW} images, too few to train and test: {}",
                rare.join(", ")
            ));
        }
        let by_size = |class: &&ClassCount| class.total();
        if let Some(least) = counts.iter().min_by_key(by_size)
            && let Some(most) = counts.iter().max_by_key(by_size)
            && most.total() as f64 >= IMBALANCED * least.total() as f64
        {
            lines.push(format!(
                "imbalanced classes: {} images of {}, {} of {}; accuracy hides the rare ones",
                most.total(),
                shown(&most.name),
                least.total(),
                shown(&least.name)
            ));
        }
        lines
    }

    /// The data in words: a line of sizes, and below it the [lines](Self::lines) that a user should see.
    /// `searched` is the number of training images that a search uses.
    pub fn in_words(&self, searched: usize) -> String {
        let Extent { height, width } = self.side;
        let axes = if height == width { "" } else { " (height x width x channels)" };
        let shape = format!("{height}x{width}x{}{axes}", self.channels);
        let searched = if searched < self.train.len() {
            format!(" ({searched} of them in the search)")
        } else {
            String::new()
        };
        let sizes = format!(
            "{}: {} training{searched}, {} validation and {} test images of {shape} in {} classes",
            self.name,
            self.train.len(),
            self.validation.len(),
            self.test.len(),
            self.classes
        );
        std::iter::once(sizes).chain(self.lines()).collect::<Vec<_>>().join("\n        ")
    }

    /// A line on images of validation and test that are trained on too, by content.
    fn copies(&self) -> Option<String> {
        let hashes = |images: &Images| {
            let files = images.places().iter().map(|place| self.files.get(*place as usize));
            files.flatten().collect::<Vec<_>>()
        };
        let trained: HashSet<String> =
            hashes(&self.train).into_iter().map(|file| file.hash.clone()).collect();
        let held = [hashes(&self.validation), hashes(&self.test)].concat();
        let copies: Vec<_> = held.iter().filter(|file| trained.contains(&file.hash)).collect();
        let first = copies.first()?;
        let count = copies.len();
        let images = if count == 1 { "image is a copy" } else { "images are copies" };
        Some(format!(
            "{count} validation or test {images} of training images (such as {})",
            shown(&first.name)
        ))
    }

    /// A line on images that are in two classes, by content.
    fn contradictions(&self) -> Option<String> {
        let mut first: HashMap<&str, (u16, &str)> = HashMap::new();
        let mut found = Vec::new();
        for images in [&self.train, &self.validation, &self.test] {
            for (place, label) in images.places().iter().zip(&images.labels) {
                let Some(file) = self.files.get(*place as usize) else { continue };
                let (known, name) = first.entry(&file.hash).or_insert((*label, &file.name));
                if known != label {
                    found.push((*name, file.name.as_str()));
                }
            }
        }
        let (one, other) = found.first()?;
        let (one, other) = (shown(one), shown(other));
        let (count, are) = (found.len(), if found.len() == 1 { "image is" } else { "images are" });
        Some(format!("{count} {are} in two classes (such as {one} and {other})"))
    }

    fn shapes(&self, width: u32, height: u32) -> String {
        let (side, channels) = (self.side, self.channels);
        let color = if channels == 1 { "grey" } else { "color" };
        let change = match side == Extent::new(height as usize, width as usize) {
            true => String::new(),
            false => format!(", brought to {} by {}", side.in_full(), self.resize),
        };
        format!("images: {width}x{height} pixels (median), {color}{change}")
    }
}

/// Classes with the number of their images.
fn listed(counts: &[ClassCount]) -> String {
    let each = |class: &ClassCount| format!("{} {}", shown(&class.name), class.total());
    let first = counts.iter().take(LISTED).map(each).collect::<Vec<_>>().join(", ");
    match counts.len().saturating_sub(LISTED) {
        0 => format!("classes: {first}"),
        more => format!("classes: {first} and {more} more"),
    }
}
