//! Checkpoints: saving a training and continuing it.
//!
//! A checkpoint is one safetensors file: the weights, the running statistics, the state of the
//! optimizer and of the average (`velocity.` and the like before the weight's name), and in its
//! metadata all that else shapes the rest of the training.

use crate::optimizer::OptimizerState;
use crate::training::Progress;
use crate::transfer::Transfer;
use crate::{TrainError, Training};
use automl_arch::NetworkSpec;
use automl_data::{DataSplits, Recipe};
use automl_deploy::write_atomic;
use automl_models::{LoadError, NamedTensor, Network};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// The metadata's key.
const KEY: &str = "automl";

/// The metadata's key of the [`checksum`], which checkpoints of earlier versions lack.
const SUM: &str = "checksum";

/// The first words of the names of tensors that belong to a weight: velocities of SGD, both moments of
/// AdamW, and the average.
const STATES: [&str; 4] = ["velocity", "moment", "square", "average"];

/// Reasons for which a checkpoint cannot be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be written or read.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// Failed action: `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The file is not a valid checkpoint.
    #[error("{} is not a valid checkpoint: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Defect of the content.
        reason: String,
    },
    /// The weights do not fit the architecture.
    #[error("{}: {source}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// Misfit between weights and architecture.
        source: LoadError,
    },
    /// The training began on other data.
    #[error("{} is the checkpoint of a training on other data", path.display())]
    OtherData {
        /// The file.
        path: PathBuf,
    },
    /// The training cannot go on with this data.
    #[error(transparent)]
    Train(#[from] TrainError),
}

#[derive(Serialize, Deserialize)]
struct Meta {
    epoch: u64,
    seed: u64,
    recipe: Recipe,
    architecture: NetworkSpec,
    /// Progress within the next epoch; checkpoints of earlier versions end with an epoch.
    #[serde(default)]
    within: Progress,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transfer: Option<Transfer>,
    /// Steps of AdamW, and steps in the average.
    #[serde(default, skip_serializing_if = "is_zero")]
    optimizer_steps: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    average_steps: u64,
    /// The fingerprint of the data; empty in checkpoints of earlier versions.
    #[serde(default)]
    data: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Training {
    /// Saves the training as it stands, also within an epoch. The file is whole or absent: it is
    /// written under another name, made durable and renamed.
    ///
    /// # Errors
    /// [`CheckpointError::File`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let meta = Meta {
            epoch: self.epoch,
            seed: self.seed,
            recipe: self.recipe.clone(),
            architecture: self.description.clone(),
            within: self.within,
            transfer: self.transfer.clone(),
            optimizer_steps: match &self.optimizer {
                OptimizerState::Sgd(_) => 0,
                OptimizerState::AdamW(adamw) => adamw.steps,
            },
            average_steps: self.average.steps,
            data: self.data().identity.fingerprint.clone(),
        };
        let mut tensors = self.network.tensors();
        for (name, id) in self.network.parameter_ids() {
            for (state, of_weights) in self.states() {
                if let Some(values) = of_weights.get(&id) {
                    let values: Vec<f32> = values.to_data().iter::<f32>().collect();
                    let name = format!("{state}.{name}");
                    tensors.push(NamedTensor { name, shape: vec![values.len()], values });
                }
            }
        }
        let content = |reason: String| CheckpointError::Content { path: path.to_owned(), reason };
        let text = serde_json::to_string(&meta).map_err(|e| content(e.to_string()))?;
        let sum = checksum(&mut tensors, &text);
        let meta = [(KEY, text), (SUM, sum)];
        let bytes = encode(&tensors, meta).map_err(|e| content(e.to_string()))?;
        write_atomic(path, &bytes).map_err(|source| CheckpointError::File {
            action: "write",
            path: path.to_owned(),
            source,
        })
    }

    /// The tensors that belong to weights, by the first word of their names.
    fn states(&self) -> Vec<(&'static str, &HashMap<ParamId, Tensor<1>>)> {
        let mut states = self.optimizer.tensors();
        states.push(("average", &self.average.weights));
        states
    }

    fn states_mut(&mut self) -> HashMap<&'static str, &mut HashMap<ParamId, Tensor<1>>> {
        let mut states = self.optimizer.tensors_mut();
        states.push(("average", &mut self.average.weights));
        states.into_iter().collect()
    }

    fn set_steps(&mut self, optimizer_steps: u64, average_steps: u64) {
        if let OptimizerState::AdamW(adamw) = &mut self.optimizer {
            adamw.steps = optimizer_steps;
        }
        self.average.steps = average_steps;
    }

    /// A new training of a saved network: its weights, but another recipe, data and seed.
    ///
    /// # Errors
    /// Those of [`Training::resume`].
    pub fn from_weights(
        path: &Path,
        data: &Arc<DataSplits>,
        recipe: &Recipe,
        seed: u64,
        device: &Device,
    ) -> Result<Self, CheckpointError> {
        let saved = Self::resume(path, data, device)?;
        let device = device.clone().autodiff();
        Ok(Self::assemble(saved.description, data, recipe, seed, device, saved.network)?)
    }

    /// Takes over the state of a saved training of another network: its epoch, and its weights,
    /// running statistics, optimizer state and average where a tensor of the same name has the same
    /// shape, and the recipe uses it. The others stay as they are, as do recipe, data and seed. Returns the share of this network's weights that
    /// were taken over, in `[0, 1]`.
    ///
    /// # Errors
    /// Those of [`Training::resume`]; the training is then as before.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Architecture, Block, Layer};
    /// use automl_data::{DataSplits, Dataset, Recipe};
    /// use automl_train::{Training, cpu};
    /// use std::sync::Arc;
    ///
    /// let data = DataSplits::split(&Dataset::digits()?, 0.15, 0)?;
    /// let data = Arc::new(data.subset(0.1, 0));
    /// let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
    /// let architecture = Architecture::new(1, 8, layers);
    /// let recipe = Recipe::for_data(&data, 3);
    /// let mut parent = Training::new(&architecture, &data, &recipe, 0, &cpu())?;
    /// parent.run_epoch(&|| false)?;
    /// let path = std::env::temp_dir().join(format!("automl-inherit-{}", std::process::id()));
    /// parent.save(&path)?;
    /// let mut child = Training::new(&architecture, &data, &recipe, 1, &cpu())?;
    /// assert_eq!(child.inherit(&path)?, 1.0);
    /// assert_eq!((child.epoch(), child.network().tensors()), (1, parent.network().tensors()));
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inherit(&mut self, path: &Path) -> Result<f64, CheckpointError> {
        let parent = Self::resume(path, self.shared_data(), &self.device().clone().inner())?;
        let mut known: HashMap<String, NamedTensor> =
            parent.network.tensors().into_iter().map(|t| (t.name.clone(), t)).collect();
        let mut inherited = HashSet::new();
        let (mut taken, mut total) = (0, 0);
        let mut inherit = |own: NamedTensor| {
            total += own.values.len();
            match known.remove(&own.name) {
                Some(tensor) if tensor.shape == own.shape => {
                    taken += own.values.len();
                    inherited.insert(own.name);
                    tensor
                }
                _ => own,
            }
        };
        let tensors = self.network.tensors().into_iter().map(&mut inherit).collect();
        let network = self.network.clone().with_tensors(tensors);
        self.network =
            network.map_err(|source| CheckpointError::Load { path: path.to_owned(), source })?;
        self.epoch = parent.epoch;
        let ids: HashMap<_, _> = parent.network.parameter_ids().into_iter().collect();
        let own: Vec<_> = self.network.parameter_ids();
        let uses_average = self.recipe.regularization.average > 0.0;
        let mut states = self.states_mut();
        for (state, of_weights) in parent.states() {
            let Some(to) = states.get_mut(state).filter(|_| state != "average" || uses_average)
            else {
                continue;
            };
            for (name, id) in own.iter().filter(|(name, _)| inherited.contains(name)) {
                if let Some(values) = ids.get(name).and_then(|id| of_weights.get(id)) {
                    to.insert(*id, values.clone());
                }
            }
        }
        let average_steps = if uses_average { parent.average.steps } else { 0 };
        let optimizer_steps = match &parent.optimizer {
            OptimizerState::Sgd(_) => 0,
            OptimizerState::AdamW(adamw) => adamw.steps,
        };
        self.set_steps(optimizer_steps, average_steps);
        Ok(taken as f64 / total.max(1) as f64)
    }

    /// Continues a saved training if there is one. `None` without a file, and for one that is damaged or does
    /// not fit, after its error.
    ///
    /// # Examples
    /// ```
    /// use automl_data::{DataSplits, Dataset};
    /// use automl_train::{Training, cpu};
    /// use std::path::Path;
    /// use std::sync::Arc;
    ///
    /// let data = Arc::new(DataSplits::split(&Dataset::digits()?, 0.15, 0)?);
    /// let known = Training::resume_if_whole(Path::new("no.ckpt"), &data, &cpu(), |_| unreachable!());
    /// assert!(known.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume_if_whole(
        path: &Path,
        data: &Arc<DataSplits>,
        device: &Device,
        note: impl FnOnce(CheckpointError),
    ) -> Option<Self> {
        match Self::resume(path, data, device) {
            Ok(training) => Some(training),
            Err(CheckpointError::File { source, .. }) if source.kind() == NotFound => None,
            Err(error) => {
                note(error);
                None
            }
        }
    }

    /// Continues a saved training: on the same data and device bit for bit as if it had never
    /// stopped.
    ///
    /// # Errors
    /// [`CheckpointError`] if the file cannot be read, is damaged, holds NaN or infinity, or does not fit the data.
    pub fn resume(
        path: &Path,
        data: &Arc<DataSplits>,
        device: &Device,
    ) -> Result<Self, CheckpointError> {
        let file = |source| CheckpointError::File { action: "read", path: path.to_owned(), source };
        let content = |reason: String| CheckpointError::Content { path: path.to_owned(), reason };
        let bytes = fs::read(path).map_err(file)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| content(e.to_string()))?;
        let text = header.metadata().as_ref().and_then(|map| map.get(KEY));
        let text = text.ok_or_else(|| content("it has no metadata".into()))?;
        let mut tensors = decode(&bytes).map_err(|e| content(e.to_string()))?;
        let sum = header.metadata().as_ref().and_then(|map| map.get(SUM));
        if sum.is_some_and(|sum| *sum != checksum(&mut tensors, text)) {
            return Err(content("its checksum is another".into()));
        }
        if let Some(tensor) = tensors.iter().find(|t| t.values.iter().any(|x| !x.is_finite())) {
            return Err(content(format!("{} holds a value that is no number", tensor.name)));
        }
        let meta: Meta = serde_json::from_str(text).map_err(|e| content(e.to_string()))?;
        if !data.identity.continues(&meta.data) {
            return Err(CheckpointError::OtherData { path: path.to_owned() });
        }
        let is_state = |tensor: &NamedTensor| {
            tensor.name.split_once('.').is_some_and(|(first, _)| STATES.contains(&first))
        };
        let (of_weights, weights): (Vec<_>, Vec<_>) = tensors.into_iter().partition(is_state);
        let device = device.clone().autodiff();
        let graph = meta.architecture.graph().map_err(TrainError::from)?;
        let network = Network::from_graph(&graph, 0, &device)
            .with_tensors(weights)
            .map_err(|source| CheckpointError::Load { path: path.to_owned(), source })?;
        let lengths = lengths(&network);
        let plain = device.clone().inner();
        let Meta { epoch, seed, recipe, architecture, within, transfer, .. } = meta;
        let mut training = Self::assemble(architecture, data, &recipe, seed, device, network)?;
        (training.epoch, training.within, training.transfer) = (epoch, within, transfer);
        let ids: HashMap<_, _> = training.network.parameter_ids().into_iter().collect();
        training.set_steps(meta.optimizer_steps, meta.average_steps);
        let mut states = training.states_mut();
        for NamedTensor { name, shape, values } in of_weights {
            let (state, weight) = name.split_once('.').unwrap_or_default();
            let fits = lengths.get(weight) == Some(&values.len());
            let place = ids.get(weight).filter(|_| fits).zip(states.get_mut(state));
            let Some((id, state)) = place else {
                return Err(content(format!("{name} fits no weight")));
            };
            state.insert(*id, Tensor::from_data(TensorData::new(values, shape), &plain));
        }
        drop(states);
        Ok(training)
    }
}

/// The number of elements of each parameter.
fn lengths(network: &Network) -> HashMap<String, usize> {
    #[derive(Default)]
    struct Counter(Vec<usize>);
    impl ModuleVisitor for Counter {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.push(param.dims().iter().product());
        }
    }
    let tensors = network.tensors();
    let mut counter = Counter::default();
    network.valid().visit(&mut counter);
    tensors.into_iter().map(|tensor| tensor.name).zip(counter.0).collect()
}

/// The FNV-1a hash of the metadata and, in the order of their names, of the tensors; sorts them. A bit that
/// a disk has turned over in a number would otherwise be trained on.
fn checksum(tensors: &mut [NamedTensor], text: &str) -> String {
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |word: u64| hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().for_each(|byte| add(byte.into()));
    for tensor in tensors.iter() {
        tensor.name.bytes().for_each(|byte| add(byte.into()));
        tensor.shape.iter().for_each(|size| add(*size as u64));
        tensor.values.iter().for_each(|x| add(x.to_bits().into()));
    }
    format!("{hash:016x}")
}

/// Tensors as the bytes of a safetensors file.
pub(crate) fn encode<'a>(
    tensors: &[NamedTensor],
    meta: impl IntoIterator<Item = (&'a str, String)>,
) -> Result<Vec<u8>, SafeTensorError> {
    let raw: Vec<Vec<u8>> = tensors
        .iter()
        .map(|tensor| tensor.values.iter().flat_map(|x| x.to_le_bytes()).collect())
        .collect();
    let views = tensors
        .iter()
        .zip(&raw)
        .map(|(tensor, bytes)| {
            let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes)?;
            Ok((tensor.name.clone(), view))
        })
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    let meta: HashMap<_, _> = meta.into_iter().map(|(key, text)| (key.to_owned(), text)).collect();
    safetensors::serialize(views, Some(meta).filter(|meta| !meta.is_empty()))
}

/// The tensors of a safetensors file, in the order of their names.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<NamedTensor>, SafeTensorError> {
    let file = SafeTensors::deserialize(bytes)?;
    let tensor = |(name, view): (String, TensorView<'_>)| {
        if view.dtype() != Dtype::F32 {
            return Err(SafeTensorError::InvalidTensorView(
                view.dtype(),
                view.shape().to_vec(),
                view.data().len(),
            ));
        }
        let values = view
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect();
        Ok(NamedTensor { name, shape: view.shape().to_vec(), values })
    };
    let tensors: Result<Vec<_>, _> = file.tensors().into_iter().map(tensor).collect();
    let mut tensors = tensors?;
    tensors.sort_by(|a: &NamedTensor, b| a.name.cmp(&b.name));
    Ok(tensors)
}

/// Failure to read weights.
#[derive(Debug, Error)]
#[error("cannot read the weights of {}: {reason}", path.display())]
pub struct WeightsError {
    /// The file.
    pub path: PathBuf,
    /// Reason.
    pub reason: String,
}

/// The tensors of a `weights.safetensors`, as [`Network::with_tensors`] takes them.
///
/// # Errors
/// [`WeightsError`] if the file cannot be read, is damaged, or holds other numbers than 32-bit
/// floats.
pub fn read_weights(path: &Path) -> Result<Vec<NamedTensor>, WeightsError> {
    let fail = |reason: String| WeightsError { path: path.to_owned(), reason };
    let bytes = fs::read(path).map_err(|error| fail(error.to_string()))?;
    decode(&bytes).map_err(|error| fail(error.to_string()))
}
