//! The format of a folder or file by its content.

use super::{Dataset, DatasetError, cifar10, cifar100, fashion_mnist, idx, list, npz, parquet};
use crate::source::Source;
use automl_lists::{lossless, own_name};
use automl_pictures::has_image_name;
use std::path::Path;

/// A loader of another format than class folders.
pub(super) type Load = fn(&Source<'_>) -> Result<Dataset, DatasetError>;

/// The loader for a file, or for a folder of files of a known format; `None` for class folders.
pub(super) fn other(path: &Path) -> Result<Option<Load>, DatasetError> {
    if path.is_file() {
        return file(path).map(Some);
    }
    let has = |name: &str| path.join(name).exists();
    if idx::is_in(path) {
        return Ok(Some(load_idx));
    }
    if has("data_batch_1.bin") || has("cifar-10-batches-bin") {
        return Ok(Some(cifar10::FORMAT.load));
    }
    if has("train.bin") && has("test.bin") || has("cifar-100-binary") {
        return Ok(Some(cifar100::FORMAT.load));
    }
    if !parquet::files(path).is_empty() {
        return Ok(Some(parquet::FORMAT.load));
    }
    if !has_folders(path) && npz::is_in(path) {
        return Ok(Some(npz::FORMAT.load));
    }
    let is_listed = !list::lists(path).is_empty();
    Ok(is_listed.then_some(list::FORMAT.load))
}

/// Reads IDX files: those of Fashion-MNIST by the name of their folder, others with numbered classes.
fn load_idx(source: &Source<'_>) -> Result<Dataset, DatasetError> {
    let name = source.folder.map_or_else(|| "idx".into(), own_name);
    if name.contains("fashion") {
        return (fashion_mnist::FORMAT.load)(source);
    }
    idx::load(&name, None, source, false)
}

fn file(path: &Path) -> Result<Load, DatasetError> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("npz") => Ok(npz::FORMAT.load),
        Some("parquet") => Ok(parquet::FORMAT.load),
        _ if list::is_list(path) => Ok(list::FORMAT.load),
        _ => {
            let name = path.file_name().map(lossless).unwrap_or_default();
            let other = "give a list (CSV, JSON), a NumPy archive (.npz), a .parquet or a folder";
            let advice = match ending.as_deref() {
                Some(ending) if has_image_name(&format!(".{ending}")) => {
                    "give the folder that holds the folders of all classes"
                }
                _ => advice(&name).unwrap_or(other),
            };
            Err(DatasetError::content(path, format!("is not read as a data set: {advice}")))
        }
    }
}

/// What to do with a file that may hold images and is not read, by its name.
pub(super) fn advice(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    if name.starts_with("data_batch_") && !name.ends_with(".bin") {
        return Some("take the binary version of CIFAR, with data_batch_1.bin");
    }
    Some(match name.rsplit_once('.')?.1 {
        "zip" | "tar" | "gz" | "tgz" | "bz2" | "xz" | "zst" | "rar" | "7z" => "unpack it first",
        "xlsx" | "xls" | "ods" => "save the table as CSV",
        "npy" => "save images and labels as x and y by numpy.savez",
        "arrow" | "feather" => "write it as Parquet (to_parquet)",
        "h5" | "hdf5" | "mat" | "pkl" | "pickle" | "pt" | "pth" | "tfrecord" => {
            "save images and labels as x and y by numpy.savez, or as files in folders"
        }
        "mp4" | "avi" | "mov" | "mkv" | "webm" => "save its frames as images",
        _ => return None,
    })
}

/// Whether there are folders that may be classes.
fn has_folders(path: &Path) -> bool {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut names = entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name());
    names.any(|name| name != "data" && !name.as_encoded_bytes().starts_with(b"."))
}
