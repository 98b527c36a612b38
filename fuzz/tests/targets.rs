//! A bounded run of each target: nothing that is read makes a reader panic or hang.
#![allow(clippy::unwrap_used)]

use automl_fuzz::{run, targets};

/// Runs the targets of these names.
fn bounded(names: &[&str]) {
    for target in targets().iter().filter(|target| names.contains(&target.name)) {
        let findings = run(target, 0, &mut |number| number < target.count, &mut |_| {});
        let shown: Vec<String> = findings
            .iter()
            .map(|finding| format!("{} {}: {}", target.name, finding.number, finding.reason))
            .collect();
        assert!(shown.is_empty(), "{}", shown.join("\n"));
    }
}

#[test]
fn requests_and_spaces() {
    bounded(&["protocol", "space", "configspace", "expression"]);
}

#[test]
fn settings_and_records() {
    bounded(&["settings", "assignments", "journal"]);
}

#[test]
fn networks() {
    bounded(&["yaml", "network-json", "weights", "onnx"]);
}

#[test]
fn data_and_images() {
    bounded(&["idx", "cifar", "images"]);
}

/// A target without a corpus would find nothing.
#[test]
fn every_target_is_run() {
    for target in targets() {
        let mut inputs = 0;
        run(target, 0, &mut |number| number < 2, &mut |_| inputs += 1);
        assert!(inputs > 2, "{}", target.name);
    }
}
