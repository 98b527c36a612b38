//! Valid inputs: the test data of the crates, and small files that are made here.

use std::fs;
use std::path::{Path, PathBuf};

/// The contents of files of the crates' test data.
pub(crate) fn files(names: &[&str]) -> Vec<Vec<u8>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    names.iter().filter_map(|name| fs::read(crates.join(name)).ok()).collect()
}

/// The contents of the files of a folder of the crates' test data.
pub(crate) fn folder(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read(path).ok()).collect()
}

/// Texts as inputs.
pub(crate) fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
