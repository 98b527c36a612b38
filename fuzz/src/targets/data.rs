//! Data sets and images.

use crate::corpus::folder;
use crate::target::Target;
use automl_data::{DatasetFormat, Source};
use automl_pictures::{Encoded, OrientationRule};
use std::fs;
use std::path::Path;

/// A file of IDX: images of 2 by 2 pixels, or labels.
fn idx(shape: &[u32], values: usize) -> Vec<u8> {
    let mut file = vec![0, 0, 8, shape.len() as u8];
    shape.iter().for_each(|n| file.extend(n.to_be_bytes()));
    file.extend((0..values).map(|value| (value % 10) as u8));
    file
}

fn load(name: &str, folder: &Path) {
    let Ok(format) = DatasetFormat::find(name) else { return };
    drop(format.load(&Source { folder: Some(folder), ..Source::default() }));
}

/// Images and labels of MNIST; the first byte says which file is read.
pub(crate) const IDX: Target = Target {
    name: "idx",
    count: 1000,
    read: |bytes, folder| {
        let images = idx(&[3, 2, 2], 12);
        let labels = idx(&[3], 3);
        let which = usize::from(bytes.first().copied().unwrap_or(0) % 4);
        let names =
            ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
        for (index, name) in names.iter().enumerate() {
            let valid = if index % 2 == 0 { &images } else { &labels };
            let content = if index == which { bytes.get(1..).unwrap_or_default() } else { valid };
            if fs::write(folder.join(format!("{name}-ubyte")), content).is_err() {
                return;
            }
        }
        load("mnist", folder);
    },
    corpus: || {
        let file = |which: u8, content: Vec<u8>| [vec![which], content].concat();
        vec![file(0, idx(&[3, 2, 2], 12)), file(1, idx(&[3], 3)), file(2, idx(&[3, 2, 2], 12))]
    },
};

/// A batch of CIFAR-10.
pub(crate) const CIFAR: Target = Target {
    name: "cifar",
    count: 200,
    read: |bytes, folder| {
        for name in ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin"] {
            drop(fs::write(folder.join(name), bytes));
        }
        for name in ["data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"] {
            drop(fs::write(folder.join(name), bytes));
        }
        load("cifar10", folder);
    },
    corpus: || vec![[vec![3], vec![128; 3072], vec![9], vec![7; 3072]].concat()],
};

/// Image files of all formats.
pub(crate) const IMAGES: Target = Target {
    name: "images",
    count: 600,
    read: |bytes, _| {
        let Ok(encoded) = Encoded::new(bytes) else { return };
        let _ = encoded.dimensions();
        drop(encoded.picture(8, [255; 3], OrientationRule::Exif));
    },
    corpus: || {
        let files = folder("pictures/testdata");
        files
            .into_iter()
            .filter(|file| file.len() < 1 << 16 && Encoded::new(file).is_ok())
            .collect()
    },
};
