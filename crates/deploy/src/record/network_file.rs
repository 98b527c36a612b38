//! `network.json`, the record of a trained network.

use super::error::NetworkError;
use crate::atomic::write_atomic;
use automl_arch::Graph;
use automl_data::{DataIdentity, Preprocessing};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Name of the file in the folder of a trained network.
pub const NETWORK_FILE: &str = "network.json";

/// The latest format.
const FORMAT: u64 = 1;

/// The most bytes of the copy in the header of the weights.
const MOST_METADATA: usize = 1 << 20;

/// Everything about a trained network but its weights, as `network.json` holds it.
///
/// The same JSON is the entry [`NetworkFile::METADATA`] in the header of `weights.safetensors`, so
/// that this file alone can be used too.
///
/// # Examples
/// ```
/// use automl_arch::{Architecture, Block, Layer};
/// use automl_data::{DataSplits, Dataset};
/// use automl_deploy::NetworkFile;
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
/// let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
/// let mut record = NetworkFile::new(Architecture::new(1, 8, layers).graph()?);
/// record.input = Some(data.preprocessing());
/// record.classes = data.class_names.clone();
/// record.data = Some(data.identity.clone());
/// record.metrics = serde_json::json!({ "test_accuracy": 0.9 });
///
/// let folder = tempfile::tempdir()?;
/// record.write(folder.path())?;
/// assert_eq!(NetworkFile::read(&folder.path().join("network.json"))?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkFile {
    /// Format of the record: 1; 0 for one put together from the files of earlier versions.
    #[serde(default)]
    pub format: u64,
    /// Name and version of the program that wrote the record.
    #[serde(default)]
    pub product: String,
    /// The network.
    pub graph: Graph,
    /// The way from an image file to the input.
    #[serde(default)]
    pub input: Option<Preprocessing>,
    /// Names of the classes in the order of the scores; empty if they are not known.
    #[serde(default)]
    pub classes: Vec<String>,
    /// The content of `metrics.json`; null if it is not known.
    #[serde(default)]
    pub metrics: Value,
    /// The data set of the training.
    #[serde(default)]
    pub data: Option<DataIdentity>,
}

impl NetworkFile {
    /// Key of the record in the header of `weights.safetensors`.
    pub const METADATA: &'static str = "automl.network";

    /// Creates the record of a network of which nothing else is known.
    pub fn new(graph: Graph) -> Self {
        Self {
            format: FORMAT,
            product: concat!("automl ", env!("CARGO_PKG_VERSION")).to_owned(),
            graph,
            input: None,
            classes: Vec::new(),
            metrics: Value::Null,
            data: None,
        }
    }

    /// Reads a file: this record, or the plain graph that earlier versions wrote (format 0).
    ///
    /// # Errors
    /// [`NetworkError`] if the file cannot be read, is of a later format, or is not such a record.
    pub fn read(path: &Path) -> Result<Self, NetworkError> {
        let text = std::fs::read_to_string(path).map_err(|source| {
            automl_arch::NetworkSpecError::Read { path: path.to_owned(), source }
        })?;
        Self::parse(&text, path)
    }

    /// Reads the JSON text of a record; `path` is named in errors.
    ///
    /// # Errors
    /// As [`NetworkFile::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, NetworkError> {
        let fail = |error: serde_json::Error| NetworkError::Record {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let value: Value = serde_json::from_str(text).map_err(fail)?;
        if value.get("graph").is_none() {
            let graph = serde_json::from_str(text).map_err(fail)?;
            return Ok(Self { format: 0, product: String::new(), ..Self::new(graph) });
        }
        if let Some(found) = value.get("format").and_then(Value::as_u64)
            && found > FORMAT
        {
            return Err(NetworkError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
        let record: Self = serde_json::from_str(text).map_err(fail)?;
        match record.contradiction() {
            None => Ok(record),
            Some(reason) => Err(NetworkError::Record { path: path.to_owned(), reason }),
        }
    }

    /// Writes `network.json` into a folder, atomically.
    ///
    /// # Errors
    /// [`NetworkError::Write`].
    pub fn write(&self, folder: &Path) -> Result<(), NetworkError> {
        let path = folder.join(NETWORK_FILE);
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
        text.and_then(|text| write_atomic(&path, text.as_bytes()))
            .map_err(|source| NetworkError::Write { path, source })
    }

    /// The entry for the header of `weights.safetensors`; `None` if it would be above 1 MiB.
    pub fn metadata(&self) -> Option<(&'static str, String)> {
        let text = serde_json::to_string(self).ok()?;
        (text.len() <= MOST_METADATA).then_some((Self::METADATA, text))
    }

    /// Name of a class: that of the record, else its number.
    pub fn class_name(&self, class: usize) -> String {
        self.classes.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    /// A contradiction between the parts of the record.
    fn contradiction(&self) -> Option<String> {
        let Graph { input_channels, input_side, classes, .. } = self.graph;
        let named = self.classes.len();
        if named > 0 && named != classes {
            return Some(format!("it names {named} classes, and the network has {classes}"));
        }
        let input = self.input.as_ref()?;
        if (input.channels, input.side) != (input_channels, input_side) {
            let (channels, side) = (input.channels, input.side);
            return Some(format!(
                "its input has {channels} channels of side {side}, and the network takes \
                 {input_channels} of side {input_side}"
            ));
        }
        let of_channels = input.mean.len() == input.channels && input.sd.len() == input.channels;
        let finite = input.mean.iter().all(|mean| mean.is_finite())
            && input.sd.iter().all(|sd| sd.is_finite() && *sd > 0.0);
        (!of_channels || !finite).then(|| {
            let channels = input.channels;
            format!("its input needs {channels} finite means and as many positive deviations")
        })
    }
}
