//! Bootstrap intervals of metrics.

use super::confusion::ConfusionMatrix;
use automl_numeric::stream;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The number of resamples.
const RESAMPLES: u64 = 1_000;

/// The share of the resamples below and above an interval of 95 %.
const TAIL: f64 = 0.025;

/// An interval `[low, high]`.
pub type Interval = [f64; 2];

/// Intervals of 95 % for metrics on images of the same distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// Of the accuracy.
    pub accuracy: Interval,
    /// Of the macro F1.
    pub macro_f1: Interval,
    /// Of the balanced accuracy.
    pub balanced_accuracy: Interval,
}

/// The percentile bootstrap: images are drawn with replacement 1,000 times, and the middle 95 % of
/// each metric's values are its interval. Equal counts and seeds give equal intervals; `None` without
/// images.
///
/// # Source
/// Efron & Tibshirani (1993), "An Introduction to the Bootstrap", section 13.3.
///
/// # Examples
/// ```
/// use automl_data::metrics::{ConfusionMatrix, intervals};
///
/// let mut counts = ConfusionMatrix::new(2);
/// (0..95).for_each(|_| counts.add(0, 0));
/// (0..5).for_each(|_| counts.add(1, 0));
/// let [low, high] = intervals(&counts, 0).map_or([0.0; 2], |intervals| intervals.accuracy);
/// assert!((0.88..0.93).contains(&low) && (0.97..=1.0).contains(&high));
/// ```
pub fn intervals(counts: &ConfusionMatrix, seed: u64) -> Option<Intervals> {
    let images: Vec<(usize, usize)> = counts
        .rows()
        .iter()
        .enumerate()
        .flat_map(|(truth, row)| row.iter().enumerate().map(move |(p, count)| (truth, p, count)))
        .flat_map(|(truth, predicted, count)| (0..*count).map(move |_| (truth, predicted)))
        .collect();
    if images.is_empty() {
        return None;
    }
    let mut values = [const { Vec::new() }; 3];
    for resample in 0..RESAMPLES {
        let mut rng = stream(seed, resample, "bootstrap");
        let mut drawn = ConfusionMatrix::new(counts.classes());
        for _ in 0..images.len() {
            let (truth, predicted) = images[rng.random_range(0..images.len())];
            drawn.add(truth, predicted);
        }
        let metrics = [drawn.accuracy(), drawn.macro_f1(&[]), drawn.balanced_accuracy(&[])];
        values.iter_mut().zip(metrics).for_each(|(values, value)| values.push(value));
    }
    let [accuracy, macro_f1, balanced_accuracy] = values.map(middle);
    Some(Intervals { accuracy, macro_f1, balanced_accuracy })
}

/// The interval between the lower and the upper tail.
fn middle(mut values: Vec<f64>) -> Interval {
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    let at = |share: f64| values[(share * last as f64).round() as usize];
    [at(TAIL), at(1.0 - TAIL)]
}
