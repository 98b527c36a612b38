//! Folded weights back to those of a network with normalization.

use crate::fold::EPSILON;
use crate::operation::Operation;
use crate::program::{Program, Step};
use crate::weights::{Tensor, Weights};

/// Scales of normalization below which folded weights cannot be divided by them.
const LEAST_SCALE: f32 = 1e-4;

impl Program {
    /// The weights of a network that [lowers](Self::lower) to this program up to rounding, given another
    /// program of the network and the weights that it was lowered from. Only weights and biases differ.
    ///
    /// Normalization keeps its mean m and variance v, and its factor γ where |γ| / √(v + ε) is at
    /// least 1e-4; else γ becomes √(v + ε). With s = γ / √(v + ε), a change Δw of folded weights and Δb of
    /// biases adds Δw / s to the weights of the convolution and Δb to the shift β of its normalization. Of
    /// a sum that is folded to one convolution, the branch with the largest kernel takes the change.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Activation, Architecture, Block, Layer};
    /// use automl_deploy::{Operation, Program, Tensor, Weights};
    ///
    /// let layers = [
    ///     Layer::once(Block::conv(8, 1, 1, Activation::Relu)),
    ///     Layer::once(Block::GlobalAvgPool),
    ///     Layer::once(Block::Flatten),
    /// ];
    /// let graph = Architecture::new(1, 2, layers).graph()?;
    /// let tensor = |name: &str, shape: &[usize], value: f32| Tensor {
    ///     name: format!("layers.0.Convolution.{name}"),
    ///     shape: shape.to_vec(),
    ///     values: vec![value; shape.iter().product()],
    /// };
    /// let weights = Weights::new([
    ///     tensor("weight", &[8, 1, 1, 1], 3.0),
    ///     tensor("norm.batch.gamma", &[8], 0.5),
    ///     tensor("norm.batch.beta", &[8], 0.25),
    ///     tensor("norm.batch.running_mean", &[8], 2.0),
    ///     tensor("norm.batch.running_var", &[8], 4.0),
    /// ]);
    /// let before = Program::lower(&graph, &weights)?;
    /// let mut program = before.clone();
    /// if let Operation::Convolution(convolution) = &mut program.steps[0].operation {
    ///     convolution.weight[0] *= 2.0;
    /// }
    /// let weight = program.unfold(&before, &weights).get("layers.0.Convolution.weight").unwrap().values[0];
    /// assert!((weight - 6.0).abs() < 1e-5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unfold(&self, before: &Self, weights: &Weights) -> Weights {
        let mut changed: Vec<Tensor> = weights.iter().cloned().collect();
        for (after, before) in self.steps.iter().zip(&before.steps) {
            for (name, values) in tensors(before, after, weights) {
                if let Some(tensor) = changed.iter_mut().find(|tensor| tensor.name == name) {
                    tensor.values = values;
                }
            }
        }
        Weights::new(changed)
    }
}

/// The tensors of a step by their names in the network, with its changes.
fn tensors(before: &Step, after: &Step, weights: &Weights) -> Vec<(String, Vec<f32>)> {
    let name = &after.name;
    let layer = |name: &str| [format!("{name}.weight"), format!("{name}.bias")];
    match (&before.operation, &after.operation) {
        (Operation::Convolution(old), Operation::Convolution(new)) => {
            let changes = [difference(&old.weight, &new.weight), difference(&old.bias, &new.bias)];
            let names = if weights.get(name).is_some() {
                // A layer of squeeze-and-excitation.
                [name.clone(), format!("{name}_bias")]
            } else if weights.get(&format!("{name}.weight")).is_some() {
                layer(name)
            } else {
                layer(&branch(name, new.kernel, weights))
            };
            let normalized =
                names[0].strip_suffix(".weight").map(|name| format!("{name}.norm.batch"));
            match normalized.filter(|norm| weights.get(&format!("{norm}.gamma")).is_some()) {
                Some(norm) => in_front_of(&norm, &names[0], changes, weights),
                None => names.into_iter().zip(changes).map(|(n, c)| sum(n, &c, weights)).collect(),
            }
        }
        (Operation::Linear(old), Operation::Linear(new)) => {
            let changes = [difference(&old.weight, &new.weight), difference(&old.bias, &new.bias)];
            layer(name).into_iter().zip(changes).map(|(n, c)| sum(n, &c, weights)).collect()
        }
        (Operation::ChannelConvolution(old), Operation::ChannelConvolution(new)) => {
            let layer = name.strip_suffix(".gate").unwrap_or(name);
            vec![sum(format!("{layer}.weight"), &difference(&old.weight, &new.weight), weights)]
        }
        _ => Vec::new(),
    }
}

fn difference(old: &[f32], new: &[f32]) -> Vec<f32> {
    new.iter().zip(old).map(|(new, old)| new - old).collect()
}

/// A tensor plus a change.
fn sum(name: String, change: &[f32], weights: &Weights) -> (String, Vec<f32>) {
    let old = values(&name, weights);
    (name, old.iter().zip(change).map(|(old, change)| old + change).collect())
}

fn values(name: &str, weights: &Weights) -> Vec<f32> {
    weights.get(name).map_or(Vec::new(), |tensor| tensor.values.clone())
}

/// The convolution below a folded sum that has a kernel of this side.
fn branch(name: &str, kernel: usize, weights: &Weights) -> String {
    let below = format!("{name}.");
    let is_branch =
        |tensor: &&Tensor| tensor.name.starts_with(&below) && tensor.shape.get(2) == Some(&kernel);
    let found = weights.iter().filter(is_branch).find_map(|t| t.name.strip_suffix(".weight"));
    found.unwrap_or(name).to_owned()
}

/// Weights in front of a normalization, its factors and its shifts.
fn in_front_of(
    norm: &str,
    name: &str,
    [weight_change, bias_change]: [Vec<f32>; 2],
    weights: &Weights,
) -> Vec<(String, Vec<f32>)> {
    let of = |part: &str| values(&format!("{norm}.{part}"), weights);
    let (mut gamma, mut beta) = (of("gamma"), of("beta"));
    let (mean, variance, mut weight) =
        (of("running_mean"), of("running_var"), values(name, weights));
    let filter = (weight.len() / gamma.len().max(1)).max(1);
    let layer = name.strip_suffix(".weight").unwrap_or(name);
    let mut factors = values(&format!("{layer}.layer_scale"), weights);
    factors.resize(gamma.len(), 1.0);
    let parts = weight.chunks_mut(filter).zip(weight_change.chunks(filter));
    for (channel, (weight, change)) in parts.enumerate() {
        let factor = factors[channel];
        if factor.abs() < LEAST_SCALE {
            // Nothing that is learned reaches the outputs through it.
            continue;
        }
        let root = (variance[channel] + EPSILON).sqrt();
        let scale = gamma[channel] / root;
        if scale.abs() < LEAST_SCALE {
            weight.iter_mut().for_each(|w| *w *= scale);
            beta[channel] += mean[channel] * (1.0 - scale);
            gamma[channel] = root;
        }
        let scale = gamma[channel] / root;
        weight.iter_mut().zip(change).for_each(|(w, change)| *w += change / (scale * factor));
        beta[channel] += bias_change[channel] / factor;
    }
    let [gamma_name, beta_name] = ["gamma", "beta"].map(|part| format!("{norm}.{part}"));
    vec![(name.to_owned(), weight), (gamma_name, gamma), (beta_name, beta)]
}
