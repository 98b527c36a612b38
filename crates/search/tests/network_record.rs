//! Records of trained networks, `metrics.json`, of every version.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_search::{Method, NetworkRecord};

#[test]
fn records_of_earlier_versions_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        std::fs::write(folder.path().join("metrics.json"), text).unwrap();
        NetworkRecord::read(folder.path()).unwrap()
    };
    let numbers = r#""params": 4, "macs": 5, "validation_accuracy": 0.5,
        "validation_loss": 1.5, "test_accuracy": 0.25, "test_loss": 2.0"#;
    let search = read(&format!(
        r#"{{"trial": 1, "fingerprint": 2, "epochs": 20, "seed": 3, {numbers},
            "peak_activation_bytes": 6, "latency_us": null, "seconds": 1.0}}"#
    ));
    assert_eq!((search.trial, search.fingerprint), (Some(1), Some(2)));
    assert!(search.split.is_none() && search.split_is_known);
    let split = r#"{"dataset": "digits", "validation": 0.2, "seed": 7}"#;
    let fitted = read(&format!(
        r#"{{{numbers}, "epochs": 3, "seed": 7, "split": {split}, "seconds": 1.0}}"#
    ));
    assert_eq!((fitted.trial, fitted.seed, fitted.split_is_known), (None, 7, true));
    let compressed = read(&format!(
        r#"{{"method": "prune", "importance": "taylor", "steps": 5, "ranks": null,
            "budget": {{"parameters": 4, "macs": null}}, "epochs": 2, "rate": 0.3, "seed": 7,
            "split": {split}, "split_is_known": false, "seconds": 1.0,
            "before": {{{numbers}}}, "after": {{{numbers}}}}}"#
    ));
    assert_eq!(compressed.measured(), fitted.measured());
    assert_eq!((compressed.epochs, compressed.split_is_known), (2, false));
    let compression = compressed.compression.as_ref().unwrap();
    assert_eq!((compression.method, compression.steps), (Method::Prune, Some(5)));
    assert_eq!(compression.before, compressed.measured());
    for record in [search, fitted, compressed] {
        let text = serde_json::to_string_pretty(&record).unwrap();
        std::fs::write(folder.path().join("metrics.json"), text).unwrap();
        assert_eq!(NetworkRecord::read(folder.path()).unwrap(), record);
    }
    std::fs::write(folder.path().join("metrics.json"), "{}").unwrap();
    let error = NetworkRecord::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("metrics.json") && error.contains("params"), "{error}");
}
