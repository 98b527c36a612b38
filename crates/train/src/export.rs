//! The files of a trained network.

use crate::checkpoint::{encode, write_whole};
use automl_models::{Architecture, Network};
use burn::module::Module;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a network could not be saved.
#[derive(Debug, Error)]
#[error("cannot write {}: {reason}", path.display())]
pub struct ExportError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// Writes `model.yaml` (the architecture in the community's format), `weights.safetensors` and
/// `weights.bpk` (burn's own format) into a folder, which is created. Returns the files' names.
///
/// # Errors
/// [`ExportError`] names the file that cannot be written.
pub fn export(
    network: &Network,
    architecture: &Architecture,
    folder: &Path,
) -> Result<Vec<&'static str>, ExportError> {
    let fail = |name: &str, reason: String| ExportError { path: folder.join(name), reason };
    std::fs::create_dir_all(folder).map_err(|e| fail("", e.to_string()))?;
    let yaml = architecture.to_yaml();
    write_whole(&folder.join("model.yaml"), yaml.as_bytes())
        .map_err(|e| fail("model.yaml", e.to_string()))?;
    let network = network.valid();
    let bytes =
        encode(&network.tensors(), None).map_err(|e| fail("weights.safetensors", e.to_string()))?;
    write_whole(&folder.join("weights.safetensors"), &bytes)
        .map_err(|e| fail("weights.safetensors", e.to_string()))?;
    network
        .save_file(folder.join("weights.bpk"))
        .map_err(|e| fail("weights.bpk", e.to_string()))?;
    Ok(vec!["model.yaml", "weights.safetensors", "weights.bpk"])
}
