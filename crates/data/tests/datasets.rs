//! Reading data sets, whole and broken, and splitting them.
#![allow(clippy::unwrap_used)]

use automl_data::{DataSplits, Dataset, DatasetError, DatasetFormat, Images, Source};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

fn idx(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, shape.len() as u8];
    file.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
    file.extend_from_slice(bytes);
    file
}

fn write_gz(path: &Path, bytes: &[u8]) {
    let mut encoder = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
}

fn write_mnist(folder: &Path) {
    for (prefix, count) in [("train", 6u8), ("t10k", 3)] {
        let pixels: Vec<u8> = (0..count * 16).collect();
        let labels: Vec<u8> = (0..count).map(|i| i % 3).collect();
        let n = u32::from(count);
        std::fs::write(
            folder.join(format!("{prefix}-images-idx3-ubyte")),
            idx(&[n, 4, 4], &pixels),
        )
        .unwrap();
        write_gz(&folder.join(format!("{prefix}-labels-idx1-ubyte.gz")), &idx(&[n], &labels));
    }
}

#[test]
fn the_embedded_digits_are_whole() {
    let digits = Dataset::digits().unwrap();
    assert_eq!((digits.train.len(), digits.train.side, digits.classes), (1797, 8.into(), 10));
    assert_eq!(digits.train.labels[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let first: Vec<u8> = digits.train.image(0)[..8].to_vec();
    assert_eq!(first, [0u16, 0, 5, 13, 9, 1, 0, 0].map(|v| (v * 255 / 16) as u8));
}

#[test]
fn idx_files_are_read_plain_and_gzipped() {
    let folder = tempfile::tempdir().unwrap();
    write_mnist(folder.path());
    for place in [folder.path().to_owned(), folder.path().join(".")] {
        let data = Dataset::load("mnist", Some(&place), 32).unwrap();
        assert_eq!((data.train.len(), data.train.side, data.mirror), (6, 4.into(), false));
        assert_eq!(data.train.image(1), (16..32).collect::<Vec<u8>>());
        assert_eq!(data.test.unwrap().labels, [0, 1, 2]);
    }
}

/// EMNIST: other names of files, labels from 1 on, more than ten classes; and training images alone.
#[test]
fn relatives_of_mnist_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let load = || {
        let source = Source { folder: Some(path), ..Source::default() };
        DatasetFormat::find("folder").unwrap().load(&source)
    };
    let write = |part: &str, labels: &[u8]| {
        let count = labels.len() as u32;
        let name = |kind: &str| path.join(format!("emnist-letters-{part}-{kind}-ubyte.gz"));
        write_gz(&name("images-idx3"), &idx(&[count, 4, 4], &vec![7; 16 * labels.len()]));
        write_gz(&name("labels-idx1"), &idx(&[count], labels));
    };
    write("train", &(1..=26).collect::<Vec<u8>>());
    let data = load().unwrap();
    assert_eq!((data.classes, &data.class_names[25][..], data.test), (26, "26", None));
    assert!(data.report.notes[0].contains("no test images"), "{:?}", data.report);
    write("test", &[3, 26]);
    assert_eq!(load().unwrap().test.unwrap().labels, [2, 25]);
    write("test", &[3, 27]);
    assert!(load().unwrap_err().to_string().contains("the label 27 has no training images"));
}

#[test]
fn broken_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let refused = |named: &str| {
        let error = Dataset::load("mnist", Some(path), 32).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        error
    };
    refused("train-images-idx3-ubyte");
    write_mnist(path);
    let images = path.join("train-images-idx3-ubyte");
    let whole = std::fs::read(&images).unwrap();
    std::fs::write(&images, &whole[..whole.len() - 5]).unwrap();
    assert!(refused("train-images-idx3-ubyte").contains("truncated"));
    std::fs::write(&images, b"").unwrap();
    refused("no IDX file");
    std::fs::write(&images, idx(&[u32::MAX, u32::MAX, u32::MAX], &[])).unwrap();
    refused("truncated");
    std::fs::write(&images, idx(&[5, 4, 4], &[0; 80])).unwrap();
    refused("6 labels for 5 images");
    std::fs::write(&images, whole).unwrap();
    let labels = path.join("train-labels-idx1-ubyte.gz");
    let bytes = std::fs::read(&labels).unwrap();
    std::fs::write(&labels, &bytes[..bytes.len() / 2]).unwrap();
    refused("train-labels-idx1-ubyte.gz");

    let missing = Dataset::load("cifar10", Some(&path.join("nowhere")), 32).unwrap_err();
    assert!(missing.to_string().contains("nowhere"));
    assert!(matches!(Dataset::load("cifar10", None, 32), Err(DatasetError::NoFolder { .. })));
    let unknown = Dataset::load("imagenet", Some(path), 32).unwrap_err().to_string();
    assert!(unknown.contains("imagenet") && unknown.contains("digits"));
}

#[test]
fn cifar_records_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let record = |label: u8| {
        let mut record = vec![label];
        record.extend((0..3072).map(|i| (i / 1024 * 50) as u8));
        record
    };
    for batch in 1..=5u8 {
        let bytes = [record(batch), record(0)].concat();
        std::fs::write(folder.path().join(format!("data_batch_{batch}.bin")), bytes).unwrap();
    }
    std::fs::write(folder.path().join("test_batch.bin"), record(9)).unwrap();
    let data = Dataset::load("cifar10", Some(folder.path()), 32).unwrap();
    assert_eq!(data.train.labels, [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
    let pixels = data.train.image(3);
    assert_eq!((pixels[0], pixels[1024], pixels[3071]), (0, 50, 100));
    std::fs::write(folder.path().join("data_batch_3.bin"), [0; 3000]).unwrap();
    let error = Dataset::load("cifar10", Some(folder.path()), 32).unwrap_err().to_string();
    assert!(error.contains("data_batch_3.bin"), "{error}");
}

#[test]
fn folders_of_images_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (class, shade) in [("cat", 10u8), ("dog", 200)] {
        let class = folder.path().join(class);
        std::fs::create_dir(&class).unwrap();
        for number in 0..3 {
            let picture = image::RgbImage::from_pixel(20, 10, image::Rgb([shade, 0, number]));
            picture.save(class.join(format!("{number}.png"))).unwrap();
        }
        std::fs::write(class.join("notes.txt"), "no image").unwrap();
    }
    let data = Dataset::load("folder", Some(folder.path()), 8).unwrap();
    assert_eq!((data.classes, data.train.len(), data.train.channels), (2, 6, 3));
    assert_eq!(data.train.labels, [0, 0, 0, 1, 1, 1]);
    assert_eq!(
        (data.train.image(4)[0], data.train.image(4)[64], data.train.image(4)[128]),
        (200, 0, 1)
    );
    std::fs::write(folder.path().join("dog/broken.png"), "no picture").unwrap();
    let source = Source { folder: Some(folder.path()), strict: true, ..Source::default() };
    let error = DatasetFormat::find("folder").unwrap().load(&source).unwrap_err().to_string();
    assert!(error.contains("broken.png"), "{error}");
}

fn labeled(labels: Vec<u16>) -> Dataset {
    let pixels = (0..labels.len() * 4).map(|i| (i * 7 % 251) as u8).collect();
    let train = Images::new(1, 2, pixels, labels);
    Dataset::new("made", ["a", "b", "c", "d"].map(str::to_owned).into(), train, false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Parts are disjoint, complete and balanced; the seed alone decides them.
    #[test]
    fn splits_are_balanced_partitions(
        labels in proptest::collection::vec(0u16..4, 40..120), share in 0.1f64..0.5, seed in any::<u64>(),
    ) {
        let dataset = labeled(labels);
        let data = DataSplits::split(&dataset, share, seed).unwrap();
        prop_assert_eq!(&data, &DataSplits::split(&dataset, share, seed).unwrap());
        let mut all: Vec<u8> = Vec::new();
        for part in [&data.train, &data.validation, &data.test] {
            all.extend(part.iter().flatten());
        }
        let mut expected: Vec<u8> = dataset.train.iter().flatten().copied().collect();
        all.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(all, expected);
        let count = |images: &Images, class| images.labels.iter().filter(|l| **l == class).count() as f64;
        for class in 0..4 {
            let total = count(&dataset.train, class);
            prop_assert!((count(&data.test, class) - 0.2 * total).abs() <= 0.5);
            let rest = total - count(&data.test, class);
            prop_assert!((count(&data.validation, class) - share * rest).abs() <= 0.5);
        }
    }

    /// Smaller subsets are part of larger ones, class by class.
    #[test]
    fn subsets_are_nested(a in 0.05f64..1.0, b in 0.05f64..1.0, seed in any::<u64>()) {
        let dataset = labeled((0..100).map(|i| i % 4).collect());
        let data = DataSplits::split(&dataset, 0.2, 0).unwrap();
        let (small, large) = (data.subset(a.min(b), seed), data.subset(a.max(b), seed));
        let images = |data: &DataSplits| (0..data.train.len()).map(|i| data.train.image(i).to_vec()).collect::<std::collections::HashSet<_>>();
        prop_assert!(images(&small).is_subset(&images(&large)));
        for class in 0..4u16 {
            prop_assert!(small.train.labels.contains(&class));
        }
    }

    /// Fewer validation images are some of them, as many of each class, and nothing else changes.
    #[test]
    fn fewer_validation_images(most in 4usize..30, seed in any::<u64>()) {
        let dataset = labeled((0..100).map(|i| i % 4).collect());
        let data = DataSplits::split(&dataset, 0.2, 0).unwrap();
        let fewer = data.validated_by(most, seed);
        prop_assert_eq!(fewer.validation.len(), most.min(data.validation.len()));
        let count = |class| fewer.validation.labels.iter().filter(|l| **l == class).count();
        let counts = [0, 1, 2, 3].map(count);
        prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1);
        prop_assert_eq!(fewer.train, data.train);
        prop_assert_eq!(fewer.test, data.test);
    }
}
