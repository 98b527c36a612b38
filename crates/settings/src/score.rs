//! Scores of networks as formulas.

use crate::{SearchSettings, SettingsError};
use automl_space::Measure;

/// The numbers that a score may read, in the order of their values.
pub const SCORE_NAMES: [&str; 10] = [
    "accuracy",
    "f1",
    "balanced_accuracy",
    "loss",
    "top5",
    "params",
    "macs",
    "flash",
    "ram",
    "latency",
];

impl SearchSettings {
    /// The formula of `score`; `None` where the metric alone decides.
    ///
    /// # Errors
    /// [`SettingsError::Value`] with the reason for which it cannot be read.
    pub fn score_formula(&self) -> Result<Option<Measure>, SettingsError> {
        let Some(text) = &self.score else { return Ok(None) };
        let formula = Measure::parse(text, &SCORE_NAMES);
        formula.map(Some).map_err(|error| SettingsError::Value {
            name: "search.score",
            value: format!("{text:?}"),
            reason: format!("{error}; known are {}", SCORE_NAMES.join(", ")),
        })
    }
}
