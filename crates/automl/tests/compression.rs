//! A trained network made smaller, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl::compress::{Pruning, RankRule};
use automl::compression::{CompressionError, Goal, Job, Method, Progress, run};
use automl::fit;
use automl::models::{Activation, Architecture, Block, Layer};
use automl::search::{Device, Settings};
use automl::study::StopFlag;
use std::fs;
use std::path::Path;

fn settings(epochs: u64) -> Settings {
    let mut settings = Settings { device: Device::Cpu, workers: Some(1), ..Settings::default() };
    settings.training.final_epochs = Some(epochs);
    settings
}

fn job(network: &Path, out: &Path, share: f64) -> Job {
    Job {
        network: network.to_owned(),
        weights: None,
        out: out.to_owned(),
        method: Method::Prune,
        goal: Goal { keep_params: Some(share), ..Goal::default() },
        ranks: RankRule::Energy(0.9),
        pruning: Pruning { steps: 2, ..Pruning::default() },
        epochs: Some(2),
        rate: 0.1,
    }
}

/// A folder of a trained network.
fn network(folder: &Path) {
    let layers = [
        Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
        Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let model = folder.with_extension("yaml");
    fs::write(&model, Architecture::new(1, 8, layers).to_yaml()).unwrap();
    fit::run(&settings(3), &model, folder, &StopFlag::new(), &|_| {}).unwrap();
}

#[test]
fn what_was_compressed_is_compressed_and_trained_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    network(&path("whole"));
    let compress = |job: &Job| run(&settings(3), job, &StopFlag::new(), &|_: &Progress| {});
    let first = job(&path("whole"), &path("half"), 0.5);
    let half = compress(&first).unwrap();
    assert!(half.after.params <= half.before.params / 2 && half.after.macs < half.before.macs);
    for file in ["network.json", "weights.safetensors", "weights.bpk", "metrics.json"] {
        assert!(path("half").join(file).exists(), "{file}");
    }
    let mut second = job(&path("half"), &path("both"), 0.6);
    second.method = Method::Both;
    let both = compress(&second).unwrap();
    assert_eq!(both.before, half.after);
    assert!(both.after.params as f64 <= 0.6 * half.after.params as f64);
    // By a rule, and out of a file.
    let mut third = job(&path("half/network.json"), &path("thin"), 0.6);
    third.method = Method::Decompose;
    third.goal = Goal::default();
    assert!(compress(&third).unwrap().after.params <= half.after.params);
    // The same shape with fresh weights, and from a checkpoint.
    let nodes = path("half/network.json");
    let stop = StopFlag::new();
    let stopping = |progress: &fit::Progress| {
        if matches!(progress, fit::Progress::Epoch(_)) {
            stop.set();
        }
    };
    assert!(fit::run(&settings(2), &nodes, &path("fresh"), &stop, &stopping).is_err());
    let fresh = fit::run(&settings(2), &nodes, &path("fresh"), &StopFlag::new(), &|_| {}).unwrap();
    assert_eq!((fresh.params, fresh.epochs), (half.after.params, 2));
    let text = |folder: &str| fs::read_to_string(path(folder).join("network.json")).unwrap();
    assert_eq!(text("fresh"), text("half"));
    assert!(matches!(compress(&first), Err(CompressionError::Taken { .. })));
}

#[test]
fn what_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    network(&path("whole"));
    let told = |change: &dyn Fn(&mut Job)| {
        let mut job = job(&path("whole"), &path("out"), 0.5);
        change(&mut job);
        let done = run(&settings(3), &job, &StopFlag::new(), &|_: &Progress| {});
        assert!(!path("out").exists());
        done.unwrap_err().to_string()
    };
    let error = told(&|job| job.network = path("nothing"));
    assert!(error.starts_with("cannot read") && error.contains("nothing"), "{error}");
    fs::create_dir(path("empty")).unwrap();
    let error = told(&|job| job.network = path("empty"));
    assert!(error.contains("neither network.json nor model.yaml"), "{error}");
    let error = told(&|job| job.weights = Some(path("whole/model.yaml")));
    assert!(error.starts_with("cannot read the weights of"), "{error}");
    let error = told(&|job| job.goal.keep_params = Some(1.5));
    assert!(error.contains("1.5"), "{error}");
    let error = told(&|job| job.goal = Goal::default());
    assert!(error.contains("--keep"), "{error}");
    let error = told(&|job| job.goal.max_params = Some(3));
    assert!(error.contains("cannot reach 3 parameters"), "{error}");
    let error = told(&|job| job.goal = Goal { max_macs: Some(u64::MAX), ..Goal::default() });
    assert!(error.contains("already"), "{error}");
    fs::write(path("other.json"), r#"{"input_channels":1,"input_side":8}"#).unwrap();
    let error = told(&|job| job.network = path("other.json"));
    assert!(error.contains("other.json") && error.contains("classes"), "{error}");
    let text = fs::read_to_string(path("whole/model.yaml")).unwrap();
    fs::write(path("other.yaml"), text.replace("16", "24")).unwrap();
    let error = told(&|job| {
        job.network = path("other.yaml");
        job.weights = Some(path("whole/weights.safetensors"));
    });
    assert!(error.contains("does not fit") && error.contains("layers.1"), "{error}");
}

/// A network of one's own in the folder for what comes out stays as it is.
#[test]
fn no_network_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    network(&path("own"));
    fs::remove_file(path("own/metrics.json")).unwrap();
    fs::remove_file(path("own/weights.bpk")).unwrap();
    let files = ["model.yaml", "weights.safetensors"];
    let read = || files.map(|name| fs::read(path("own").join(name)).unwrap());
    let before = read();
    let compress = |out: &str| {
        let job = job(&path("own"), &path(out), 0.5);
        run(&settings(3), &job, &StopFlag::new(), &|_: &Progress| {})
    };
    assert!(matches!(compress("own"), Err(CompressionError::Taken { .. })));
    assert_eq!(read(), before);
    let kinds =
        ["metrics.json", "network.json", "model.yaml", "weights.safetensors", "weights.bpk"];
    for (index, file) in kinds.into_iter().enumerate() {
        let out = format!("out-{index}");
        fs::create_dir(path(&out)).unwrap();
        fs::write(path(&out).join(file), "mine").unwrap();
        let error = compress(&out).unwrap_err();
        assert!(error.to_string().contains(file), "{error}");
        assert_eq!(fs::read_to_string(path(&out).join(file)).unwrap(), "mine");
    }
}

/// A folder that cannot be written is known before any training, and none stays behind.
#[test]
fn the_folder_is_tried_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    network(&path("whole"));
    fs::write(path("file"), "").unwrap();
    let told = |out: &str, stop: &StopFlag| {
        let job = job(&path("whole"), &path(out), 0.5);
        let steps = std::sync::atomic::AtomicU64::new(0);
        let observer = |_: &Progress| {
            steps.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        let error = run(&settings(3), &job, stop, &observer).unwrap_err();
        (error.to_string(), steps.into_inner())
    };
    let (error, steps) = told("file/out", &StopFlag::new());
    assert!(error.starts_with("cannot create") && steps == 0, "{error} after {steps}");
    let stop = StopFlag::new();
    stop.set();
    let (error, _) = told("new/deep/out", &stop);
    assert!(error.contains("stopped") && !path("new").exists(), "{error}");
    fs::create_dir(path("old")).unwrap();
    told("old/out", &stop);
    assert!(path("old").exists() && !path("old/out").exists());
}
