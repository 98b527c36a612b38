//! CIFAR-100 in its binary form: records of a coarse label, a fine one and 3,072 bytes.

use super::format::DatasetFormat;
use super::{Dataset, DatasetError, cifar10, numbered};
use crate::source::Source;
use automl_pictures::regular;

pub(super) const FORMAT: DatasetFormat = DatasetFormat {
    name: "cifar100",
    summary: "photographs of 100 kinds of objects, 50,000 and 10,000 images of 32x32 (Krizhevsky 2009)",
    files: Some("train.bin and test.bin, with fine_label_names.txt"),
    is_resized: false,
    load,
};

fn load(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let mut folder = source.folder("cifar100", "train.bin")?;
    let unpacked = folder.join("cifar-100-binary");
    if unpacked.is_dir() {
        folder = unpacked;
    }
    let part = |name: &str| cifar10::read(&[folder.join(name)], (2, 100));
    let (train, test) = (part("train.bin")?, part("test.bin")?);
    let text = regular::read_text(&folder.join("fine_label_names.txt")).unwrap_or_default();
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let names = if names.len() == 100 { names } else { numbered(100) };
    Ok(Dataset::new("cifar100", names, train, true).with_test(test))
}
