//! Classes of unequal size, through the search: digits thinned to 30 : 1.
#![cfg(feature = "train")]
#![allow(clippy::unwrap_used)]

use automl_data::metrics::Metric;
use automl_data::{DataSplits, Dataset, Images, Side};
use automl_search::{BalanceSetting, Device, NetworkRecord, Settings, run};
use automl_study::StopFlag;
use std::fs;
use std::path::Path;

/// The ratio of an even digit's training images to those of an odd one.
const RATIO: usize = 30;

/// A grey image as a BMP file, which stores rows upwards.
fn bitmap(image: &[u8], side: usize) -> Vec<u8> {
    let wide = side as u32;
    let words = [54 + 3 * wide * wide, 0, 54, 40, wide, wide, 1 | 24 << 16, 0, 0, 0, 0, 0, 0];
    let mut file = b"BM".to_vec();
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    file.extend(image.chunks(side).rev().flatten().flat_map(|grey| [*grey; 3]));
    file
}

/// Images in folders of their classes, at most as many of a class as `most` says.
fn write(root: &Path, images: &Images, most: impl Fn(u16) -> usize) {
    let mut counts = [0; 10];
    for (index, label) in images.labels.iter().enumerate() {
        let count = &mut counts[usize::from(*label)];
        if *count < most(*label) {
            let folder = root.join(label.to_string());
            fs::create_dir_all(&folder).unwrap();
            let file = bitmap(images.image(index), images.side.width);
            fs::write(folder.join(format!("{count}.bmp")), file).unwrap();
            *count += 1;
        }
    }
}

/// The macro F1 on the test images of the best network of a search.
fn macro_f1(root: &Path, study: &str, metric: Metric, balance: BalanceSetting) -> f64 {
    let mut settings = Settings { study: Some(study.into()), ..Settings::default() };
    settings.runs = root.join("runs");
    (settings.device, settings.workers) = (Device::Cpu, Some(1));
    (settings.data.dataset, settings.data.dir) = ("folder".into(), Some(root.join("digits")));
    (settings.data.side, settings.data.cache) = (Side::Pixels(8.into()), false);
    (settings.search.metric, settings.training.balance) = (metric, balance);
    (settings.search.trials, settings.search.final_networks) = (3, 2);
    (settings.training.epochs, settings.training.final_epochs) = (Some(9), Some(40));
    let summary = run(&settings, &StopFlag::new(), &|_| ()).unwrap().finished().unwrap();
    let record = |trial: u64| {
        let folder = settings.runs.join(study).join("front").join(format!("trial-{trial}"));
        NetworkRecord::read(&folder).unwrap()
    };
    // What a user takes: the best on the validation images by the metric that was asked for.
    let judged = |record: &NetworkRecord| {
        let report = record.validation.as_ref().unwrap();
        if metric == Metric::MacroF1 { report.macro_f1 } else { report.accuracy }
    };
    let records = summary.front.iter().map(|network| record(network.trial));
    let best = records.max_by(|a, b| judged(a).total_cmp(&judged(b))).unwrap();
    best.test.unwrap().macro_f1
}

#[test]
fn rare_classes_are_found_where_they_count() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let digits = DataSplits::split(&Dataset::digits().unwrap(), 0.01, 0).unwrap();
    let many = 5 * RATIO;
    let most = |label: u16| if label.is_multiple_of(2) { many } else { many / RATIO };
    write(&root.join("digits/train"), &digits.train, most);
    write(&root.join("digits/test"), &digits.test, |_| usize::MAX);
    let plain = macro_f1(root, "plain", Metric::Accuracy, BalanceSetting::None);
    let balanced = macro_f1(root, "balanced", Metric::MacroF1, BalanceSetting::Auto);
    assert!(balanced >= plain + 0.03, "{plain} {balanced}");
}
