//! Facts about a network as named texts.

use super::options::InputRange;
use crate::record::NetworkFile;
use serde::Serialize;
use serde_json::Value;

/// Named texts for a model's metadata: class names, preprocessing, input range, accuracy, cost,
/// trial, data set and product, as far as the record has them. Lists are JSON.
pub fn metadata(record: &NetworkFile, range: InputRange) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
    if !record.classes.is_empty() {
        add("classes", json(&record.classes));
    }
    add("input_range", range.name().to_owned());
    add("layout", "NCHW".to_owned());
    if let Some(input) = &record.input {
        add("color_order", if input.channels == 1 { "grey" } else { "RGB" }.to_owned());
        add("mean", json(&input.mean));
        add("sd", json(&input.sd));
        add("resize", input.resize.to_string());
        add("orientation", json(&input.orientation).replace('"', ""));
        add("background", json(&input.background));
    }
    let cost = record.graph.cost();
    add("parameters", cost.parameters.to_string());
    add("macs", cost.macs.to_string());
    for key in ["test_accuracy", "validation_accuracy", "trial"] {
        if let Some(value) = metric(&record.metrics, key) {
            add(key, value.to_string());
        }
    }
    if let Some(data) = &record.data {
        add("dataset", data.name.clone());
        add("dataset_fingerprint", data.fingerprint.clone());
    }
    if !record.product.is_empty() {
        add("product", record.product.clone());
    }
    entries
}

/// A number of `metrics.json`; records of earlier compressions have theirs in `after`.
fn metric<'a>(metrics: &'a Value, key: &str) -> Option<&'a Value> {
    let value = metrics.get(key).or_else(|| metrics.get("after")?.get(key));
    value.filter(|value| !value.is_null())
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
