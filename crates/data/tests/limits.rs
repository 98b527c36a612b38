//! Data of strangers: sizes that a header claims, packed files, and devices and pipes instead of files.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use automl_data::{Dataset, Manifest};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// What reads without an end, or waits for another program.
const ENDLESS: [&str; 2] = ["/dev/zero", "pipe"];

/// Puts a device or a pipe in the place of a file.
fn put(what: &str, path: &Path) {
    let _ = fs::remove_file(path);
    if what == "pipe" {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    } else {
        symlink(what, path).unwrap();
    }
}

fn idx(shape: &[u32]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, shape.len() as u8];
    file.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
    file
}

fn refused(format: &str, place: &Path, named: &str) {
    let error = Dataset::load(format, Some(place), 32).unwrap_err().to_string();
    assert!(error.contains(named) && !error.contains('\n'), "{format}: {error}");
}

#[test]
fn devices_and_pipes_are_no_data() {
    let folder = tempfile::tempdir().unwrap();
    for what in ENDLESS {
        for (format, name) in [
            ("mnist", "train-images-idx3-ubyte"),
            ("mnist", "train-images-idx3-ubyte.gz"),
            ("fashion-mnist", "train-images.idx3-ubyte"),
            ("cifar10", "data_batch_1.bin"),
            ("cifar100", "train.bin"),
            ("npz", "all.npz"),
            ("parquet", "train.parquet"),
        ] {
            let place = folder.path().join(what.trim_start_matches('/').replace('/', "-"));
            let place = place.join(format).join(name.replace('.', "-"));
            fs::create_dir_all(&place).unwrap();
            put(what, &place.join(name));
            let labels = name.replace("images", "labels").replace("idx3", "idx1");
            if labels != name {
                put(what, &place.join(labels));
            }
            let error = Dataset::load(format, Some(&place), 32).unwrap_err().to_string();
            assert!(!error.contains('\n'), "{format}: {error}");
        }
    }
}

#[test]
fn among_images_lists_and_manifests_they_are_left_out_or_named() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for number in 0..4 {
            let file = folder.path().join(class).join(format!("{number}.png"));
            image::RgbImage::from_pixel(16, 16, image::Rgb([50 * number; 3])).save(file).unwrap();
        }
    }
    for (number, what) in ENDLESS.into_iter().enumerate() {
        put(what, &folder.path().join(format!("cat/special-{number}.png")));
    }
    assert_eq!(Dataset::load("folder", Some(folder.path()), 16).unwrap().train.len(), 8);
    let list = folder.path().join("list.csv");
    fs::write(
        &list,
        "path,label\ncat/0.png,cat\ndog/1.png,dog\ncat/special-0.png,cat\ncat/special-1.png,dog\n",
    )
    .unwrap();
    assert_eq!(Dataset::load("list", Some(&list), 16).unwrap().train.len(), 2);
    for what in ENDLESS {
        put(what, &folder.path().join("data.json"));
        let error = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}

#[test]
fn packed_files_are_unpacked_up_to_their_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train-images-idx3-ubyte.gz");
    fs::write(folder.path().join("train-labels-idx1-ubyte"), [idx(&[2]), vec![0, 1]].concat())
        .unwrap();
    let write = |header: &[u8], zeros: usize| {
        let mut encoder = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::best());
        encoder.write_all(header).unwrap();
        for _ in 0..zeros >> 20 {
            encoder.write_all(&[0; 1 << 20]).unwrap();
        }
        encoder.finish().unwrap();
    };
    // A header of 200 TB in a file of 40 bytes: nothing is allocated for it.
    write(&idx(&[60_000, 60_000, 60_000]), 0);
    refused("mnist", folder.path(), "more bytes than it can hold");
    write(&idx(&[u32::MAX; 3]), 0);
    refused("mnist", folder.path(), "more bytes than it can hold");
    // 300 MB behind a header of two images: the rest is not unpacked.
    write(&idx(&[2, 4, 4]), 300 << 20);
    refused("mnist", folder.path(), "more than the 32 bytes of its header");
    write(&idx(&[2, 1 << 10, 1 << 10]), 1 << 20);
    refused("mnist", folder.path(), "truncated");
}
