//! Trials that the client brings: parameters to try next, and results from elsewhere.

use super::OpenStudy;
use super::params::read;
use crate::request::{Added, Told};
use automl_study::Outcome;
use serde_json::{Map, Value, json};

impl OpenStudy {
    /// Queues parameters, which the next `ask` without a number hands out.
    pub(crate) fn enqueue(&mut self, params: &Map<String, Value>) -> Result<Value, String> {
        let config = read(self.study.space(), params)?;
        let number = self.study.enqueue(config).map_err(|e| e.to_string())?;
        Ok(json!({ "ok": true, "id": number }))
    }

    /// Records a finished trial.
    pub(crate) fn add(&mut self, added: Added) -> Result<Value, String> {
        let config = read(self.study.space(), &added.params)?;
        self.check_counts(&added.result, &added.constraints)?;
        let outcome = match added.result {
            Told::Values(values) => Outcome::Complete { values, constraints: added.constraints },
            Told::Pruned => Outcome::Pruned,
            Told::Failed(reason) => Outcome::Failed { reason },
        };
        let number = self.study.add_trial(config, outcome).map_err(|e| e.to_string())?;
        self.told = true;
        Ok(json!({ "ok": true, "id": number }))
    }
}
