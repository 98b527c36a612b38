//! The IDX format of MNIST and Fashion-MNIST, plain or gzipped.

use super::{Dataset, DatasetError};
use crate::images::Images;
use crate::source::Source;
use automl_lists::Split;
use automl_lists::{lossless, part};
use automl_pictures::regular;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Files of both data sets.
pub(super) const FILES: &str = "train-images-idx3-ubyte, train-labels-idx1-ubyte, \
     t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or gzipped";

/// The file that the others lie beside.
const FIRST: &str = "train-images-idx3-ubyte";

/// The files of images in a folder, such as `train-images-idx3-ubyte`, `train-images.idx3-ubyte.gz` and
/// `emnist-letters-test-images-idx3-ubyte.gz`, with their parts.
fn image_files(folder: &Path) -> Vec<(PathBuf, Split)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<(PathBuf, Split)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = lossless(&entry.file_name());
            let stem = name.strip_suffix(".gz").unwrap_or(&name);
            let stem = stem.strip_suffix("-ubyte").unwrap_or(stem);
            let (start, _) = stem.strip_suffix("idx3")?.rsplit_once("images")?;
            let own = start.split(['-', '_', '.']).find_map(|word| match word {
                "t10k" => Some(Split::Test),
                word => part(word),
            });
            Some((entry.path(), own?))
        })
        .collect();
    found.sort_by(|(a, own_a), (b, own_b)| own_a.cmp(own_b).then_with(|| a.cmp(b)));
    // A file beside its own gzipped copy counts once.
    found.dedup_by(|(b, _), (a, _)| b.with_extension("") == *a);
    found
}

/// Whether a folder holds training images in IDX files.
pub(super) fn is_in(folder: &Path) -> bool {
    image_files(folder).iter().any(|(_, part)| *part == Split::Train)
}

/// Reads the files of a data set. Without names, classes are called by the labels that occur.
pub(super) fn load(
    name: &str,
    class_names: Option<Vec<String>>,
    source: &Source<'_>,
    mirror: bool,
) -> Result<Dataset, DatasetError> {
    let folder = &source.folder(name, FIRST)?;
    let files = image_files(folder);
    let one = |wanted: Split| {
        let mut own = files.iter().filter(|(_, part)| *part == wanted).map(|(path, _)| path);
        match (own.next(), own.next()) {
            (Some(a), Some(b)) => {
                let (a, b) = (a.display(), b.display());
                Err(DatasetError::content(folder, format!("holds several data sets: {a} and {b}")))
            }
            (first, _) => Ok(first),
        }
    };
    let Some(train) = one(Split::Train)? else {
        let what = format!("{FIRST} or {FIRST}.gz");
        return Err(DatasetError::Missing { path: folder.to_owned(), what });
    };
    let train = read_part(train, class_names.as_deref())?;
    let other = |part| {
        let read = |path: &PathBuf| read_part(path, class_names.as_deref());
        one(part)?.map(read).transpose()
    };
    let (validation, test) = (other(Split::Validation)?, other(Split::Test)?);
    for other in validation.iter().chain(&test) {
        if other.side != train.side {
            let reason =
                format!("other parts have images of {} pixels, not {}", other.side, train.side);
            return Err(DatasetError::content(folder, reason));
        }
    }
    let mut labels = train.labels.clone();
    labels.sort_unstable();
    labels.dedup();
    let numbers = labels.iter().map(u16::to_string).collect();
    let (is_named, names) = (class_names.is_some(), class_names.unwrap_or(numbers));
    let mut dataset = Dataset { validation, test, ..Dataset::new(name, names, train, mirror) };
    let parts = [Some(&mut dataset.train), dataset.validation.as_mut(), dataset.test.as_mut()];
    for label in parts.into_iter().flatten().flat_map(|part| &mut part.labels).filter(|_| !is_named)
    {
        let place = labels.binary_search(label).map_err(|_| {
            let reason = format!("the label {label} has no training images");
            DatasetError::content(folder, reason)
        })?;
        *label = place as u16;
    }
    if dataset.test.is_none() {
        let note = "no test images are given: a fifth of the training images is kept for it";
        dataset.report.notes.push(note.to_owned());
    }
    Ok(dataset)
}

/// The images of one file, and the labels of that beside it.
fn read_part(path: &Path, class_names: Option<&[String]>) -> Result<Images, DatasetError> {
    let label_path = labels_of(path)?;
    let (pixels, shape) = read(path, 3)?;
    let (labels, counts) = read(&label_path, 1)?;
    let &[count, height, width] = &shape[..] else {
        return Err(DatasetError::content(path, "has another number of dimensions"));
    };
    if height == 0 || width == 0 {
        let reason = format!("images of {height}x{width} pixels are empty");
        return Err(DatasetError::content(path, reason));
    }
    if counts[0] != count {
        let reason = format!("{} labels for {count} images", counts[0]);
        return Err(DatasetError::content(&label_path, reason));
    }
    if count == 0 {
        return Err(DatasetError::content(path, "holds no images"));
    }
    let classes = class_names.map_or(256, <[String]>::len);
    if let Some(label) = labels.iter().find(|label| usize::from(**label) >= classes) {
        let reason = format!("the label {label} is not one of 0 to {}", classes - 1);
        return Err(DatasetError::content(&label_path, reason));
    }
    Ok(Images::new(1, (height, width), pixels, labels.into_iter().map(u16::from).collect()))
}

/// The file of the labels, plain or gzipped.
fn labels_of(images: &Path) -> Result<PathBuf, DatasetError> {
    let name = images.file_name().map(lossless).unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let name = name.replacen("images", "labels", 1).replacen("idx3", "idx1", 1);
    let names = [name.clone(), format!("{name}.gz")];
    let found = names.iter().map(|name| images.with_file_name(name)).find(|path| path.exists());
    found.ok_or_else(|| DatasetError::Missing {
        path: images.parent().unwrap_or(images).to_owned(),
        what: names.join(" or "),
    })
}

/// The content of one file: its bytes and the lengths of its dimensions.
fn read(path: &Path, dimensions: usize) -> Result<(Vec<u8>, Vec<usize>), DatasetError> {
    let broken = |reason: String| DatasetError::content(path, reason);
    let (mut content, most) = regular::unpacked(path).map_err(|e| DatasetError::read(path, e))?;
    let (mut header, size) = (Vec::new(), 4 + 4 * dimensions);
    let start = content.by_ref().take(size as u64).read_to_end(&mut header);
    start.map_err(|e| DatasetError::read(path, e))?;
    if header.len() != size || header[..4] != [0, 0, 8, dimensions as u8] {
        return Err(broken(format!("is no IDX file of bytes in {dimensions} dimensions")));
    }
    let shape: Vec<usize> = header[4..]
        .chunks_exact(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize)
        .collect();
    let expected = shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n as u64));
    let Some(expected) = expected.filter(|expected| *expected <= most) else {
        return Err(broken("its header says more bytes than it can hold: truncated?".into()));
    };
    let raw = regular::exactly(content, expected).map_err(|error| broken(error.to_string()))?;
    Ok((raw, shape))
}
