//! A trained network in its folder.

use super::error::NetworkError;
use super::network_file::NetworkFile;
use crate::atomic::write_atomic;
use crate::onnx::import;
use crate::program::Program;
use crate::weights::{Weights, WeightsError};
use automl_arch::{NetworkSpec, NetworkSpecError};
use automl_extent::Extent;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Name of the file of weights in the folder of a trained network.
pub const WEIGHTS_FILE: &str = "weights.safetensors";

/// Name of the file of metrics.
const METRICS_FILE: &str = "metrics.json";

/// A network with its weights and its record.
///
/// # Examples
/// ```no_run
/// use automl_deploy::TrainedNetwork;
///
/// let network = TrainedNetwork::read("runs/digits-1/front/trial-7".as_ref())?;
/// network.notes.iter().for_each(|note| println!("{note}"));
/// println!("{} steps", network.program()?.steps.len());
/// # Ok::<(), automl_deploy::NetworkError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrainedNetwork {
    /// The folder or file that it was read from.
    pub path: PathBuf,
    /// The record.
    pub record: NetworkFile,
    /// The weights.
    pub weights: Weights,
    /// What the record lacks, one sentence each.
    pub notes: Vec<String>,
}

impl TrainedNetwork {
    /// Reads a network: a folder, its `network.json` or `model.yaml`, a `.safetensors` file that has
    /// the record in its header or lies in such a folder, or an `.onnx` file
    /// ([`import`](crate::onnx::import())).
    ///
    /// Folders of earlier versions, with `model.yaml` or a plain graph and perhaps `metrics.json`,
    /// are read too; [`notes`](Self::notes) says what they lack.
    ///
    /// # Errors
    /// [`NetworkError`] with the file at fault.
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        if path.extension().is_some_and(|end| end == "onnx") {
            return Self::read_onnx(path, None);
        }
        let is_weights = path.extension().is_some_and(|end| end == "safetensors") && path.is_file();
        let folder = path.parent().unwrap_or(Path::new(""));
        let (file, weights_file) = if is_weights {
            (None, path.to_owned())
        } else {
            let file = record_file(path)?;
            let weights = file.with_file_name(WEIGHTS_FILE);
            (Some(file), weights)
        };
        let fail = |reason: String| WeightsError { path: weights_file.clone(), reason };
        let bytes = std::fs::read(&weights_file).map_err(|error| fail(error.to_string()))?;
        let weights = Weights::from_bytes(&bytes).map_err(fail)?;
        let record = match (file, Weights::metadata(&bytes, NetworkFile::METADATA)) {
            (Some(file), _) => described(&file)?,
            (None, Some(text)) => NetworkFile::parse(&text, path)?,
            (None, None) => described(&record_file(folder)?)?,
        };
        let notes = lacks(&record);
        let network = Self { path: path.to_owned(), record, weights, notes };
        network.program()?;
        Ok(network)
    }

    /// Reads an ONNX model; `side` is the height and width of the images where the model leaves them
    /// open.
    ///
    /// # Errors
    /// [`NetworkError`] with the node at fault.
    pub fn read_onnx(path: &Path, side: Option<Extent>) -> Result<Self, NetworkError> {
        let bytes = std::fs::read(path)
            .map_err(|source| NetworkSpecError::Read { path: path.to_owned(), source })?;
        let network = import(&bytes, path, side)
            .map_err(|source| NetworkError::Import { path: path.to_owned(), source })?;
        network.program()?;
        Ok(network)
    }

    /// The folded program.
    ///
    /// # Errors
    /// [`NetworkError::Fit`] if the weights do not fit the network.
    pub fn program(&self) -> Result<Program, NetworkError> {
        let lowered = Program::lower(&self.record.graph, &self.weights);
        lowered.map_err(|source| NetworkError::Fit { path: self.path.clone(), source })
    }

    /// Writes `weights.safetensors`, `metrics.json` where there are metrics, and `network.json` into
    /// a folder, which is created. Every file is written atomically, `network.json` last.
    ///
    /// # Errors
    /// [`NetworkError`] with the file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), NetworkError> {
        let path = folder.join(WEIGHTS_FILE);
        let bytes = self.weights.to_bytes(self.record.metadata());
        let bytes = bytes.map_err(|reason| NetworkError::Record { path: path.clone(), reason })?;
        let write = |path: PathBuf, bytes: &[u8]| {
            write_atomic(&path, bytes).map_err(|source| NetworkError::Write { path, source })
        };
        std::fs::create_dir_all(folder)
            .map_err(|source| NetworkError::Write { path: folder.to_owned(), source })?;
        write(path, &bytes)?;
        if !self.record.metrics.is_null() {
            let text = format!("{:#}", self.record.metrics);
            write(folder.join(METRICS_FILE), text.as_bytes())?;
        }
        self.record.write(folder)
    }
}

/// The file of the record: `network.json` where a folder has it, else `model.yaml`.
fn record_file(path: &Path) -> Result<PathBuf, NetworkError> {
    let record = path.join(super::network_file::NETWORK_FILE);
    if record.is_file() {
        return Ok(record);
    }
    Ok(NetworkSpec::file(path)?)
}

/// The record in a file, with the metrics beside it where it has none.
fn described(file: &Path) -> Result<NetworkFile, NetworkError> {
    let mut record = if file.extension().is_some_and(|end| end == "json") {
        NetworkFile::read(file)?
    } else {
        let graph = NetworkSpec::read(file)?.graph()?;
        NetworkFile { format: 0, product: String::new(), ..NetworkFile::new(graph) }
    };
    if record.metrics.is_null() {
        let text = std::fs::read_to_string(file.with_file_name(METRICS_FILE)).ok();
        record.metrics =
            text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    }
    Ok(record)
}

/// What a record lacks for the use of its network.
pub(crate) fn lacks(record: &NetworkFile) -> Vec<String> {
    let mut notes = Vec::new();
    if record.input.is_none() {
        notes.push(
            "the record has no mean and deviation of the images: name the data set of its training"
                .to_owned(),
        );
    }
    if record.classes.is_empty() {
        notes.push("the record names no classes: numbers are shown".to_owned());
    }
    notes
}
