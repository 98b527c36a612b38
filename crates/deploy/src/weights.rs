//! The tensors of a trained network.

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A named tensor of 32-bit floats.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Path in the network, such as `layers.0.Convolution.weight`.
    pub name: String,
    /// Lengths of the axes, slowest first.
    pub shape: Vec<usize>,
    /// Values, last axis fastest.
    pub values: Vec<f32>,
}

/// The tensors of a network by name, as in `weights.safetensors`.
///
/// # Examples
/// ```
/// use automl_deploy::{Tensor, Weights};
///
/// let bias = Tensor { name: "layers.8.Linear.bias".into(), shape: vec![2], values: vec![0.5, 1.0] };
/// let weights = Weights::new([bias.clone()]);
/// let bytes = weights.to_bytes(None)?;
/// assert_eq!(Weights::from_bytes(&bytes)?.get("layers.8.Linear.bias"), Some(&bias));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

/// Weights that cannot be read.
#[derive(Debug, Error)]
#[error("cannot read the weights of {}: {reason}", path.display())]
pub struct WeightsError {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub reason: String,
}

impl Weights {
    /// Collects tensors; of several with one name the last counts.
    pub fn new(tensors: impl IntoIterator<Item = Tensor>) -> Self {
        Self { tensors: tensors.into_iter().map(|t| (t.name.clone(), t)).collect() }
    }

    /// Reads a safetensors file.
    ///
    /// # Errors
    /// [`WeightsError`] if the file cannot be read, is damaged, or holds other numbers than 32-bit
    /// floats.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let fail = |reason: String| WeightsError { path: path.to_owned(), reason };
        let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
        Self::from_bytes(&bytes).map_err(fail)
    }

    /// Reads the bytes of a safetensors file.
    ///
    /// # Errors
    /// The reason, if the bytes are damaged or hold other numbers than 32-bit floats.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let tensors: Result<Vec<_>, _> = file.tensors().into_iter().map(read).collect();
        Ok(Self::new(tensors?))
    }

    /// Writes the bytes of a safetensors file, with an entry of metadata where one is given.
    ///
    /// # Errors
    /// The reason, if a tensor's shape does not match its number of values.
    pub fn to_bytes(&self, metadata: Option<(&str, String)>) -> Result<Vec<u8>, String> {
        let raw: Vec<Vec<u8>> = self
            .iter()
            .map(|tensor| tensor.values.iter().flat_map(|x| x.to_le_bytes()).collect())
            .collect();
        let views = self.iter().zip(&raw).map(|(tensor, bytes)| {
            let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes);
            view.map(|view| (tensor.name.clone(), view))
        });
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let metadata = metadata.map(|(key, text)| HashMap::from([(key.to_owned(), text)]));
        safetensors::serialize(views, metadata).map_err(|error| error.to_string())
    }

    /// The entry of a key in the header of a safetensors file.
    pub fn metadata(bytes: &[u8], key: &str) -> Option<String> {
        let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
        header.metadata().as_ref()?.get(key).cloned()
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// All tensors in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor> {
        self.tensors.values()
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are no tensors.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}

fn read((name, view): (String, TensorView<'_>)) -> Result<Tensor, String> {
    if view.dtype() != Dtype::F32 {
        return Err(format!("{name} holds {:?}, not 32-bit floats", view.dtype()));
    }
    let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok(Tensor { name, shape: view.shape().to_vec(), values: values.collect() })
}
