//! Measurements of a trial beside its objectives.

use automl_data::metrics::Evaluation;
use automl_study::{Study, TellError, Trial};
use serde::{Deserialize, Serialize};

/// The trial's attribute that holds the measurements.
const ATTRIBUTE: &str = "automl:metrics";

/// The trial's attribute in earlier versions, which held `epoch_seconds` alone.
const EPOCH_SECONDS: &str = "automl:epoch-seconds";

/// Measurements of a trial at its last report, beside its objectives.
///
/// # Examples
/// ```
/// use automl_candidates::TrialMetrics;
/// use automl_data::metrics::Evaluation;
///
/// let evaluation = Evaluation { accuracy: 0.5, loss: 1.25, ..Evaluation::default() };
/// let metrics = TrialMetrics::new(None, &evaluation, &[1.0, 3.0], 0.5);
/// assert_eq!(metrics.epoch_seconds(), Some(4.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrialMetrics {
    /// Mean cross-entropy on the validation images of the search, in nats.
    validation_loss: Option<f64>,
    /// Accuracy on these images, a fraction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation_accuracy: Option<f64>,
    /// The mean over classes of the harmonic mean of precision and recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation_macro_f1: Option<f64>,
    /// The mean over classes of the recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation_balanced_accuracy: Option<f64>,
    /// Seconds of training so far.
    seconds: f64,
    /// Mean seconds of an epoch since the report before, on all of the search's images.
    epoch_seconds: Option<f64>,
}

impl TrialMetrics {
    /// The measurements after epochs that took `seconds` each, where an epoch on all images costs
    /// `1 / epoch_cost` times as much.
    pub fn new(
        before: Option<Self>,
        evaluation: &Evaluation,
        seconds: &[f64],
        epoch_cost: f64,
    ) -> Self {
        let before = before.unwrap_or_default();
        let new: f64 = seconds.iter().sum();
        let mean = (!seconds.is_empty()).then(|| new / seconds.len() as f64);
        Self {
            validation_loss: Some(evaluation.loss).filter(|loss| loss.is_finite()),
            validation_accuracy: Some(evaluation.accuracy),
            validation_macro_f1: Some(evaluation.confusion.macro_f1(&[])),
            validation_balanced_accuracy: Some(evaluation.confusion.balanced_accuracy(&[])),
            seconds: before.seconds + new,
            epoch_seconds: mean.map(|mean| mean / epoch_cost).or(before.epoch_seconds),
        }
    }

    /// The measurements with the seconds that an epoch is expected to take, for a trial without any.
    pub fn expecting(self, epoch_seconds: Option<f64>) -> Self {
        Self { epoch_seconds: epoch_seconds.or(self.epoch_seconds), ..self }
    }

    /// The recorded measurements of a trial.
    pub fn of(trial: &Trial) -> Option<Self> {
        if let Some(recorded) = trial.attributes.get(ATTRIBUTE) {
            return serde_json::from_value(recorded.clone()).ok();
        }
        let epoch_seconds = trial.attributes.get(EPOCH_SECONDS)?.as_f64();
        Some(Self { epoch_seconds, ..Self::default() })
    }

    /// Records the measurements of a running trial.
    ///
    /// # Errors
    /// [`TellError`] if the trial does not run here, or the storage fails.
    pub fn record(self, study: &mut Study, trial: u64) -> Result<(), TellError> {
        study.set_attribute(trial, ATTRIBUTE, serde_json::to_value(self).unwrap_or_default())
    }

    /// Mean seconds of an epoch on all of the search's images.
    pub fn epoch_seconds(self) -> Option<f64> {
        self.epoch_seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Config;

    #[test]
    fn seconds_add_up_and_earlier_records_are_read() {
        let mut trial = Trial::waiting(0, Config::empty(0));
        assert_eq!(TrialMetrics::of(&trial), None);
        trial.attributes.insert(EPOCH_SECONDS.into(), 1.5.into());
        let former = TrialMetrics::of(&trial).unwrap();
        assert_eq!((former.epoch_seconds(), former.seconds), (Some(1.5), 0.0));
        let evaluation = Evaluation { accuracy: 0.5, loss: 1.25, ..Evaluation::default() };
        let first = TrialMetrics::new(Some(former), &evaluation, &[1.0, 3.0], 0.5);
        assert_eq!((first.epoch_seconds, first.seconds), (Some(4.0), 4.0));
        let written = serde_json::to_value(first).unwrap();
        assert_eq!(written["validation_loss"], 1.25);
        trial.attributes.insert(ATTRIBUTE.into(), written);
        assert_eq!(TrialMetrics::of(&trial), Some(first));
        let again = TrialMetrics::new(Some(first), &evaluation, &[], 0.5);
        assert_eq!(again, first);
    }
}
