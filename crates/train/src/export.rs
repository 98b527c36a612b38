//! The files of a trained network.

use crate::checkpoint::encode;
use automl_arch::NetworkSpec;
use automl_deploy::write_atomic;
use automl_models::Network;
use burn::module::Module;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Failure to write a network's files.
#[derive(Debug, Error)]
#[error("cannot write {}: {reason}", path.display())]
pub struct ExportError {
    /// Path of the file.
    pub path: PathBuf,
    /// Reason.
    pub reason: String,
}

/// Writes `model.yaml` (the architecture in kindle's YAML format) or `network.json` (primitive
/// nodes), `weights.safetensors` and `weights.bpk` (burn's own format) into a folder, which is
/// created. Returns the files' names.
///
/// # Errors
/// [`ExportError`] names the file that cannot be written.
pub fn export(
    network: &Network,
    description: impl Into<NetworkSpec>,
    folder: &Path,
) -> Result<Vec<&'static str>, ExportError> {
    let fail = |name: &str, reason: String| ExportError { path: folder.join(name), reason };
    std::fs::create_dir_all(folder).map_err(|e| fail("", e.to_string()))?;
    let description = description.into();
    let name = description.file_name();
    let text = description.text().map_err(|e| fail(name, e.to_string()))?;
    write_atomic(&folder.join(name), text.as_bytes()).map_err(|e| fail(name, e.to_string()))?;
    let network = network.valid();
    let bytes =
        encode(&network.tensors(), []).map_err(|e| fail("weights.safetensors", e.to_string()))?;
    write_atomic(&folder.join("weights.safetensors"), &bytes)
        .map_err(|e| fail("weights.safetensors", e.to_string()))?;
    network
        .save_file(folder.join("weights.bpk"))
        .map_err(|e| fail("weights.bpk", e.to_string()))?;
    Ok(vec![name, "weights.safetensors", "weights.bpk"])
}
