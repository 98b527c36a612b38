//! CIFAR-10 in its binary form: records of a label and 3,072 bytes, three color planes.

use super::format::DatasetFormat;
use super::{Dataset, DatasetError, named};
use crate::images::Images;
use crate::source::Source;
use automl_pictures::regular;
use std::path::PathBuf;

const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The bytes of an image.
const PIXELS: usize = 3 * 32 * 32;

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "cifar10",
    summary: "photographs of 10 kinds of objects, 50,000 and 10,000 images of 32x32 (Krizhevsky 2009)",
    files: Some("data_batch_1.bin to data_batch_5.bin and test_batch.bin"),
    is_resized: false,
    load,
};

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let mut folder = source.folder("cifar10", "data_batch_1.bin")?;
    let unpacked = folder.join("cifar-10-batches-bin");
    if unpacked.is_dir() {
        folder = unpacked;
    }
    let batches: Vec<_> =
        (1..=5).map(|batch| folder.join(format!("data_batch_{batch}.bin"))).collect();
    let train = read(&batches, (1, 10))?;
    let test = read(&[folder.join("test_batch.bin")], (1, 10))?;
    Ok(Dataset::new("cifar10", named(&CLASSES), train, true).with_test(test))
}

/// Records of `labels` bytes, of which the last is one of `classes`, and three planes.
pub(super) fn read(
    files: &[PathBuf],
    (label_bytes, classes): (usize, u8),
) -> Result<Images, DatasetError> {
    let record_length = label_bytes + PIXELS;
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for path in files {
        let raw = regular::read(path).map_err(|e| DatasetError::read(path, e))?;
        if raw.is_empty() || raw.len() % record_length != 0 {
            let reason =
                format!("{} bytes are not a multiple of {record_length}-byte records", raw.len());
            return Err(DatasetError::content(path, reason));
        }
        for (number, record) in raw.chunks_exact(record_length).enumerate() {
            let label = record[label_bytes - 1];
            if label >= classes {
                let reason = format!(
                    "record {number} has the label {label}, not one of 0 to {}",
                    classes - 1
                );
                return Err(DatasetError::content(path, reason));
            }
            labels.push(label.into());
            pixels.extend_from_slice(&record[label_bytes..]);
        }
    }
    Ok(Images::new(3, 32, pixels, labels))
}
