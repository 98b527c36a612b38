//! Removal of channels.

use crate::groups::Groups;
use crate::tree::{Layer, branches, with_branches};
use crate::{Budget, Model, ModelError};
use automl_arch::{Cost, Graph, Op};
use automl_models::NamedTensor;
use thiserror::Error;

/// Channels that stay in any case.
///
/// # Examples
/// ```
/// use automl_compress::MinChannels;
///
/// let aligned = MinChannels { multiple: 8, ..MinChannels::default() };
/// assert_eq!((aligned.units, aligned.multiple), (2, 8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinChannels {
    /// The fewest units that stay of a layer's; all, where it has fewer.
    pub units: usize,
    /// The number of units that stay is a multiple of this, where the group has as many.
    pub multiple: usize,
}

impl Default for MinChannels {
    fn default() -> Self {
        Self { units: 2, multiple: 1 }
    }
}

/// Reasons for which channels cannot be removed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PruneError {
    /// The numbers of scores and units differ.
    #[error("{found} scores for {expected} units")]
    Scores {
        /// Number of scores.
        found: usize,
        /// Number of units.
        expected: usize,
    },
    /// The budget cannot be met.
    #[error(
        "pruning cannot reach {budget}: {parameters} parameters and {macs} multiply-accumulates \
         are left when every layer is down to its least channels"
    )]
    OutOfReach {
        /// The budget.
        budget: Budget,
        /// Parameters of the smallest network.
        parameters: u64,
        /// Multiply-accumulates of the smallest network.
        macs: u64,
    },
    /// The smaller network is invalid.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Removes the units with the lowest scores, over all groups, until the budget is met: the fewest
/// in that order. What is left is a smaller dense network.
///
/// Where all weights that read a removed unit are zero, the network computes the same function,
/// unless efficient channel attention (a convolution *along* the channels) gets other neighbours.
///
/// # Errors
/// [`PruneError`] if the budget cannot be met, or for scores of another network.
pub fn prune(
    model: &Model,
    groups: &Groups,
    scores: &[f64],
    budget: &Budget,
    min_channels: MinChannels,
) -> Result<Model, PruneError> {
    let (found, expected) = (scores.len(), groups.units());
    if found != expected {
        return Err(PruneError::Scores { found, expected });
    }
    let order = order(groups, scores, min_channels);
    let keep = |count: usize| kept(groups, &order, count, scores, min_channels);
    let cost = |count: usize| cost(model.graph(), groups, &keep(count));
    let least = cost(order.len());
    if !budget.allows(&least) {
        let Cost { parameters, macs, .. } = least;
        return Err(PruneError::OutOfReach { budget: *budget, parameters, macs });
    }
    // The cost falls with every removal, so the first count that will do is found by halving.
    let (mut low, mut high) = (0, order.len());
    while low < high {
        let middle = (low + high) / 2;
        if budget.allows(&cost(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(remove(model, groups, &keep(high))?)
}

/// Checks that [`prune`] can meet a budget. Where groups overlap with layers, other scores may leave a
/// few channels more or less, so [`prune`] may still say otherwise.
///
/// # Errors
/// [`PruneError::OutOfReach`] if not.
pub(crate) fn within_reach(
    model: &Model,
    groups: &Groups,
    budget: &Budget,
    min_channels: MinChannels,
) -> Result<(), PruneError> {
    let scores = vec![1.0; groups.units()];
    let order = order(groups, &scores, min_channels);
    let keep = kept(groups, &order, order.len(), &scores, min_channels);
    let least = cost(model.graph(), groups, &keep);
    if budget.allows(&least) {
        return Ok(());
    }
    let Cost { parameters, macs, .. } = least;
    Err(PruneError::OutOfReach { budget: *budget, parameters, macs })
}

/// Removes the units that are not kept.
///
/// # Errors
/// [`ModelError`] where a layer would have no channels left.
pub fn remove(model: &Model, groups: &Groups, keep: &[bool]) -> Result<Model, ModelError> {
    let mut layers = model.layers();
    shrink(&mut layers, groups, keep, &mut 0);
    model.with_layers(&layers)
}

/// Sets all weights that read a unit that is not kept to zero.
///
/// # Errors
/// None in practice.
pub fn mask(model: &Model, groups: &Groups, keep: &[bool]) -> Result<Model, ModelError> {
    let mut layers = model.layers();
    mask_units(&mut layers, groups, keep, &mut 0);
    model.with_layers(&layers)
}

/// Removable units, lowest score first, without those at the top of each group and layer that must
/// stay.
fn order(groups: &Groups, scores: &[f64], min_channels: MinChannels) -> Vec<usize> {
    let mut stays = vec![false; groups.units()];
    let mut sets: Vec<&Vec<usize>> = groups.groups().iter().chain(groups.layers()).collect();
    // What a small set needs counts for the large ones that hold it.
    sets.sort_by_key(|units| units.len());
    for units in sets {
        let (known, mut rest): (Vec<usize>, Vec<usize>) = units.iter().partition(|u| stays[**u]);
        rest.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        let missing = least(units.len(), min_channels).saturating_sub(known.len());
        rest.iter().take(missing).for_each(|unit| stays[*unit] = true);
    }
    let all = groups.groups().iter().flatten().copied();
    let mut order: Vec<usize> = all.filter(|unit| !stays[*unit]).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    order
}

/// The fewest units that stay of as many.
fn least(size: usize, min_channels: MinChannels) -> usize {
    let units = min_channels.units.max(1).next_multiple_of(min_channels.multiple.max(1));
    units.min(size)
}

/// Units that stay once the first `count` of the order go; groups are filled up to a multiple.
fn kept(
    groups: &Groups,
    order: &[usize],
    count: usize,
    scores: &[f64],
    min_channels: MinChannels,
) -> Vec<bool> {
    let mut keep = vec![true; groups.units()];
    order[..count].iter().for_each(|unit| keep[*unit] = false);
    if min_channels.multiple < 2 {
        return keep;
    }
    for group in groups.groups() {
        let stay = group.iter().filter(|unit| keep[**unit]).count();
        let wanted = stay.next_multiple_of(min_channels.multiple).min(group.len());
        let mut gone: Vec<usize> = group.iter().copied().filter(|unit| !keep[*unit]).collect();
        gone.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        gone.iter().take(wanted - stay).for_each(|unit| keep[*unit] = true);
    }
    keep
}

fn cost(network: &Graph, groups: &Groups, keep: &[bool]) -> Cost {
    let mut smaller = network.clone();
    smaller.nodes = resized(&network.nodes, groups, keep, &mut 0);
    smaller.cost()
}

fn resized(nodes: &[Op], groups: &Groups, keep: &[bool], index: &mut usize) -> Vec<Op> {
    let single = |node: &Op| {
        let own = *index;
        *index += 1;
        let inner = branches(node).map(|branch| resized(branch, groups, keep, index));
        let mut node = with_branches(node, inner);
        groups.resize(own, &mut node, keep);
        node
    };
    nodes.iter().map(single).collect()
}

fn shrink(layers: &mut [Layer], groups: &Groups, keep: &[bool], index: &mut usize) {
    for layer in layers {
        let own = *index;
        *index += 1;
        for (name, tensor) in &mut layer.tensors {
            for (axis, _, units) in groups.roles(own, &layer.node, name) {
                let stay: Vec<bool> = units.iter().map(|unit| keep[*unit]).collect();
                select(tensor, axis, &stay);
            }
        }
        groups.resize(own, &mut layer.node, keep);
        layer.branches.iter_mut().for_each(|branch| shrink(branch, groups, keep, index));
    }
}

/// Keeps some positions along an axis.
fn select(tensor: &mut NamedTensor, axis: usize, stay: &[bool]) {
    let inner: usize = tensor.shape[axis + 1..].iter().product();
    let chunks = tensor.values.chunks_exact(inner.max(1)).enumerate();
    let chosen = chunks.filter(|(at, _)| stay[at % stay.len()]);
    tensor.values = chosen.flat_map(|(_, values)| values.iter().copied()).collect();
    tensor.shape[axis] = stay.iter().filter(|stays| **stays).count();
}

fn mask_units(layers: &mut [Layer], groups: &Groups, keep: &[bool], index: &mut usize) {
    use crate::groups::Role;
    for layer in layers {
        let own = *index;
        *index += 1;
        for (name, tensor) in &mut layer.tensors {
            for (axis, role, units) in groups.roles(own, &layer.node, name) {
                if role != Role::Reads {
                    continue;
                }
                let inner: usize = tensor.shape[axis + 1..].iter().product();
                for (at, weight) in tensor.values.iter_mut().enumerate() {
                    if !keep[units[at / inner % units.len()]] {
                        *weight = 0.0;
                    }
                }
            }
        }
        layer.branches.iter_mut().for_each(|branch| mask_units(branch, groups, keep, index));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{Activation, Architecture, Block, Convolution, Layer};

    fn conv(inputs: usize, outputs: usize) -> Op {
        Op::Convolution(Convolution {
            inputs,
            outputs,
            kernel: 1,
            stride: 1,
            padding: (0, 0),
            groups: 1,
            norm: true,
            activation: Activation::Relu,
            dilation: 1,
            layer_scale: false,
        })
    }

    /// What a small layer keeps counts for the others that share its channels.
    #[test]
    fn no_more_stays_than_must() {
        let layers = [
            Layer::once(Block::conv(8, 1, 1, Activation::Relu)),
            Layer::once(Block::conv(16, 1, 1, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(5)),
        ];
        let mut network = Architecture::new(1, 8, layers).graph().unwrap();
        let join = |one: usize| {
            vec![Op::Concat { first: vec![conv(8, one)], second: vec![conv(8, 16 - one)] }]
        };
        network.nodes[1] = Op::Sum { body: join(8), shortcut: join(4) };
        network.check().unwrap();
        let groups = Groups::find(&network);
        let whole = groups.groups().iter().find(|group| group.len() == 16).unwrap();
        let mut scores = vec![1.0; groups.units()];
        // The best half of the first 8 are those that the layer of 4 does not make.
        whole[4..8].iter().for_each(|unit| scores[*unit] = 2.0);
        let order = order(&groups, &scores, MinChannels { units: 4, multiple: 1 });
        let gone: Vec<bool> = whole.iter().map(|unit| order.contains(unit)).collect();
        assert_eq!(gone.iter().filter(|gone| !**gone).count(), 8, "{gone:?}");
        for layer in [0..8, 8..16, 0..4, 4..16] {
            assert!(gone[layer.clone()].iter().filter(|gone| !**gone).count() >= 4, "{layer:?}");
        }
    }
}
