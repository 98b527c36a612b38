//! One given network, trained alone, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_search::fit::{FitError, Progress, run};
use automl_search::{Completion, Device, NetworkRecord, Settings};
use automl_study::StopFlag;
use automl_train::read_weights;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

fn network(side: usize) -> String {
    let layers = [
        Layer::once(Block::conv(8, 3, 2, Activation::Relu)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    Architecture::new(1, side, layers).to_yaml()
}

fn settings(epochs: u64) -> Settings {
    let mut settings = Settings { seed: 5, device: Device::Cpu, ..Settings::default() };
    settings.training.final_epochs = Some(epochs);
    settings
}

fn fit(model: &Path, out: &Path, stop_after: u64) -> Result<Completion<NetworkRecord>, FitError> {
    let stop = StopFlag::new();
    let watch = |progress: &Progress| {
        if let Progress::Epoch(report) = progress
            && report.epoch == stop_after
        {
            stop.set();
        }
    };
    run(&settings(3), model, out, &stop, &watch)
}

#[test]
fn an_interrupted_training_ends_as_an_unbroken_one() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.yaml");
    fs::write(&model, network(8)).unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    let unbroken = fit(&model, &whole, u64::MAX).unwrap().finished().unwrap();
    assert_eq!((unbroken.epochs, unbroken.seed), (3, 5));
    let stopped = fit(&model, &broken, 1);
    assert!(matches!(stopped, Ok(Completion::Interrupted)));
    assert!(!broken.join("metrics.json").exists());
    let resumed = fit(&model, &broken, u64::MAX).unwrap().finished().unwrap();
    assert_eq!(NetworkRecord { seconds: unbroken.seconds, ..resumed }, unbroken);
    for file in ["model.yaml", "weights.safetensors", "metrics.json"] {
        assert!(whole.join(file).exists(), "{file}");
    }
    // The header has the seconds too.
    let weights = |folder: &Path| read_weights(&folder.join("weights.safetensors")).unwrap();
    assert_eq!(weights(&whole), weights(&broken));
    // What is there is not overwritten.
    assert!(matches!(fit(&model, &whole, u64::MAX), Err(FitError::Taken { .. })));
}

/// The recipe is the same for a batch as large as the data and for a larger one.
#[test]
fn a_training_goes_on_where_the_batch_is_larger_than_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (folder.path().join("model.yaml"), folder.path().join("out"));
    fs::write(&model, network(8)).unwrap();
    let mut settings = settings(2);
    settings.training.batch = Some(5_000);
    let stop = StopFlag::new();
    let stopped = run(&settings, &model, &out, &stop, &|progress: &Progress| {
        if matches!(progress, Progress::Epoch(_)) {
            stop.set();
        }
    });
    assert!(matches!(stopped, Ok(Completion::Interrupted)));
    let begun = AtomicU64::new(u64::MAX);
    let watch = |progress: &Progress| {
        if let Progress::Start { epoch, .. } = progress {
            begun.store(*epoch, Ordering::Relaxed);
        }
    };
    let done = run(&settings, &model, &out, &StopFlag::new(), &watch).unwrap();
    assert_eq!(done.finished().unwrap().epochs, 2);
    assert_eq!(begun.into_inner(), 1);
}

#[test]
fn a_network_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.yaml");
    let error = || fit(&model, &folder.path().join("out"), u64::MAX).unwrap_err().to_string();
    assert!(error().starts_with("cannot read"), "{}", error());
    fs::write(&model, "backbone: 7").unwrap();
    assert!(error().contains("model.yaml"), "{}", error());
    fs::write(&model, network(28)).unwrap();
    assert!(error().contains("28 pixels") && error().contains("8 pixels"), "{}", error());
}

/// Each image but those of the test validates one of the folds.
#[test]
fn a_network_is_cross_validated() {
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (folder.path().join("model.yaml"), folder.path().join("out"));
    fs::write(&model, network(8)).unwrap();
    let mut settings = settings(1);
    settings.training.folds = Some(3);
    let done = run(&settings, &model, &out, &StopFlag::new(), &|_| ()).unwrap();
    let record = done.finished().unwrap();
    assert_eq!(record.folds.len(), 3);
    let (mean, sd) = record.cross_validated().unwrap();
    assert!((0.0..1.0).contains(&mean) && sd.is_finite());
    assert!(!out.join("fold-0.ckpt").exists());
}

/// Pretrained without labels, then trained for all classes, and for fewer.
#[test]
fn a_training_starts_from_a_pretrained_network() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.yaml");
    fs::write(&model, network(8)).unwrap();
    let [turned, started] = ["turned", "started"].map(|name| folder.path().join(name));
    let mut settings = settings(2);
    settings.training.pretrain = true;
    let train = |settings: &Settings, out: &Path| {
        let tensors = AtomicU64::new(0);
        let watch = |progress: &Progress| {
            if let Progress::Init { tensors: count, .. } = progress {
                tensors.store(*count as u64, Ordering::Relaxed);
            }
        };
        let done = run(settings, &model, out, &StopFlag::new(), &watch).unwrap();
        (done.finished().unwrap(), tensors.into_inner())
    };
    let (record, _) = train(&settings, &turned);
    assert_eq!(record.test.unwrap().classes.len(), 4);
    settings.training.pretrain = false;
    settings.training.init = Some(turned);
    let (record, tensors) = train(&settings, &started);
    // The convolution with its normalization; the classifier is new.
    assert_eq!((record.test.unwrap().classes.len(), tensors), (10, 5));
    settings.training.init = Some(folder.path().join("nowhere"));
    let other = folder.path().join("other");
    let error = run(&settings, &model, &other, &StopFlag::new(), &|_| ()).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    settings.search.overwrite = true;
    settings.training.init = None;
    assert_eq!(train(&settings, &started).0.epochs, 2);
}
