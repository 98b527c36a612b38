//! Metrics and limits of a search, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_data::metrics::Metric;
use automl_data::{DataSplits, Dataset};
use automl_deploy::TrainedNetwork;
use automl_quantize::Int8Program;
use automl_search::{
    Device, Event, ExportTarget, NetworkRecord, SearchOutcome, Settings, Trainings, run,
};
use automl_study::StopFlag;
use std::path::Path;
use std::sync::Mutex;

fn settings(runs: &Path) -> Settings {
    let mut settings = Settings { study: Some("limits".into()), ..Settings::default() };
    settings.runs = runs.to_owned();
    settings.device = Device::Cpu;
    settings.workers = Some(1);
    settings.search.trials = 3;
    settings.search.final_networks = 2;
    settings.training.epochs = Some(1);
    settings.training.final_epochs = Some(1);
    settings
}

fn search(settings: &Settings) -> SearchOutcome {
    run(settings, &StopFlag::new(), &|_| ()).unwrap()
}

#[test]
fn the_metric_is_recorded_by_class() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = settings(runs.path());
    settings.search.metric = Metric::MacroF1;
    settings.search.repeat = Trainings::Times(2);
    let summary = search(&settings).finished().unwrap();
    let network = &summary.front[0];
    let folder = runs.path().join(format!("limits/front/trial-{}", network.trial));
    let record = NetworkRecord::read(&folder).unwrap();
    let test = record.test.as_ref().unwrap();
    assert_eq!((test.classes.len(), test.confusion.total()), (10, 359));
    assert_eq!((test.classes[3].class.as_str(), test.accuracy), ("3", record.test_accuracy));
    let [low, high] = test.intervals.unwrap().accuracy;
    assert!(low <= record.test_accuracy && record.test_accuracy <= high);
    assert_eq!(network.test_macro_f1, Some(test.macro_f1));
    assert_eq!(network.test_spread, record.spread());
    assert_eq!(record.repeats.len(), 1);
    assert_ne!(record.repeats[0].seed, record.seed);
    assert!(folder.join("repeat-1/weights.safetensors").exists());
}

#[test]
fn final_networks_are_trained_until_their_order_is_settled() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = settings(runs.path());
    settings.search.repeat = Trainings::UntilSettled;
    let notes = Mutex::new(Vec::new());
    let observe = |event: &Event| {
        if let Event::Note(note) = event {
            notes.lock().unwrap().push(note.clone());
        }
    };
    let outcome = run(&settings, &StopFlag::new(), &observe).unwrap();
    let summary = outcome.finished().unwrap();
    let notes = notes.into_inner().unwrap();
    let said: Vec<_> = notes.iter().filter(|note| note.contains("settled after")).collect();
    assert_eq!(said.len(), 1, "{notes:?}");
    // One comparison at least needs a second training: until then, chance is not known.
    let folders = std::fs::read_dir(runs.path().join("limits/front")).unwrap();
    let records = folders.map(|folder| NetworkRecord::read(&folder.unwrap().path()).unwrap());
    let records: Vec<NetworkRecord> = records.collect();
    let further: usize = records.iter().map(|record| record.repeats.len()).sum();
    assert!(further > 0 && said[0].contains(&format!("after {further} ")), "{said:?}");
    assert!(records.iter().all(|record| record.repeats.len() < 5));
    assert!(!summary.front.is_empty());
}

#[test]
fn a_few_hundred_parameters_are_a_limit_that_can_be_kept() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = settings(runs.path());
    settings.search.max_params = Some(500);
    settings.search.score = Some("accuracy - 0.01 * params / 1e3".into());
    let summary = search(&settings).finished().unwrap();
    assert!(!summary.front.is_empty());
    assert!(summary.front.iter().all(|network| network.params <= 500), "{:?}", summary.front);
}

#[test]
fn the_needs_of_the_smallest_network_are_told() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = settings(runs.path());
    settings.search.max_ram = Some(60);
    let outcome = search(&settings);
    let SearchOutcome::NoneWithinLimits { smallest, .. } = &outcome else {
        unreachable!("{outcome}")
    };
    // The input alone has 64 bytes.
    let text = smallest.as_ref().unwrap();
    let ram = text.rsplit_once("flash and ").unwrap().1;
    let ram: u64 = ram.split_once(' ').unwrap().0.parse().unwrap();
    assert!((64..400).contains(&ram), "{outcome}");
    assert!(outcome.to_string().contains("60 bytes of RAM"), "{outcome}");
}

#[test]
fn an_interrupted_search_is_finished_and_tightened() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = settings(runs.path());
    settings.search.trials = 20;
    settings.search.max_params = Some(6_000);
    let stop = StopFlag::new();
    let watch = |event: &Event| {
        if let Event::Candidate { trial: 3, .. } = event {
            stop.set();
        }
    };
    let outcome = run(&settings, &stop, &watch).unwrap();
    let SearchOutcome::Interrupted(Some(summary)) = &outcome else { unreachable!("{outcome}") };
    assert!(!summary.so_far.is_empty() && summary.front.is_empty());
    assert!(outcome.to_string().contains("--study limits --finish"), "{outcome}");
    let most = summary.so_far.iter().map(|network| network.params).max().unwrap();
    let trials = summary.trials;

    settings.search.finish = true;
    let summary = search(&settings).finished().unwrap();
    assert_eq!(summary.trials, trials);
    assert!(!summary.front.is_empty());

    // The trials within a tighter budget count.
    settings.search.max_params = Some(most.max(100) - 1);
    match search(&settings) {
        SearchOutcome::Finished(summary) => {
            assert_eq!(summary.trials, trials);
            assert!(summary.front.iter().all(|network| network.params < most));
        }
        outcome => assert!(matches!(outcome, SearchOutcome::NoneTrained { .. }), "{outcome}"),
    }
    settings.search.max_params = Some(7_000);
    let error = run(&settings, &StopFlag::new(), &|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("search.max-params = 7000: the study began with 6000"), "{error}");
}

/// Int8 programs are tested beside the floats, and their source code is written.
#[test]
fn the_front_is_exported() {
    let runs = tempfile::tempdir().unwrap();
    let mut settings = settings(runs.path());
    settings.training.final_epochs = Some(8);
    settings.search.final_networks = 1;
    settings.search.export = ExportTarget::ALL.to_vec();
    let summary = search(&settings).finished().unwrap();
    let network = &summary.front[0];
    let folder = runs.path().join(format!("limits/front/trial-{}", network.trial));
    let int8 = NetworkRecord::read(&folder).unwrap().int8.unwrap();
    assert_eq!(network.int8_accuracy, Some(int8.test_accuracy));
    let loss = (network.test_accuracy - int8.test_accuracy).abs();
    assert!(loss < 0.1, "{} {}", network.test_accuracy, int8.test_accuracy);
    assert_eq!(network.ram_bytes, Some(int8.ram_bytes));
    for file in [
        "c/network.c",
        "c/network.h",
        "rust/Cargo.toml",
        "onnx/network.onnx",
        "onnx-int8/network.onnx",
    ] {
        assert!(folder.join("export").join(file).exists(), "{file}");
    }
    assert!(network.deploy.as_ref().is_some_and(|command| command.contains("--to onnx ")));
    // Exported anew, the network gives the same code.
    let data =
        DataSplits::split(&Dataset::digits().unwrap(), settings.data.validation, settings.seed);
    let (data, trained) = (data.unwrap(), TrainedNetwork::read(&folder).unwrap());
    let program = trained.program().unwrap().without_dead_units();
    let (input, count) = (trained.record.input.unwrap(), settings.search.calibration);
    let program = Int8Program::calibrate(&program, &input, &data.train, count, settings.seed);
    let code = program.unwrap().to_c("network", &data.class_names).unwrap();
    let file = std::fs::read_to_string(folder.join("export/c/network.c")).unwrap();
    assert!(code.files.iter().any(|code| code.text == file));
}

/// Candidates are judged on all images but those of the test, and the finals once more.
#[test]
fn candidates_and_finals_are_cross_validated() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    settings.study = Some("folded".into());
    (settings.search.trials, settings.search.final_networks) = (2, 1);
    (settings.training.folds, settings.training.epochs) = (Some(3), Some(2));
    (settings.training.min_epochs, settings.training.final_epochs) = (Some(1), Some(1));
    let summary = search(&settings).finished().unwrap();
    let study = folder.path().join("folded");
    let network = &summary.front[0];
    let record = NetworkRecord::read(&study.join("front").join(format!("trial-{}", network.trial)));
    let record = record.unwrap();
    assert_eq!(record.folds.len(), 3);
    assert_eq!(network.cross_validated, record.cross_validated());
    // Folds have no files of their own in the end.
    let files = std::fs::read_dir(study.join("checkpoints")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    let left: Vec<String> = names.filter(|name| name.starts_with("final")).collect();
    assert_eq!(left, Vec::<String>::new());
    // Other folds would not be comparable.
    settings.training.folds = Some(2);
    let error =
        |settings: &Settings| run(settings, &StopFlag::new(), &|_| ()).unwrap_err().to_string();
    assert!(error(&settings).contains("training.folds"), "{}", error(&settings));
    settings.search.sides = vec![8];
    let error = settings.check().unwrap_err().to_string();
    assert!(error.contains("sides cannot be searched"), "{error}");
}
