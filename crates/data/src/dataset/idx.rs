//! The IDX format of MNIST and Fashion-MNIST, plain or gzipped.

use super::names::{lossless, part};
use super::{Dataset, DatasetError};
use crate::images::Images;
use crate::regular;
use crate::source::Source;
use crate::split::Split;
use flate2::read::GzDecoder;
use std::io::{self, Read};
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
    if height != width || height == 0 {
        let reason = format!("images of {height}x{width} pixels are not square");
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
    Ok(Images::new(1, height, pixels, labels.into_iter().map(u16::from).collect()))
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
    let fail = |e| DatasetError::read(path, e);
    let mut file = regular::open(path).map_err(fail)?;
    let packed = file.metadata().map_err(fail)?.len();
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(fail)?;
    let is_gzipped = start == [0x1f, 0x8b];
    let whole = io::Cursor::new(start).chain(file);
    let (content, most): (Box<dyn Read>, u64) = if is_gzipped {
        (Box::new(GzDecoder::new(whole)), packed.saturating_mul(DEFLATED))
    } else {
        (Box::new(whole), packed)
    };
    unpacked(content, dimensions, most).map_err(|broken| match broken {
        Broken::Read(error) => fail(error),
        Broken::Content(reason) => DatasetError::content(path, reason),
    })
}

/// The most bytes that a byte of a deflated file stands for.
const DEFLATED: u64 = 1032;

/// Why an IDX file cannot be read.
enum Broken {
    Read(io::Error),
    Content(String),
}

/// The bytes behind a header and the lengths of its dimensions. No more is read than the header says,
/// and nothing where that is more than the file can hold.
fn unpacked(
    mut content: impl Read,
    dimensions: usize,
    most: u64,
) -> Result<(Vec<u8>, Vec<usize>), Broken> {
    let mut header = Vec::new();
    let size = 4 + 4 * dimensions as u64;
    content.by_ref().take(size).read_to_end(&mut header).map_err(Broken::Read)?;
    if header.len() as u64 != size || header[..4] != [0, 0, 8, dimensions as u8] {
        return Err(Broken::Content(format!("is no IDX file of bytes in {dimensions} dimensions")));
    }
    let shape: Vec<usize> = header[4..]
        .chunks_exact(4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize)
        .collect();
    let expected = shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n as u64));
    let Some(expected) = expected.filter(|expected| *expected <= most) else {
        let reason = "its header says more bytes than it can hold: truncated?";
        return Err(Broken::Content(reason.into()));
    };
    let mut raw = Vec::new();
    let fits = usize::try_from(expected).is_ok_and(|n| raw.try_reserve_exact(n + 1).is_ok());
    if !fits {
        return Err(Broken::Content(format!("its {expected} bytes do not fit into memory")));
    }
    content.take(expected + 1).read_to_end(&mut raw).map_err(Broken::Read)?;
    let found = raw.len() as u64;
    if found > expected {
        return Err(Broken::Content(format!("holds more than the {expected} bytes of its header")));
    }
    if found < expected {
        let reason = format!("holds {found} bytes where its header says {expected}: truncated?");
        return Err(Broken::Content(reason));
    }
    Ok((raw, shape))
}
