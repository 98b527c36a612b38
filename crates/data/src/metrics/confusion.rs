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

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[u64]]) -> ConfusionMatrix {
        ConfusionMatrix { rows: rows.iter().map(|row| row.to_vec()).collect() }
    }

    /// Values of scikit-learn 1.7: `f1_score(average="macro")`, `balanced_accuracy_score`.
    #[test]
    fn means_over_classes_are_those_of_scikit_learn() {
        let counts = matrix(&[&[5, 2, 0], &[1, 7, 1], &[0, 3, 1]]);
        assert!((counts.macro_f1(&[]) - 0.589_743_589_743_589_7).abs() < 1e-12);
        let recalls = (5.0 / 7.0 + 7.0 / 9.0 + 0.25) / 3.0;
        assert!((counts.balanced_accuracy(&[]) - recalls).abs() < 1e-12);
        assert_eq!(counts.accuracy(), 13.0 / 20.0);
    }

    #[test]
    fn classes_that_never_occur_are_left_out() {
        let counts = matrix(&[&[3, 1, 0], &[0, 4, 0], &[0, 0, 0]]);
        assert_eq!(counts.balanced_accuracy(&[]), (0.75 + 1.0) / 2.0);
        assert_eq!((counts.f1(2), counts.precision(2), counts.recall(2)), (None, None, None));
        // A class without images that was predicted has an F1 of zero.
        let predicted = matrix(&[&[3, 0, 1], &[0, 4, 0], &[0, 0, 0]]);
        assert_eq!(predicted.f1(2), Some(0.0));
        assert!(predicted.macro_f1(&[]) < counts.macro_f1(&[]));
        assert_eq!(ConfusionMatrix::new(3).macro_f1(&[]), 0.0);
    }

    #[test]
    fn costs_weigh_classes() {
        let counts = matrix(&[&[9, 1], &[5, 5]]);
        assert_eq!(counts.weighted_accuracy(&[1.0, 1.0]), counts.accuracy());
        assert_eq!(counts.weighted_accuracy(&[0.0, 2.0]), 0.5);
        assert_eq!(counts.balanced_accuracy(&[1.0, 3.0]), (0.9 + 1.5) / 4.0);
    }
}
