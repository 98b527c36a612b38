//! Results of a classifier on some images.

use super::confusion::ConfusionMatrix;
use super::mistakes::{Mistake, Worst};
use serde::{Deserialize, Serialize};

/// The number of highest scores among which the top-5 accuracy looks for the class.
const TOP: usize = 5;

/// Accuracy, loss and counts of a classifier on some images.
///
/// # Examples
/// ```
/// let evaluation: automl_data::metrics::Evaluation =
///     serde_json::from_str(r#"{"accuracy": 0.97, "loss": 0.12}"#)?;
/// assert!(evaluation.accuracy > 0.9 && evaluation.confusion.is_empty());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Share of the images with the highest score for their own class, in `[0, 1]`.
    pub accuracy: f64,
    /// Mean cross-entropy in nats, without label smoothing.
    pub loss: f64,
    /// Share of the images with their own class among the five highest scores, in `[0, 1]`; absent
    /// in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top5: Option<f64>,
    /// Images by true and predicted class; empty in records of earlier versions.
    #[serde(default, skip_serializing_if = "ConfusionMatrix::is_empty")]
    pub confusion: ConfusionMatrix,
    /// The mean cross-entropy over the images of each class, in nats; 0 for a class without images.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_losses: Vec<f64>,
    /// The images of another class than predicted with the largest losses, the largest first; of no
    /// use without the images, and not in records.
    #[serde(skip)]
    pub mistakes: Vec<Mistake>,
}

impl Evaluation {
    /// The evaluation of all images of several ones, such as those of the folds of a cross-validation.
    /// Losses and top-5 accuracy are means by the number of images. A single one stays as it is.
    ///
    /// # Examples
    /// ```
    /// use automl_data::metrics::{Evaluation, Tally};
    ///
    /// let of = |labels: &[usize]| {
    ///     let mut tally = Tally::new(2);
    ///     labels.iter().for_each(|label| tally.add(&[-0.1, -2.35], *label));
    ///     tally.evaluation()
    /// };
    /// let (pooled, whole) = (Evaluation::pooled(vec![of(&[0, 1, 1]), of(&[0])]), of(&[0, 1, 1, 0]));
    /// assert_eq!((pooled.accuracy, &pooled.confusion), (0.5, &whole.confusion));
    /// assert!((pooled.loss - whole.loss).abs() < 1e-9);
    /// ```
    pub fn pooled(mut all: Vec<Self>) -> Self {
        if all.len() <= 1 {
            return all.pop().unwrap_or_default();
        }
        let mut confusion = ConfusionMatrix::new(all[0].confusion.classes());
        all.iter().for_each(|one| confusion.merge(&one.confusion));
        let total = confusion.total().max(1) as f64;
        let mean = |value: &dyn Fn(&Self) -> f64| -> f64 {
            all.iter().map(|one| one.confusion.total() as f64 / total * value(one)).sum()
        };
        let class_losses = (0..confusion.classes()).map(|class| {
            let sum: f64 = all
                .iter()
                .map(|one| {
                    let loss = one.class_losses.get(class).copied().unwrap_or(0.0);
                    loss * one.confusion.images(class) as f64
                })
                .sum();
            sum / confusion.images(class).max(1) as f64
        });
        Self {
            accuracy: confusion.accuracy(),
            loss: mean(&|one| one.loss),
            top5: all
                .iter()
                .all(|one| one.top5.is_some())
                .then(|| mean(&|one| one.top5.unwrap_or(0.0))),
            class_losses: class_losses.collect(),
            // Of other images each.
            mistakes: Vec::new(),
            confusion,
        }
    }
}

/// A running evaluation, image by image.
///
/// # Examples
/// ```
/// use automl_data::metrics::Tally;
///
/// let mut tally = Tally::new(2);
/// tally.add(&[-0.1, -2.35], 0);
/// tally.add(&[-0.2, -1.71], 1);
/// let evaluation = tally.evaluation();
/// assert_eq!(evaluation.accuracy, 0.5);
/// assert!((evaluation.loss - 0.905).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    confusion: ConfusionMatrix,
    /// Sums of the losses of each class.
    losses: Vec<f64>,
    total_loss: f64,
    top: u64,
    images: usize,
    worst: Worst,
}

impl Tally {
    /// An evaluation of no image so far.
    pub fn new(classes: usize) -> Self {
        Self {
            confusion: ConfusionMatrix::new(classes),
            losses: vec![0.0; classes],
            total_loss: 0.0,
            top: 0,
            images: 0,
            worst: Worst::default(),
        }
    }

    /// Adds an image by the logarithms of its class probabilities `[classes]`. Of equal scores, the
    /// first class is taken; NaN ranks below all numbers.
    pub fn add(&mut self, log_probabilities: &[f32], label: usize) {
        let own = log_probabilities.get(label).copied().unwrap_or(f32::NAN);
        let mut predicted = 0;
        let mut before = 0;
        for (class, score) in log_probabilities.iter().enumerate() {
            if *score > log_probabilities[predicted] || log_probabilities[predicted].is_nan() {
                predicted = class;
            }
            before += usize::from(*score > own || (*score == own && class < label));
        }
        let image = self.images;
        self.images += 1;
        self.confusion.add(label, predicted);
        self.top += u64::from(before < TOP && !own.is_nan());
        let loss = -f64::from(own);
        self.total_loss += loss;
        if let Some(sum) = self.losses.get_mut(label) {
            *sum += loss;
        }
        if predicted != label {
            let confidence =
                log_probabilities.get(predicted).map_or(0.0, |log| f64::from(*log).exp());
            self.worst.add(Mistake { image, class: label, predicted, loss, confidence });
        }
    }

    /// The evaluation of all images so far.
    pub fn evaluation(self) -> Evaluation {
        let Self { confusion, losses, total_loss, top, worst, images: _ } = self;
        let count = confusion.total().max(1) as f64;
        let mean = |(class, sum): (usize, f64)| sum / confusion.images(class).max(1) as f64;
        Evaluation {
            accuracy: confusion.accuracy(),
            loss: total_loss / count,
            top5: Some(top as f64 / count),
            class_losses: losses.into_iter().enumerate().map(mean).collect(),
            mistakes: worst.into_vec(),
            confusion,
        }
    }
}
