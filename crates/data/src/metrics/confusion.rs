//! Confusion matrices.

use serde::{Deserialize, Serialize};

/// Counts of images by true and predicted class, `[classes, classes]`: row t, column p holds the
/// images of class t that were taken for class p.
///
/// # Examples
/// ```
/// use automl_data::metrics::ConfusionMatrix;
///
/// let mut counts = ConfusionMatrix::new(2);
/// for (truth, predicted, images) in [(0, 0, 90), (0, 1, 5), (1, 0, 4), (1, 1, 1)] {
///     (0..images).for_each(|_| counts.add(truth, predicted));
/// }
/// assert_eq!(counts.accuracy(), 0.91);
/// assert_eq!(counts.recall(1), Some(0.2));
/// assert!(counts.macro_f1(&[]) < 0.6);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfusionMatrix {
    rows: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    /// Zero counts of so many classes.
    pub fn new(classes: usize) -> Self {
        Self { rows: vec![vec![0; classes]; classes] }
    }

    /// Counts one image; classes outside the matrix are left out.
    pub fn add(&mut self, truth: usize, predicted: usize) {
        self.add_many(truth, predicted, 1);
    }

    pub(super) fn add_many(&mut self, truth: usize, predicted: usize, images: u64) {
        if let Some(count) = self.rows.get_mut(truth).and_then(|row| row.get_mut(predicted)) {
            *count += images;
        }
    }

    /// Adds the counts of another matrix of as many classes.
    pub fn merge(&mut self, other: &Self) {
        for (row, more) in self.rows.iter_mut().zip(&other.rows) {
            row.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
    }

    /// The rows, one for each true class.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.rows.len()
    }

    /// Whether no image was counted.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The number of images.
    pub fn total(&self) -> u64 {
        self.rows.iter().flatten().sum()
    }

    /// The images of a class.
    pub fn images(&self, class: usize) -> u64 {
        self.rows.get(class).map_or(0, |row| row.iter().sum())
    }

    /// The images that were taken for a class.
    pub fn predictions(&self, class: usize) -> u64 {
        self.rows.iter().map(|row| row.get(class).copied().unwrap_or(0)).sum()
    }

    /// The images of a class that were taken for it.
    pub fn hits(&self, class: usize) -> u64 {
        self.rows.get(class).and_then(|row| row.get(class)).copied().unwrap_or(0)
    }

    /// The share of correct predictions, in `[0, 1]`; 0 without images.
    pub fn accuracy(&self) -> f64 {
        let hits: u64 = (0..self.classes()).map(|class| self.hits(class)).sum();
        ratio(hits, self.total()).unwrap_or(0.0)
    }

    /// The share of a class's images that were recognized; `None` without images.
    pub fn recall(&self, class: usize) -> Option<f64> {
        ratio(self.hits(class), self.images(class))
    }

    /// The share of the predictions of a class that are correct; `None` without predictions.
    pub fn precision(&self, class: usize) -> Option<f64> {
        ratio(self.hits(class), self.predictions(class))
    }

    /// The harmonic mean of precision and recall, `2 hits / (images + predictions)`; `None` for a
    /// class without images and predictions.
    pub fn f1(&self, class: usize) -> Option<f64> {
        ratio(2 * self.hits(class), self.images(class) + self.predictions(class))
    }

    /// The mean of [`f1`](Self::f1) over the classes that have one, weighted by `costs`, in
    /// `[0, 1]`; an empty list weighs all classes alike.
    pub fn macro_f1(&self, costs: &[f64]) -> f64 {
        self.mean(costs, |class| self.f1(class))
    }

    /// The mean of [`recall`](Self::recall) over the classes with images, weighted by `costs`, in
    /// `[0, 1]`; an empty list weighs all classes alike.
    pub fn balanced_accuracy(&self, costs: &[f64]) -> f64 {
        self.mean(costs, |class| self.recall(class))
    }

    /// The share of correct predictions where an image of class k counts `costs[k]` times, in
    /// `[0, 1]`; an empty list weighs all images alike.
    pub fn weighted_accuracy(&self, costs: &[f64]) -> f64 {
        if costs.is_empty() {
            return self.accuracy();
        }
        let mean = |count: &dyn Fn(usize) -> u64| -> f64 {
            (0..self.classes()).map(|class| cost(costs, class) * count(class) as f64).sum()
        };
        let all = mean(&|class| self.images(class));
        if all > 0.0 { mean(&|class| self.hits(class)) / all } else { 0.0 }
    }

    fn mean(&self, costs: &[f64], of: impl Fn(usize) -> Option<f64>) -> f64 {
        let known = (0..self.classes()).filter_map(|class| Some((cost(costs, class), of(class)?)));
        let (sum, weights) =
            known.fold((0.0, 0.0), |(sum, all), (cost, value)| (sum + cost * value, all + cost));
        if weights > 0.0 { sum / weights } else { 0.0 }
    }
}

/// The weight of a class; 1 for a class that the list does not hold.
pub(super) fn cost(costs: &[f64], class: usize) -> f64 {
    costs.get(class).copied().unwrap_or(1.0)
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
