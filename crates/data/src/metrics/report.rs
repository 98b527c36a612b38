//! The record of an evaluation.

use super::bootstrap::{Intervals, intervals};
use super::confusion::ConfusionMatrix;
use super::evaluation::Evaluation;
use serde::{Deserialize, Serialize};

/// Precision and recall of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Its name.
    pub class: String,
    /// Its images.
    pub images: u64,
    /// The share of its predictions that are correct; absent without predictions.
    pub precision: Option<f64>,
    /// The share of its images that were recognized; absent without images.
    pub recall: Option<f64>,
    /// The harmonic mean of both; absent without images and predictions.
    pub f1: Option<f64>,
    /// The mean cross-entropy over its images, in nats.
    pub loss: Option<f64>,
}

/// All metrics of a classifier on some images, for a file.
///
/// # Examples
/// ```
/// use automl_data::metrics::{MetricsReport, Tally};
///
/// let mut tally = Tally::new(2);
/// tally.add(&[-0.1, -2.35], 0);
/// tally.add(&[-0.2, -1.71], 1);
/// let report = MetricsReport::new(&tally.evaluation(), &["cat".into(), "dog".into()], 0);
/// assert_eq!((report.classes[1].class.as_str(), report.classes[1].recall), ("dog", Some(0.0)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsReport {
    /// The share of correct predictions, in `[0, 1]`.
    pub accuracy: f64,
    /// The mean cross-entropy in nats.
    pub loss: f64,
    /// The mean over classes of the harmonic mean of precision and recall, in `[0, 1]`.
    pub macro_f1: f64,
    /// The mean over classes of the recall, in `[0, 1]`.
    pub balanced_accuracy: f64,
    /// The share of images with their class among the five highest scores, in `[0, 1]`.
    pub top5: Option<f64>,
    /// Bootstrap intervals of 95 %; absent without images.
    pub intervals: Option<Intervals>,
    /// The classes, in the order of the outputs.
    pub classes: Vec<ClassReport>,
    /// Images by true (row) and predicted (column) class.
    pub confusion: ConfusionMatrix,
}

impl MetricsReport {
    /// The report of an evaluation with the names of the classes; a class without a name has its
    /// number. `seed` gives the resamples of the intervals.
    pub fn new(evaluation: &Evaluation, names: &[String], seed: u64) -> Self {
        let counts = &evaluation.confusion;
        let class = |class: usize| ClassReport {
            class: names.get(class).cloned().unwrap_or_else(|| class.to_string()),
            images: counts.images(class),
            precision: counts.precision(class),
            recall: counts.recall(class),
            f1: counts.f1(class),
            loss: evaluation.class_losses.get(class).copied().filter(|loss| loss.is_finite()),
        };
        Self {
            accuracy: evaluation.accuracy,
            loss: evaluation.loss,
            macro_f1: counts.macro_f1(&[]),
            balanced_accuracy: counts.balanced_accuracy(&[]),
            top5: evaluation.top5,
            intervals: intervals(counts, seed),
            classes: (0..counts.classes()).map(class).collect(),
            confusion: counts.clone(),
        }
    }
}

impl From<&MetricsReport> for Evaluation {
    /// The evaluation of a report, which does not tell single images.
    fn from(report: &MetricsReport) -> Self {
        Self {
            accuracy: report.accuracy,
            loss: report.loss,
            top5: report.top5,
            confusion: report.confusion.clone(),
            class_losses: report.classes.iter().map(|class| class.loss.unwrap_or(0.0)).collect(),
            mistakes: Vec::new(),
        }
    }
}
