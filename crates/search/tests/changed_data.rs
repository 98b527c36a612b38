//! Jobs on a folder of images that changed in between.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::Manifest;
use automl_search::compression::{self, Goal, Job, Method};
use automl_search::{Device, Search, Settings, fit};
use automl_study::StopFlag;
use std::fs;
use std::path::Path;

/// Uncompressed 24-bit bitmaps of 8x8 pixels, one for each number, in two classes.
fn fill(root: &Path, numbers: std::ops::Range<u8>) {
    for (class, name) in ["bright", "dark"].into_iter().enumerate() {
        fs::create_dir_all(root.join(name)).unwrap();
        for number in numbers.clone() {
            let mut file = b"BM".to_vec();
            let length = 54 + 192u32;
            file.extend(length.to_le_bytes());
            file.extend([
                0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 1, 0, 24, 0,
            ]);
            file.extend([0; 24]);
            let shade = 200 * u8::from(class == 0);
            file.extend((0..192u8).map(|i| shade + number.wrapping_mul(7).wrapping_add(i) % 50));
            fs::write(root.join(name).join(format!("{number}.bmp")), file).unwrap();
        }
    }
}

fn settings(root: &Path) -> Settings {
    let mut settings = Settings { device: Device::Cpu, workers: Some(1), ..Settings::default() };
    settings.data.dataset = "folder".into();
    settings.data.dir = Some(root.to_owned());
    settings.data.side = automl_data::Side::Pixels(8.into());
    settings.data.cache = false;
    settings.training.final_epochs = Some(1);
    settings
}

fn network(folder: &Path) -> std::path::PathBuf {
    let layers = [
        Layer::once(Block::conv(8, 3, 2, Activation::Relu)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(2)),
    ];
    let path = folder.join("model.yaml");
    fs::write(&path, Architecture::new(3, 8, layers).to_yaml()).unwrap();
    path
}

fn job(folder: &Path, out: &str) -> Job {
    Job {
        network: folder.join("net"),
        weights: None,
        out: folder.join(out),
        method: Method::Prune,
        goal: Goal { keep_params: Some(0.9), ..Goal::default() },
        ranks: automl_compress::RankRule::Energy(0.9),
        pruning: automl_compress::Pruning { steps: 1, ..Default::default() },
        epochs: Some(0),
        rate: 0.3,
        meant: Vec::new(),
    }
}

#[test]
fn a_network_is_tested_on_its_own_test_images_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let images = path("images");
    fill(&images, 0..12);
    let stop = StopFlag::new();
    let model = network(folder.path());
    drop(fit::run(&settings(&images), &model, &path("net"), &stop, &|_| {}).unwrap());
    let compress = |settings: &Settings, out: &str| {
        compression::run(settings, &job(folder.path(), out), &stop, &|_| {})
    };
    // Moved data are the same.
    let moved = path("moved");
    fs::rename(&images, &moved).unwrap();
    drop(compress(&settings(&moved), "same").unwrap());
    fill(&moved, 12..14);
    let error = compress(&settings(&moved), "refused").unwrap_err().to_string();
    let named = "4 images added (bright/12.bmp, bright/13.bmp, dark/12.bmp and 1 more)";
    assert!(error.contains(named) && error.contains("--accept-new-data"), "{error}");
    assert!(!path("refused").exists());
    let mut accepting = settings(&moved);
    accepting.data.accept_new_data = true;
    drop(compress(&accepting, "accepted").unwrap());
    let read = |name: &str| Manifest::read(&path(name)).unwrap().unwrap();
    let (before, after) = (read("net"), read("accepted"));
    assert_eq!((before.files.len(), after.files.len()), (24, 28));
    assert!(before.files.iter().all(|file| after.files.contains(file)));
    fs::create_dir(moved.join("third")).unwrap();
    fs::copy(moved.join("dark/1.bmp"), moved.join("third/1.bmp")).unwrap();
    let error = compress(&accepting, "classes").unwrap_err().to_string();
    assert!(error.contains("bright, dark, third"), "{error}");
}

#[test]
fn a_study_goes_on_with_its_data_alone() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("my photos");
    fill(&images, 0..10);
    let run = |trials, study: Option<&str>, accepts| {
        let mut settings = settings(&images);
        settings.runs = folder.path().join("runs");
        settings.study = study.map(str::to_owned);
        settings.data.accept_new_data = accepts;
        (settings.search.trials, settings.search.final_networks) = (trials, 1);
        settings.training.epochs = Some(1);
        Search::builder(settings).run()
    };
    drop(run(1, None, false).unwrap());
    // The study is named after the folder.
    let study = "my-photos-1";
    assert!(folder.path().join("runs").join(study).join("data.json").exists());
    drop(run(2, Some(study), false).unwrap());
    fill(&images, 10..11);
    let error = run(3, Some(study), false).unwrap_err().to_string();
    assert!(error.contains("2 images added (bright/10.bmp, dark/10.bmp)"), "{error}");
    drop(run(3, Some(study), true).unwrap());
    drop(run(4, Some(study), false).unwrap());
}
