//! CIFAR-10 in its binary form: records of a label and 3,072 bytes, three color planes.

use super::format::{DatasetFormat, Source};
use super::{Dataset, DatasetError, named};
use crate::images::Images;
use std::path::Path;

const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const RECORD: usize = 1 + 3 * 32 * 32;

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
    let mut train = Images { channels: 3, side: 32, ..Images::default() };
    for batch in 1..=5 {
        read(&folder.join(format!("data_batch_{batch}.bin")), &mut train)?;
    }
    let mut test = Images { channels: 3, side: 32, ..Images::default() };
    read(&folder.join("test_batch.bin"), &mut test)?;
    Ok(Dataset::new("cifar10", named(&CLASSES), train, true).with_test(test))
}

fn read(path: &Path, images: &mut Images) -> Result<(), DatasetError> {
    let raw = std::fs::read(path).map_err(|e| DatasetError::read(path, e))?;
    if raw.is_empty() || raw.len() % RECORD != 0 {
        let reason = format!("{} bytes are not a multiple of {RECORD}-byte records", raw.len());
        return Err(DatasetError::content(path, reason));
    }
    for (number, record) in raw.chunks_exact(RECORD).enumerate() {
        if record[0] > 9 {
            let reason = format!("record {number} has the label {}, not one of 0 to 9", record[0]);
            return Err(DatasetError::content(path, reason));
        }
        images.labels.push(record[0].into());
        images.pixels.extend_from_slice(&record[1..]);
    }
    Ok(())
}
