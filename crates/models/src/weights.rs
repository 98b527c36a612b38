//! Weights as a flat list, for files of any format.

use crate::network::Network;
use automl_arch::{Architecture, ArchitectureError};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::collections::HashMap;

/// Named tensor of a network.
///
/// # Examples
/// ```
/// use automl_models::NamedTensor;
///
/// let name = "layers.0.Convolution.norm.running_mean".to_owned();
/// let tensor = NamedTensor { name, shape: vec![2], values: vec![0.0, 0.0] };
/// assert!(!tensor.is_parameter());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Path in the network, such as `layers.0.Convolution.norm.running_mean`.
    pub name: String,
    /// Lengths of its axes, slowest first.
    pub shape: Vec<usize>,
    /// Values, last axis fastest.
    pub values: Vec<f32>,
}

/// Reasons for which weights do not fit a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The network itself cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A tensor is missing.
    #[error("the weights lack {name}")]
    Missing {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor belongs to no layer.
    #[error("{name} belongs to no layer of the network")]
    Unknown {
        /// Name of the tensor.
        name: String,
    },
    /// The shape of a tensor differs from the network's, or from its number of values.
    #[error(
        "{name} has shape {found:?} and {numbers} numbers, the network's has shape {expected:?}"
    )]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Shape of the given tensor.
        found: Vec<usize>,
        /// Number of values of the given tensor.
        numbers: usize,
        /// Shape in the network.
        expected: Vec<usize>,
    },
}

impl Network {
    /// Weights, biases, normalization vectors and running statistics (`running_mean`,
    /// `running_var`) with their names, always in the same order.
    pub fn tensors(&self) -> Vec<NamedTensor> {
        let mut reader = Reader::default();
        // Evaluation mode also brings the running statistics up to the latest batch.
        self.valid().visit(&mut reader);
        reader.tensors
    }

    /// Names and identities of the learned tensors, in the order of [`tensors`](Self::tensors).
    ///
    /// burn's optimizers key their state by identity, which differs from process to process; a
    /// checkpoint keys it by name.
    pub fn parameter_ids(&self) -> Vec<(String, ParamId)> {
        let mut namer = Namer::default();
        self.visit(&mut namer);
        namer.ids
    }

    /// The gradients of the learned tensors, with the names and in the order of
    /// [`tensors`](Self::tensors); a tensor that the loss does not depend on is left out.
    pub fn gradient_tensors(&self, gradients: &Gradients) -> Vec<NamedTensor> {
        let mut reader = GradientReader { path: Path::default(), gradients, tensors: Vec::new() };
        self.visit(&mut reader);
        reader.tensors
    }

    /// Network with the given weights, as [`tensors`](Self::tensors) lists them.
    ///
    /// # Errors
    /// An architecture that cannot be built; a tensor that is missing, superfluous or of another
    /// shape.
    pub fn load(
        architecture: &Architecture,
        tensors: Vec<NamedTensor>,
        device: &Device,
    ) -> Result<Self, LoadError> {
        Self::new(architecture, 0, device)?.with_tensors(tensors)
    }

    /// Replaces the weights by others, as [`tensors`](Self::tensors) lists them.
    ///
    /// # Errors
    /// A tensor that is missing, superfluous or of another shape.
    pub fn with_tensors(self, tensors: Vec<NamedTensor>) -> Result<Self, LoadError> {
        let mut writer = Writer {
            path: Path::default(),
            tensors: tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect(),
            error: None,
        };
        let network = self.map(&mut writer);
        if let Some(error) = writer.error {
            return Err(error);
        }
        match writer.tensors.into_keys().min() {
            Some(name) => Err(LoadError::Unknown { name }),
            None => Ok(network),
        }
    }
}

/// Position of a walk over the modules.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn name(&self) -> String {
        self.0.join(".")
    }
}

#[derive(Default)]
struct Reader {
    path: Path,
    tensors: Vec<NamedTensor>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.tensors.push(named(self.path.name(), param.val()));
    }
}

fn named<const D: usize>(name: String, tensor: Tensor<D>) -> NamedTensor {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().convert::<f32>().iter::<f32>().collect();
    NamedTensor { name, shape, values }
}

struct GradientReader<'a> {
    path: Path,
    gradients: &'a Gradients,
    tensors: Vec<NamedTensor>,
}

impl ModuleVisitor for GradientReader<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.tensors.push(named(self.path.name(), gradient));
        }
    }
}

#[derive(Default)]
struct Namer {
    path: Path,
    ids: Vec<(String, ParamId)>,
}

impl ModuleVisitor for Namer {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.name();
        if !is_statistic(&name) {
            self.ids.push((name, param.id));
        }
    }
}

/// `true` for a running statistic, which is not learned.
fn is_statistic(name: &str) -> bool {
    name.ends_with(".running_mean") || name.ends_with(".running_var")
}

impl NamedTensor {
    /// `true` for learned values, `false` for running statistics of batch normalization.
    pub fn is_parameter(&self) -> bool {
        !is_statistic(&self.name)
    }
}

struct Writer {
    path: Path,
    tensors: HashMap<String, NamedTensor>,
    error: Option<LoadError>,
}

impl ModuleMapper for Writer {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let expected = param.dims().to_vec();
        let Some(found) = self.tensors.remove(&name) else {
            self.error.get_or_insert(LoadError::Missing { name });
            return param;
        };
        let numbers = found.values.len();
        if found.shape != expected || numbers != expected.iter().product::<usize>() {
            let found = found.shape;
            self.error.get_or_insert(LoadError::Shape { name, found, numbers, expected });
            return param;
        }
        param.map(|old| {
            let data = TensorData::new(found.values, found.shape);
            let new = Tensor::from_data(data, &old.device());
            if old.is_require_grad() { new.require_grad() } else { new }
        })
    }
}
