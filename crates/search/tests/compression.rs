//! A trained network made smaller, on a few epochs of the embedded digits.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer, NetworkSpec};
use automl_compress::{Pruning, RankRule};
use automl_search::compression::{
    Compression, CompressionError, Goal, Job, Measured, Method, OutFolderError, Progress, run,
};
use automl_search::fit;
use automl_search::{Completion, Device, NetworkRecord, Settings, SplitSettings};
use automl_study::StopFlag;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

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
        meant: Vec::new(),
    }
}

/// A folder of a trained network.
fn network(folder: &Path) {
    network_by(&settings(3), folder);
}

fn network_by(settings: &Settings, folder: &Path) {
    let layers = [
        Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
        Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let model = folder.with_extension("yaml");
    fs::write(&model, Architecture::new(1, 8, layers).to_yaml()).unwrap();
    let done = fit::run(settings, &model, folder, &StopFlag::new(), &|_| {}).unwrap();
    assert!(done.finished().is_some());
}

fn compression(record: &NetworkRecord) -> &Compression {
    record.compression.as_ref().unwrap()
}

fn before(record: &NetworkRecord) -> Measured {
    compression(record).before
}

/// A compression that is not interrupted.
fn compress_by(settings: &Settings, job: &Job) -> Result<NetworkRecord, CompressionError> {
    Ok(run(settings, job, &StopFlag::new(), &|_: &Progress| {})?.finished().unwrap())
}

#[test]
fn what_was_compressed_is_compressed_and_trained_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    network(&path("whole"));
    let compress = |job: &Job| compress_by(&settings(3), job);
    let first = job(&path("whole"), &path("half"), 0.5);
    let half = compress(&first).unwrap();
    assert!(half.params <= before(&half).params / 2 && half.macs < before(&half).macs);
    for file in ["network.json", "weights.safetensors", "weights.bpk", "metrics.json"] {
        assert!(path("half").join(file).exists(), "{file}");
    }
    let mut second = job(&path("half"), &path("both"), 0.6);
    second.method = Method::Both;
    let both = compress(&second).unwrap();
    assert_eq!(before(&both), half.measured());
    assert_eq!(NetworkRecord::read(&path("both")).unwrap(), both);
    let by = compression(&both);
    assert_eq!((by.steps, by.ranks, by.rate), (Some(2), None, 0.1));
    assert_eq!(by.budget.unwrap().parameters, Some((0.6 * by.before.params as f64) as u64));
    assert!(both.params as f64 <= 0.6 * half.params as f64);
    // By a rule, and out of a file.
    let mut third = job(&path("half/network.json"), &path("thin"), 0.6);
    third.method = Method::Decompose;
    third.goal = Goal::default();
    let thin = compress(&third).unwrap();
    assert!(thin.params <= half.params);
    let by = compression(&thin);
    assert_eq!((by.importance, by.budget, by.steps), (None, None, None));
    assert_eq!(by.ranks, Some(RankRule::Energy(0.9)));
    // The same shape with fresh weights, and from a checkpoint.
    let nodes = path("half/network.json");
    let stop = StopFlag::new();
    let stopping = |progress: &fit::Progress| {
        if matches!(progress, fit::Progress::Epoch(_)) {
            stop.set();
        }
    };
    let stopped = fit::run(&settings(2), &nodes, &path("fresh"), &stop, &stopping).unwrap();
    assert_eq!(stopped, Completion::Interrupted);
    let fresh = fit::run(&settings(2), &nodes, &path("fresh"), &StopFlag::new(), &|_| {}).unwrap();
    let fresh = fresh.finished().unwrap();
    assert_eq!((fresh.params, fresh.epochs), (half.params, 2));
    let graph =
        |folder: &str| NetworkSpec::read(&path(folder).join("network.json")).unwrap().graph();
    assert_eq!(graph("fresh").unwrap(), graph("half").unwrap());
    assert!(matches!(
        compress(&first),
        Err(CompressionError::Folder(OutFolderError::Taken { .. }))
    ));
}

#[test]
fn what_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    network(&path("whole"));
    let told = |change: &dyn Fn(&mut Job)| {
        let mut job = job(&path("whole"), &path("out"), 0.5);
        change(&mut job);
        let done = compress_by(&settings(3), &job);
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
        compress_by(&settings(3), &job)
    };
    assert!(matches!(compress("own"), Err(CompressionError::Folder(OutFolderError::Taken { .. }))));
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
        let done = run(&settings(3), &job, stop, &observer);
        (done.map_err(|error| error.to_string()), steps.into_inner())
    };
    let (error, steps) = told("file/out", &StopFlag::new());
    let error = error.unwrap_err();
    assert!(error.starts_with("cannot create") && steps == 0, "{error} after {steps}");
    let stop = StopFlag::new();
    stop.set();
    let (done, _) = told("new/deep/out", &stop);
    assert_eq!(done, Ok(Completion::Interrupted));
    assert!(!path("new").exists());
    fs::create_dir(path("old")).unwrap();
    assert_eq!(told("old/out", &stop).0, Ok(Completion::Interrupted));
    assert!(path("old").exists() && !path("old/out").exists());
}

/// What comes of it, and what was noted.
fn noting(
    settings: &Settings,
    job: &Job,
) -> (Result<NetworkRecord, CompressionError>, Vec<String>) {
    let notes = Mutex::new(Vec::new());
    let observer = |progress: &Progress| {
        if let Progress::Note(note) = progress {
            notes.lock().unwrap().push(note.clone());
        }
    };
    let done = run(settings, job, &StopFlag::new(), &observer);
    let done = done.map(|done| done.finished().unwrap());
    (done, notes.into_inner().unwrap())
}

fn quick(network: &Path, out: &Path) -> Job {
    Job { epochs: Some(0), ..job(network, out, 0.7) }
}

/// A network is judged by the split that it was trained by.
#[test]
fn the_split_is_that_of_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut own = settings(2);
    (own.seed, own.data.validation) = (5, 0.3);
    network_by(&own, &path("whole"));
    let split = SplitSettings { dataset: "digits".into(), validation: 0.3, seed: 5 };

    let (half, notes) = noting(&settings(2), &quick(&path("whole"), &path("half")));
    let half = half.unwrap();
    assert_eq!((half.split.as_ref(), half.split_is_known, half.seed), (Some(&split), true, 5));
    assert_eq!(
        notes,
        ["going on with data.validation = 0.3, seed = 5, as the network was trained"]
    );
    // The numbers before are those of the training.
    let fitted = NetworkRecord::read(&path("whole")).unwrap();
    assert_eq!(before(&half).test_accuracy, fitted.test_accuracy);
    // Also of a network that was compressed, and where all is given.
    let (quarter, notes) = noting(&own, &quick(&path("half"), &path("quarter")));
    assert_eq!((quarter.unwrap().split, notes.len()), (Some(split), 0));

    let refused = |settings: &Settings, meant: &[&str], message: &str| {
        for network in ["whole", "half"] {
            let meant = meant.iter().map(|name| (*name).to_owned()).collect();
            let job = Job { meant, ..quick(&path(network), &path("out")) };
            let error = noting(settings, &job).0.unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
            assert!(!path("out").exists());
        }
    };
    let seed = Settings { seed: 7, ..settings(2) };
    refused(&seed, &[], "seed = 7: the network was trained with 5");
    refused(&settings(2), &["seed"], "seed = 0: the network was trained with 5");
    let mut share = settings(2);
    share.data.validation = 0.1;
    refused(&share, &[], "data.validation = 0.1: the network was trained with 0.3");
    let mut other = settings(2);
    other.data.dataset = "mnist".into();
    refused(&other, &[], "data.dataset = \"mnist\": the network was trained with \"digits\"");

    // A damaged record guards as well: it is not taken for none.
    for damaged in ["", "{\"split\": {\"dataset\"", "{\"split\": 3}"] {
        fs::write(path("whole/metrics.json"), damaged).unwrap();
        let job = quick(&path("whole"), &path("out"));
        let error = noting(&settings(2), &job).0.unwrap_err().to_string();
        assert!(error.contains("metrics.json") && error.contains("split"), "{error}");
        assert!(!path("out").exists());
    }
}

/// A search's metrics hold the seed of the weights; the split's lies with the study.
#[test]
fn the_split_of_a_search_lies_with_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    network(&path("whole"));
    let trial = path("study/front/trial-2");
    fs::create_dir_all(&trial).unwrap();
    for file in ["model.yaml", "weights.safetensors"] {
        fs::copy(path("whole").join(file), trial.join(file)).unwrap();
    }
    fs::write(trial.join("metrics.json"), r#"{"trial": 2, "seed": 99, "epochs": 3}"#).unwrap();
    // Without the study's settings nothing is known, and what comes out is as unknown.
    let (loose, notes) = noting(&settings(2), &quick(&trial, &path("loose")));
    assert!(!loose.unwrap().split_is_known);
    assert!(notes[0].starts_with("it is not known by which split"), "{notes:?}");
    let (again, notes) = noting(&settings(2), &quick(&path("loose"), &path("looser")));
    assert!(!again.unwrap().split_is_known && notes.len() == 1);

    let begun = Settings { seed: 4, ..settings(2) };
    fs::write(path("study/settings.json"), serde_json::to_string(&begun).unwrap()).unwrap();
    let (known, notes) = noting(&settings(2), &quick(&trial, &path("known")));
    let known = known.unwrap();
    assert_eq!((known.split.unwrap().seed, known.split_is_known), (4, true));
    assert_eq!(notes, ["going on with seed = 4, as the network was trained"]);
    let wrong = Settings { seed: 99, ..settings(2) };
    // The weights decide, wherever the description lies.
    let mut elsewhere = quick(&path("whole/model.yaml"), &path("wrong"));
    elsewhere.weights = Some(trial.join("weights.safetensors"));
    for job in [quick(&trial.join("model.yaml"), &path("wrong")), elsewhere] {
        let error = noting(&wrong, &job).0.unwrap_err().to_string();
        assert!(error.starts_with("seed = 99: the network was trained with 4"), "{error}");
    }
}
