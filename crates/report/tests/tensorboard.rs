//! TensorBoard's own reader finds the scalars and the hyperparameters. Needs `AUTOML_PYTHON` with the package
//! `tensorboard`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use automl_report::tensorboard;
use serde_json::json;
use std::fs;
use std::process::Command;

/// A search's settings of the training and last measurements are there too.
#[test]
fn a_search_has_its_losses_and_its_learning_rate() {
    let mut record = common::search(8);
    let settings = json!({ "search": {}, "training": { "learning-rate": 0.05, "recipe": "long" } });
    record.attributes.insert("automl:settings".into(), settings);
    let metrics = json!({ "validation_loss": 0.75, "accuracy": 0.5, "epoch_seconds": null });
    record.trials[7].attributes.insert("automl:metrics".into(), metrics);
    let folder = tempfile::tempdir().unwrap();
    tensorboard(&common::data(record), folder.path()).unwrap();
    let events = |trial: u64| {
        let run = folder.path().join(format!("trial-{trial}"));
        fs::read(run.join("events.out.tfevents.0.automl")).unwrap()
    };
    let count = |events: &[u8], tag: &str| {
        events.windows(tag.len()).filter(|part| *part == tag.as_bytes()).count()
    };
    let (plain, measured) = (events(6), events(7));
    assert_eq!(count(&measured, "validation_loss"), 1);
    assert_eq!(count(&plain, "validation_loss") + count(&measured, "epoch_seconds"), 0);
    // Named in the experiment and in the session.
    assert_eq!(count(&plain, "training.learning-rate"), 2);
    assert_eq!(count(&plain, "training.recipe"), 0);
    // The objective of the same name keeps its own values.
    assert_eq!(count(&measured, "accuracy"), count(&plain, "accuracy"));
}

const READER: &str = r"
import sys
try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import plugin_data_pb2
except ImportError:
    print('none'); sys.exit()
events = EventAccumulator(sys.argv[1]); events.Reload()
steps = [(e.step, round(e.value, 3)) for e in events.Scalars('accuracy')]
content = events.PluginTagToContent('hparams')['_hparams_/session_start_info']
info = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
print(len(steps), steps[-1][0], info['width'].number_value > 0, info['block'].string_value, info['state'].string_value)
";

#[test]
fn its_own_reader_reads_the_events() {
    let Some(python) = std::env::var_os("AUTOML_PYTHON") else {
        eprintln!("skipped: AUTOML_PYTHON names no interpreter with TensorBoard");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(tensorboard(&common::data(common::search(8)), folder.path()).unwrap(), 8);
    let run = folder.path().join("trial-7");
    let output = Command::new(python).args(["-c", READER]).arg(run).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.trim() == "none" {
        eprintln!("skipped: the interpreter has no TensorBoard");
        return;
    }
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(text.starts_with("9 9 True ") && text.trim().ends_with("complete"), "{text} {error}");
}
