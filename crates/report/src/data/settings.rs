//! The settings of a search, from the study's record or its folder.

use automl_storage::StudyRecord;
use serde_json::Value;
use std::path::Path;

/// What is known of how a study was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The settings of a search; null for any other study.
    pub(crate) tree: Value,
    /// The summary of a finished search; null without one.
    pub(crate) summary: Value,
    /// The seed of the study.
    pub(crate) seed: Option<u64>,
    /// What a fidelity counts.
    pub(crate) unit: String,
}

impl Settings {
    pub(super) fn read(record: &StudyRecord, folder: Option<&Path>) -> Self {
        let file = |name: &str| {
            let text = std::fs::read_to_string(folder?.join(name)).ok()?;
            serde_json::from_str::<Value>(&text).ok()
        };
        let recorded = record.attributes.get("automl:settings").cloned();
        let tree = file("settings.json").or(recorded).unwrap_or_default();
        let seed = record.attributes.get("automl:seed").and_then(seed);
        let by_epoch = tree["fidelity"]["ladder"] == "epochs";
        let unit = if by_epoch {
            "epochs"
        } else if tree.is_null() {
            "steps"
        } else {
            "rungs"
        };
        Self { summary: file("summary.json").unwrap_or_default(), tree, seed, unit: unit.into() }
    }

    /// A setting by its path, as text; `None` where it is absent or null.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let found = path.split('.').try_fold(&self.tree, |tree, key| tree.get(key))?;
        match found {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The settings of a section that are numbers, by their paths.
    pub(crate) fn numbers(&self, section: &str) -> Vec<(String, f64)> {
        let fields = self.tree.get(section).and_then(Value::as_object);
        let number =
            |(name, value): (&String, &Value)| Some((format!("{section}.{name}"), value.as_f64()?));
        fields.into_iter().flatten().filter_map(number).collect()
    }

    /// Names of the objectives. Searches of earlier versions did not record them.
    pub(super) fn objectives(&self, record: &StudyRecord) -> Vec<String> {
        let is_named = record.attributes.contains_key("study:metric_names");
        if is_named || !self.is_search() || record.directions.len() != 2 {
            return record.objectives();
        }
        let cost = self.get("search.cost-objective").or_else(|| self.get("search.against"));
        vec!["accuracy".into(), cost.unwrap_or_else(|| "cost".into())]
    }

    /// Whether the study is that of a search.
    pub(crate) fn is_search(&self) -> bool {
        self.tree.get("search").is_some()
    }
}

/// The seed, which is recorded as a number or as text.
fn seed(json: &Value) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}
