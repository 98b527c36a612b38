//! Studies over programs that learn from earlier ones.
#![allow(clippy::unwrap_used)]

use automl_study::StopFlag;
use automl_transfer::SourceSpec;
use automl_tune::{SpaceFile, TuneEvent, TuneSettings, tune};
use std::path::Path;
use std::sync::Mutex;

fn settings(runs: &Path, study: &str, param: &str, trials: u64) -> TuneSettings {
    let space = SpaceFile::read(None, &[param.to_owned()]).unwrap().space;
    let name = param.split('=').next().unwrap();
    let script = format!("awk 'BEGIN {{{{ print ({{{name}}}-0.7)^2 }}}}'");
    let mut settings = TuneSettings::new(space, ["sh", "-c", &script].map(str::to_owned).to_vec());
    (settings.runs, settings.study, settings.trials) = (runs.into(), Some(study.into()), trials);
    settings
}

#[test]
fn the_best_of_an_earlier_study_comes_first_also_under_another_name() {
    let runs = tempfile::tempdir().unwrap();
    let runs = runs.path();
    let stop = StopFlag::new();
    tune(&settings(runs, "monday", "x=float(0,1)", 8), &stop, &|_| {}).unwrap();
    tune(&settings(runs, "other", "q=int(1,9)", 2), &stop, &|_| {}).unwrap();
    let mut second = settings(runs, "tuesday", "y=float(0,1)", 1);
    second.warm_start = SourceSpec::parse(["monday"], ["x=y"]).unwrap();
    let best = tune(&second, &stop, &|_| {}).unwrap().best[0].values["loss"].as_f64().unwrap();
    assert!(best < 0.02, "{best}");
    // All studies of the folder, of which one has other parameters.
    let mut third = settings(runs, "friday", "x=float(0,1)", 1);
    third.warm_start = SourceSpec::parse([runs.to_str().unwrap()], []).unwrap();
    let notes = Mutex::new(Vec::new());
    let observer = |event: &TuneEvent| {
        if let TuneEvent::Note(note) = event {
            notes.lock().unwrap().push(note.clone());
        }
    };
    let best = tune(&third, &stop, &observer).unwrap().best[0].values["loss"].as_f64().unwrap();
    assert!(best < 0.02, "{best}");
    assert!(notes.into_inner().unwrap().iter().any(|note| note.contains("\"other\"")));
    let mut fourth = settings(runs, "sunday", "x=float(0,1)", 1);
    fourth.warm_start = SourceSpec::parse(["nowhere"], []).unwrap();
    let error = tune(&fourth, &stop, &|_| {}).unwrap_err().to_string();
    assert!(error.contains("\"nowhere\""), "{error}");
}
