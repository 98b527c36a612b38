//! Importance of the units of channels.

use crate::Model;
use crate::groups::{Groups, Role};
use crate::tree::{Layer, grow};
use automl_arch::Op;
use automl_models::NamedTensor;
use automl_numeric::stream;
use automl_train::Training;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Ranking of the units of channels.
///
/// # Examples
/// ```
/// use automl_compress::Importance;
///
/// assert_eq!(Importance::default(), Importance::Taylor);
/// assert_eq!(Importance::L1.name(), "l1");
/// ```
///
/// Scores are divided by their group's mean, so that groups are comparable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// The mean over batches of (dL/dz)^2 with a gate z = 1 on the unit's channels.
    ///
    /// By the chain rule dL/dz is the sum of weight times gradient over all weights that read the
    /// channels; over the filters that make them that sum is 0 wherever normalization follows.
    ///
    /// # Source
    /// Molchanov et al. (2019), "Importance estimation for neural network pruning", eq. (8).
    #[default]
    Taylor,
    /// The sum of absolute weights of the filters that make the channels (Li et al. 2017, "Pruning
    /// filters for efficient ConvNets", section 3.1).
    L1,
    /// The Euclidean norm of these filters.
    L2,
    /// Uniform random numbers: what every ranking has to beat.
    Random,
}

impl Importance {
    /// Name in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taylor => "taylor",
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::Random => "random",
        }
    }

    /// A score for each unit; the larger, the more it is needed.
    ///
    /// `training` holds the same network and weights, and gives the gradients on `batches` batches.
    pub fn scores(
        self,
        model: &Model,
        groups: &Groups,
        training: &Training,
        batches: usize,
        seed: u64,
    ) -> Vec<f64> {
        let layers = model.layers();
        let mut scores = vec![0.0; groups.units()];
        match self {
            Self::Taylor => training.gradients(batches, |gradients| {
                let slopes = slopes(model, &layers, groups, gradients);
                for (score, slope) in scores.iter_mut().zip(slopes) {
                    *score += slope * slope;
                }
            }),
            Self::L1 => visit(&layers, groups, Role::Makes, &mut |unit, _, _, weight| {
                scores[unit] += weight.abs();
            }),
            Self::L2 => {
                visit(&layers, groups, Role::Makes, &mut |unit, _, _, weight| {
                    scores[unit] += weight * weight;
                });
                scores.iter_mut().for_each(|score| *score = score.sqrt());
            }
            Self::Random => {
                let mut rng = stream(seed, 0, "importance");
                scores.iter_mut().for_each(|score| *score = rng.random());
            }
        }
        normalize(&mut scores, groups);
        scores
    }
}

/// Divides scores by the mean of their group.
fn normalize(scores: &mut [f64], groups: &Groups) {
    for group in groups.groups() {
        let mean = group.iter().map(|unit| scores[*unit]).sum::<f64>() / group.len() as f64;
        if mean > 0.0 {
            group.iter().for_each(|unit| scores[*unit] /= mean);
        }
    }
}

/// For each unit the derivative of the loss by a gate on its channels.
fn slopes(model: &Model, layers: &[Layer], groups: &Groups, gradients: &[NamedTensor]) -> Vec<f64> {
    let slope = grow(&model.graph().nodes, gradients);
    let flat = flatten(&slope);
    let mut slopes = vec![0.0; groups.units()];
    visit(layers, groups, Role::Reads, &mut |unit, (node, tensor), at, weight| {
        let gradient = flat.get(node).and_then(|layer| layer.tensors.get(tensor));
        let gradient = gradient.and_then(|tensor| tensor.values.get(at)).copied();
        slopes[unit] += weight * f64::from(gradient.unwrap_or(0.0));
    });
    slopes
}

/// Layers in the order in which [`Groups`] counts them.
pub(crate) fn flatten(layers: &[Layer]) -> Vec<&Layer> {
    let mut flat = Vec::new();
    for layer in layers {
        flat.push(layer);
        layer.branches.iter().for_each(|branch| flat.extend(flatten(branch)));
    }
    flat
}

/// Calls back for each weight with a role: its unit, node and tensor, index and value.
fn visit<'a>(
    layers: &'a [Layer],
    groups: &Groups,
    wanted: Role,
    each: &mut dyn FnMut(usize, (usize, &'a str), usize, f64),
) {
    for (index, layer) in flatten(layers).into_iter().enumerate() {
        if matches!(layer.node, Op::Sum { .. } | Op::Concat { .. } | Op::Product { .. }) {
            continue;
        }
        for (name, tensor) in &layer.tensors {
            for (axis, role, units) in groups.roles(index, &layer.node, name) {
                if role != wanted {
                    continue;
                }
                let inner: usize = tensor.shape[axis + 1..].iter().product();
                for (at, weight) in tensor.values.iter().enumerate() {
                    let unit = units[at / inner % units.len()];
                    each(unit, (index, name), at, f64::from(*weight));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::block;
    use automl_arch::{Activation, Architecture, Block};
    use automl_data::{Augmentation, DataSplits, Dataset, Recipe, Split};
    use automl_models::Network;
    use automl_train::cpu;
    use std::sync::Arc;

    fn without_norm(nodes: &mut [Op]) {
        for node in nodes {
            match node {
                Op::Convolution(conv) => (conv.norm, conv.layer_scale) = (false, false),
                Op::Sum { body: one, shortcut: two }
                | Op::Concat { first: one, second: two }
                | Op::Product { first: one, second: two } => {
                    without_norm(one);
                    without_norm(two);
                }
                _ => {}
            }
        }
    }

    /// The network with the weights that read a unit times a factor.
    fn gated(model: &Model, groups: &Groups, unit: usize, gate: f64) -> Model {
        let mut places = Vec::new();
        let layers = model.layers();
        visit(&layers, groups, Role::Reads, &mut |read, (node, tensor), at, _| {
            if read == unit {
                places.push((node, tensor.to_owned(), at));
            }
        });
        let mut changed = layers.clone();
        let mut index = 0;
        scale(&mut changed, &mut index, &places, gate);
        model.with_layers(&changed).unwrap()
    }

    fn scale(
        layers: &mut [Layer],
        index: &mut usize,
        places: &[(usize, String, usize)],
        gate: f64,
    ) {
        for layer in layers {
            for (_, tensor, at) in places.iter().filter(|place| place.0 == *index) {
                let value = &mut layer.tensors.get_mut(tensor).unwrap().values[*at];
                *value = (f64::from(*value) * gate) as f32;
            }
            *index += 1;
            layer.branches.iter_mut().for_each(|branch| scale(branch, index, places, gate));
        }
    }

    /// Slopes are the derivative of the loss by a gate, and scores their squares.
    #[test]
    fn slopes_are_derivatives() {
        let layers = [
            automl_arch::Layer::once(Block::conv(8, 3, 1, Activation::Silu)),
            automl_arch::Layer::once(Block::MBConv(block::MBConv {
                expansion: 2.0,
                channels: 8,
                stride: 1,
                kernel: 3,
                squeeze_excite: true,
            })),
            automl_arch::Layer::once(Block::conv(8, 3, 2, Activation::Silu)),
            automl_arch::Layer::once(Block::Flatten),
            automl_arch::Layer::once(Block::linear(10)),
        ];
        let mut graph = Architecture::new(1, 8, layers).graph().unwrap();
        without_norm(&mut graph.nodes);
        let mut tensors = Network::from_graph(&graph, 1, &cpu()).tensors();
        let mut rng = stream(1, 0, "test");
        for tensor in &mut tensors {
            let inputs: usize = tensor.shape.iter().skip(1).product();
            let scale = 2.0 / (inputs as f32).sqrt();
            tensor.values.iter_mut().for_each(|x| *x = scale * (rng.random::<f32>() - 0.4));
        }
        let model = Model::new(graph, tensors).unwrap();
        let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
        let data = Arc::new(data.subset(0.1, 0));
        let recipe = Recipe {
            batch: data.train.len(),
            label_smoothing: 0.0,
            augmentation: Augmentation { margin: 0, mirror: false, ..Augmentation::default() },
            ..Recipe::for_data(&data, 1)
        };
        let training = |model: &Model| {
            let weights = model.tensors().to_vec();
            Training::with_weights(model.graph(), weights, &data, &recipe, 0, &cpu()).unwrap()
        };
        let loss = |model: &Model| training(model).evaluate(Split::Train).loss;
        let groups = Groups::find(model.graph());
        let mut found = Vec::new();
        training(&model).gradients(1, |gradients| {
            found = slopes(&model, &model.layers(), &groups, gradients);
        });
        let (mut largest, step) = (0.0_f64, 1e-2);
        for &unit in groups.groups().iter().flatten() {
            let at = |gate| loss(&gated(&model, &groups, unit, gate));
            let slope = (at(1.0 + step) - at(1.0 - step)) / (2.0 * step);
            let error = (slope - found[unit]).abs();
            assert!(error < 2e-4 + 0.01 * slope.abs(), "{unit}: {slope} {}", found[unit]);
            largest = largest.max(slope.abs());
        }
        assert!(largest > 0.02, "{largest}");
        let scores = Importance::Taylor.scores(&model, &groups, &training(&model), 1, 0);
        for group in groups.groups() {
            let mean =
                group.iter().map(|unit| found[*unit].powi(2)).sum::<f64>() / group.len() as f64;
            for unit in group {
                assert!((scores[*unit] - found[*unit].powi(2) / mean).abs() < 1e-6);
            }
        }
    }
}
