//! TensorBoard's own reader finds the scalars and the hyperparameters. Needs `AUTOML_PYTHON` with the package
//! `tensorboard`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use automl_report::tensorboard;
use std::process::Command;

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
