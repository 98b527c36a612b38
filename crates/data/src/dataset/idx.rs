//! The IDX format of MNIST and Fashion-MNIST, plain or gzipped.

use super::{Dataset, DatasetError};
use crate::images::Images;
use crate::source::Source;
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files of both data sets.
pub(super) const FILES: &str = "train-images-idx3-ubyte, train-labels-idx1-ubyte, \
     t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or gzipped";

/// Names of the file that the others lie beside.
pub(super) const NAMES: [&str; 3] =
    ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-images.idx3-ubyte"];

/// Reads the four files of a data set.
pub(super) fn load(
    name: &str,
    class_names: Vec<String>,
    source: &Source<'_>,
    mirror: bool,
) -> Result<Dataset, DatasetError> {
    let folder = &source.folder(name, "train-images-idx3-ubyte")?;
    let part = |prefix: &str| -> Result<Images, DatasetError> {
        let (path, pixels, shape) = read(folder, &format!("{prefix}-images-idx3-ubyte"), 3)?;
        let (label_path, labels, counts) = read(folder, &format!("{prefix}-labels-idx1-ubyte"), 1)?;
        let [count, height, width] = shape[..] else { unreachable_shape(&path)? };
        if height != width || height == 0 {
            let reason = format!("images of {height}x{width} pixels are not square");
            return Err(DatasetError::content(&path, reason));
        }
        if counts[0] != count {
            let reason = format!("{} labels for {count} images", counts[0]);
            return Err(DatasetError::content(&label_path, reason));
        }
        if count == 0 {
            return Err(DatasetError::content(&path, "holds no images"));
        }
        if let Some(label) = labels.iter().find(|label| **label > 9) {
            let reason = format!("the label {label} is not one of 0 to 9");
            return Err(DatasetError::content(&label_path, reason));
        }
        let labels = labels.into_iter().map(u16::from).collect();
        Ok(Images::new(1, height, pixels, labels))
    };
    let (train, test) = (part("train")?, part("t10k")?);
    if train.side != test.side {
        let reason = format!("test images of {} pixels, not {}", test.side, train.side);
        return Err(DatasetError::content(folder, reason));
    }
    Ok(Dataset::new(name, class_names, train, mirror).with_test(test))
}

fn unreachable_shape<T>(path: &Path) -> Result<T, DatasetError> {
    Err(DatasetError::content(path, "has another number of dimensions"))
}

/// The content of one file: its path, its bytes and the lengths of its dimensions.
fn read(
    folder: &Path,
    name: &str,
    dimensions: usize,
) -> Result<(PathBuf, Vec<u8>, Vec<usize>), DatasetError> {
    let plain = folder.join(name);
    let gzipped = folder.join(format!("{name}.gz"));
    // Some copies name the files `train-images.idx3-ubyte`.
    let dotted = folder.join(name.replacen("-idx", ".idx", 1));
    let path = [&plain, &gzipped, &dotted].into_iter().find(|path| path.exists()).cloned();
    let Some(path) = path else {
        let what = format!("{name} or {name}.gz");
        return Err(DatasetError::Missing { path: folder.to_owned(), what });
    };
    let fail = |e| DatasetError::read(&path, e);
    let mut raw = Vec::new();
    let mut file = File::open(&path).map_err(fail)?;
    if path == gzipped {
        GzDecoder::new(file).read_to_end(&mut raw).map_err(fail)?;
    } else {
        file.read_to_end(&mut raw).map_err(fail)?;
    }
    let header = 4 + 4 * dimensions;
    let magic = [0, 0, 8, dimensions as u8];
    if raw.len() < header || raw[..4] != magic {
        let reason = format!("is no IDX file of bytes in {dimensions} dimensions");
        return Err(DatasetError::content(&path, reason));
    }
    let shape: Vec<usize> = raw[4..header]
        .chunks_exact(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize)
        .collect();
    let expected = shape.iter().try_fold(1usize, |product, n| product.checked_mul(*n));
    let found = raw.len() - header;
    if expected != Some(found) {
        let expected = expected.map_or_else(|| "too many".into(), |n| n.to_string());
        let reason = format!("holds {found} bytes where its header says {expected}: truncated?");
        return Err(DatasetError::content(&path, reason));
    }
    raw.drain(..header);
    Ok((path, raw, shape))
}
