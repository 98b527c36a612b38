//! Images that are not square: reading, cache, splits, smaller copies, turns.
#![allow(clippy::unwrap_used)]

mod encoded;

use automl_data::{DataSplits, Dataset, DatasetFormat, ResizeRule, Side, Source};
use automl_extent::Extent;
use encoded::encode;
use image::{Rgb, RgbImage};
use std::path::Path;

/// Two classes of landscapes, 48 pixels wide and 32 high: another color in each quarter.
fn landscapes(root: &Path) {
    for (class, name) in ["day", "night"].iter().enumerate() {
        std::fs::create_dir_all(root.join(name)).unwrap();
        for number in 0..8 {
            let image = RgbImage::from_fn(48, 32, |x, y| {
                Rgb([(x / 24 * 200) as u8, (y / 16 * 200) as u8, (class * 100 + number) as u8])
            });
            let path = root.join(name).join(format!("{number}.png"));
            std::fs::write(path, encode(&image.into(), "png")).unwrap();
        }
    }
}

fn read(root: &Path, cache: Option<&Path>, side: impl Into<Extent>) -> Dataset {
    let source = Source {
        folder: Some(root),
        side: Side::Pixels(side.into()),
        resize: ResizeRule::Squash,
        cache,
        ..Source::default()
    };
    DatasetFormat::find("folder").unwrap().load(&source).unwrap()
}

#[test]
fn images_are_read_as_high_and_wide_as_asked_for() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = folder.path();
    landscapes(root);
    let read = |side: Extent| read(root, Some(cache.path()), side);
    let wide = read(Extent::new(8, 12));
    assert_eq!((wide.train.side, wide.train.size()), (Extent::new(8, 12), 3 * 8 * 12));
    // Red in the right half, green in the lower one.
    let image = wide.train.image(0);
    for (y, x) in (0..8).flat_map(|y| (0..12).map(move |x| (y, x))) {
        if !(5..7).contains(&x) && !(3..5).contains(&y) {
            let at = y * 12 + x;
            let expected = [if x > 6 { 200 } else { 0 }, if y > 4 { 200 } else { 0 }];
            assert_eq!([image[at], image[96 + at]], expected, "{x} {y}");
        }
    }
    // Another height and width are another file of the cache, the same ones are read from it.
    let files = || std::fs::read_dir(cache.path()).unwrap().count();
    assert_eq!((files(), read(Extent::new(8, 12))), (1, wide.clone()));
    let tall = read(Extent::new(12, 8));
    assert_eq!((files(), tall.train.side), (2, Extent::new(12, 8)));
    assert_ne!(tall.train, wide.train);
    // The identity is that of the files.
    assert_eq!(tall.identity(), wide.identity());
}

#[test]
fn splits_know_height_and_width() {
    let folder = tempfile::tempdir().unwrap();
    landscapes(folder.path());
    let dataset = read(folder.path(), None, (16, 24));
    let data = DataSplits::split(&dataset, 0.25, 0).unwrap();
    assert_eq!((data.side, data.manifest().side), (Extent::new(16, 24), data.side));
    let lines = data.lines().join("\n");
    assert!(lines.contains("48x32 pixels (median)"), "{lines}");
    assert!(lines.contains("brought to 16 pixels high, 24 wide by squash"), "{lines}");
    // A new image goes the same way.
    let name = data.train.file_name(&data.files, 0).unwrap();
    let pixels = data.preprocessing().read(&folder.path().join(name)).unwrap();
    assert_eq!(pixels, data.train.image(0));

    let small = data.resized(data.side.scaled_to(8));
    assert_eq!((small.side, small.test.side), (Extent::new(8, 12), Extent::new(8, 12)));
    let mean = |image: &[u8]| image.iter().map(|p| f64::from(*p)).sum::<f64>() / image.len() as f64;
    assert!((mean(small.train.image(0)) - mean(data.train.image(0))).abs() < 1.0);
    assert_eq!(data.resized((99, 99)), data);

    // Only half turns keep the form.
    let turned = data.rotations();
    assert_eq!((turned.classes, turned.class_names.join(" ")), (2, "0 180".to_owned()));
    assert_eq!((turned.train.len(), turned.train.side), (2 * data.train.len(), data.side));
    let plane = data.side.pixels();
    let reversed: Vec<u8> =
        data.train.image(0).chunks(plane).flat_map(|p| p.iter().rev().copied()).collect();
    assert_eq!(turned.train.image(1), reversed);
}

/// Of images in one file, height and width belong to the identity; of squares the side alone.
#[test]
fn identities_hold_height_and_width() {
    let data = |side: Extent| {
        let images = automl_data::Images::new(1, side, vec![7; 24], vec![0; 24 / side.pixels()]);
        Dataset::new("one", vec!["a".into()], images, true).identity().fingerprint
    };
    assert_ne!(data(Extent::new(2, 6)), data(Extent::new(6, 2)));
    assert_ne!(data(Extent::new(2, 6)), data(Extent::new(3, 4)));
}

/// IDX files hold images of any height and width, which are those of the network.
#[test]
fn idx_files_keep_their_height_and_width() {
    let folder = tempfile::tempdir().unwrap();
    let idx = |shape: &[u32], content: Vec<u8>| {
        let mut file = vec![0, 0, 8, shape.len() as u8];
        file.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
        file.extend(content);
        file
    };
    for part in ["train", "t10k"] {
        let at = |end: &str| folder.path().join(format!("{part}-{end}-ubyte"));
        std::fs::write(at("images-idx3"), idx(&[10, 3, 5], (0..150).collect())).unwrap();
        std::fs::write(at("labels-idx1"), idx(&[10], (0..10).collect())).unwrap();
    }
    let dataset = Dataset::load("mnist", Some(folder.path()), 32).unwrap();
    assert_eq!(dataset.train.side, Extent::new(3, 5));
    assert_eq!(dataset.train.image(1), (15..30).collect::<Vec<u8>>());
}
