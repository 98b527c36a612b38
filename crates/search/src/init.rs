//! Start of a training from the weights of another network.

use crate::SearchError;
use automl_train::{Training, WeightsError, read_weights};
use std::path::{Path, PathBuf};

/// The file of weights of a network: itself, `weights.safetensors` beside its description, or the one
/// in its folder.
pub(crate) fn weights_file(network: &Path) -> PathBuf {
    match network.extension().and_then(|extension| extension.to_str()) {
        Some("safetensors") => network.to_owned(),
        Some("yaml" | "yml" | "json") => network.with_file_name("weights.safetensors"),
        _ => network.join("weights.safetensors"),
    }
}

/// Takes over the weights of a network into a training that has not begun; the number of tensors.
///
/// # Errors
/// Weights that cannot be read, or of which none fits.
pub(crate) fn start_from(training: &mut Training, network: &Path) -> Result<usize, SearchError> {
    let file = weights_file(network);
    let weights = read_weights(&file)?;
    let count = training.start_from(&weights)?.count();
    if count == 0 {
        let reason = "no tensor of it has the role and shape of one of the network".into();
        return Err(WeightsError { path: file, reason }.into());
    }
    Ok(count)
}
