//! Metrics by name.

use super::confusion::cost;
use super::evaluation::Evaluation;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A number by which networks are compared.
///
/// # Examples
/// ```
/// use automl_data::metrics::{Metric, Tally};
///
/// let mut tally = Tally::new(2);
/// tally.add(&[-0.1, -2.35], 0);
/// tally.add(&[-0.2, -1.71], 1);
/// let metric: Metric = "macro-f1".parse()?;
/// assert!(metric.is_maximized());
/// assert_eq!(metric.value(&tally.evaluation(), &[]), 1.0 / 3.0);
/// # Ok::<(), automl_data::metrics::UnknownMetric>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// The share of correct predictions.
    #[default]
    Accuracy,
    /// The mean over classes of the harmonic mean of precision and recall.
    #[serde(alias = "f1")]
    MacroF1,
    /// The mean over classes of the share of recognized images.
    BalancedAccuracy,
    /// The mean cross-entropy, which is minimized.
    Loss,
    /// The share of images with their class among the five highest scores.
    #[serde(alias = "top-5")]
    Top5,
}

/// A name that no metric has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown metric {name:?}: one of accuracy, macro-f1, balanced-accuracy, loss, top5")]
pub struct UnknownMetric {
    /// The given name.
    pub name: String,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 5] =
        [Self::Accuracy, Self::MacroF1, Self::BalancedAccuracy, Self::Loss, Self::Top5];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro-f1",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::Loss => "loss",
            Self::Top5 => "top5",
        }
    }

    /// Its name in running text.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::MacroF1 => "macro F1",
            Self::BalancedAccuracy => "balanced accuracy",
            Self::Loss => "loss",
            Self::Top5 => "top-5 accuracy",
        }
    }

    /// Whether larger values are better.
    pub fn is_maximized(self) -> bool {
        self != Self::Loss
    }

    /// The metric of an evaluation with errors weighted by the cost of the true class; an empty list
    /// weighs all classes alike. Top-5 accuracy has no weights, and NaN without scores.
    ///
    /// With costs `c_k`, the accuracy is `sum_k c_k hits_k / sum_k c_k images_k`, the loss the mean of
    /// the images' losses with these weights, and means over classes are weighted by `c_k`.
    pub fn value(self, evaluation: &Evaluation, costs: &[f64]) -> f64 {
        let counts = &evaluation.confusion;
        match self {
            Self::Accuracy if costs.is_empty() => evaluation.accuracy,
            Self::Accuracy => counts.weighted_accuracy(costs),
            Self::MacroF1 => counts.macro_f1(costs),
            Self::BalancedAccuracy => counts.balanced_accuracy(costs),
            Self::Loss if costs.is_empty() => evaluation.loss,
            Self::Loss => {
                let weights = (0..counts.classes())
                    .map(|class| cost(costs, class) * counts.images(class) as f64);
                let (sum, all) = weights
                    .zip(&evaluation.class_losses)
                    .fold((0.0, 0.0), |(sum, all), (w, loss)| (sum + w * loss, all + w));
                if all > 0.0 { sum / all } else { evaluation.loss }
            }
            Self::Top5 => evaluation.top5.unwrap_or(f64::NAN),
        }
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(name: &str) -> Result<Self, UnknownMetric> {
        match name {
            "f1" => return Ok(Self::MacroF1),
            "top-5" => return Ok(Self::Top5),
            _ => {}
        }
        let found = Self::ALL.into_iter().find(|metric| metric.name() == name);
        found.ok_or_else(|| UnknownMetric { name: name.to_owned() })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
