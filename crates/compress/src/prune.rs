//! Removing channels.

use crate::groups::Groups;
use crate::tree::{Layer, branches, with_branches};
use crate::{Budget, Model, ModelError};
use automl_models::{Canonical, Cost, NamedTensor, Node};
use thiserror::Error;

/// What is left in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The fewest units that stay of a layer's; all, where it has fewer.
    pub units: usize,
    /// The number of units that stay is a multiple of this, where the group has as many.
    pub multiple: usize,
}

impl Default for Floor {
    fn default() -> Self {
        Self { units: 2, multiple: 1 }
    }
}

/// Why channels cannot be removed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum PruneError {
    /// There are not as many scores as units.
    #[error("{found} scores for {expected} units")]
    Scores {
        /// How many there are.
        found: usize,
        /// How many there should be.
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
    /// The smaller network is none.
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
    floor: Floor,
) -> Result<Model, PruneError> {
    let (found, expected) = (scores.len(), groups.units());
    if found != expected {
        return Err(PruneError::Scores { found, expected });
    }
    let order = order(groups, scores, floor);
    let keep = |count: usize| kept(groups, &order, count, scores, floor);
    let cost = |count: usize| cost(model.canonical(), groups, &keep(count));
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

/// Whether [`prune`] can meet a budget, whatever the scores are.
///
/// # Errors
/// [`PruneError::OutOfReach`] if not.
pub(crate) fn within_reach(
    model: &Model,
    groups: &Groups,
    budget: &Budget,
    floor: Floor,
) -> Result<(), PruneError> {
    let scores = vec![1.0; groups.units()];
    let order = order(groups, &scores, floor);
    let keep = kept(groups, &order, order.len(), &scores, floor);
    let least = cost(model.canonical(), groups, &keep);
    if budget.allows(&least) {
        return Ok(());
    }
    let Cost { parameters, macs, .. } = least;
    Err(PruneError::OutOfReach { budget: *budget, parameters, macs })
}

/// The network without the units that are not kept.
///
/// # Errors
/// [`ModelError`] where a layer would have no channels left.
pub fn remove(model: &Model, groups: &Groups, keep: &[bool]) -> Result<Model, ModelError> {
    let mut layers = model.layers();
    shrink(&mut layers, groups, keep, &mut 0);
    model.with_layers(&layers)
}

/// The network with zeros in place of all weights that read a unit that is not kept.
///
/// # Errors
/// None in practice.
pub fn mask(model: &Model, groups: &Groups, keep: &[bool]) -> Result<Model, ModelError> {
    let mut layers = model.layers();
    silence(&mut layers, groups, keep, &mut 0);
    model.with_layers(&layers)
}

/// Removable units, lowest score first, without those at the top of each group and layer that must
/// stay.
fn order(groups: &Groups, scores: &[f64], floor: Floor) -> Vec<usize> {
    let mut stays = vec![false; groups.units()];
    for units in groups.groups().iter().chain(groups.layers()) {
        let mut best = units.clone();
        best.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        best.iter().take(least(units.len(), floor)).for_each(|unit| stays[*unit] = true);
    }
    let all = groups.groups().iter().flatten().copied();
    let mut order: Vec<usize> = all.filter(|unit| !stays[*unit]).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    order
}

/// The fewest units that stay of as many.
fn least(size: usize, floor: Floor) -> usize {
    let units = floor.units.max(1).next_multiple_of(floor.multiple.max(1));
    units.min(size)
}

/// Which units stay once the first `count` of the order go; groups are filled up to a multiple.
fn kept(groups: &Groups, order: &[usize], count: usize, scores: &[f64], floor: Floor) -> Vec<bool> {
    let mut keep = vec![true; groups.units()];
    order[..count].iter().for_each(|unit| keep[*unit] = false);
    if floor.multiple < 2 {
        return keep;
    }
    for group in groups.groups() {
        let stay = group.iter().filter(|unit| keep[**unit]).count();
        let wanted = stay.next_multiple_of(floor.multiple).min(group.len());
        let mut gone: Vec<usize> = group.iter().copied().filter(|unit| !keep[*unit]).collect();
        gone.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        gone.iter().take(wanted - stay).for_each(|unit| keep[*unit] = true);
    }
    keep
}

fn cost(network: &Canonical, groups: &Groups, keep: &[bool]) -> Cost {
    let mut smaller = network.clone();
    smaller.nodes = resized(&network.nodes, groups, keep, &mut 0);
    smaller.cost()
}

fn resized(nodes: &[Node], groups: &Groups, keep: &[bool], index: &mut usize) -> Vec<Node> {
    let single = |node: &Node| {
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

fn silence(layers: &mut [Layer], groups: &Groups, keep: &[bool], index: &mut usize) {
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
        layer.branches.iter_mut().for_each(|branch| silence(branch, groups, keep, index));
    }
}
