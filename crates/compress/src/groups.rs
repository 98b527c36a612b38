//! Channels of a network that can only be removed together.
//!
//! A sum or a product ties the channels of its branches one to one; depthwise convolutions, normalization,
//! pooling and channel weights hand channels on; a convolution in groups ties what each of its
//! groups reads and writes; a concatenation puts two ranges in a row; a linear layer behind maps of
//! h x w pixels reads each channel h w times. Channels that are tied make a *unit*, units that come from
//! the same layers a *group*.
//!
//! # Source
//! Fang et al. (2023), "DepGraph: towards any structural pruning", section 3.

use crate::tree::{branches, side_behind};
use automl_arch::{Graph, Op};
use automl_extent::Extent;

/// The coupled channels of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The units of each group that may be removed; groups without any are left out.
    groups: Vec<Vec<usize>>,
    /// The units that may be removed of those that each layer makes.
    layers: Vec<Vec<usize>>,
    /// Number of units, with those that must stay.
    units: usize,
    /// For each node, those in branches behind their sum or concatenation, the units on its axes.
    axes: Vec<Axes>,
}

/// The unit of each channel that a node reads, writes and has inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Axes {
    /// Units that the node reads; of a linear layer each channel once for each position.
    pub(crate) inputs: Vec<usize>,
    /// Units that the node writes.
    pub(crate) outputs: Vec<usize>,
    /// Channels between the two layers of squeeze-and-excitation.
    pub(crate) inner: Vec<usize>,
}

/// Relation of a tensor's axis to the channels along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Filters that make the channels.
    Makes,
    /// Weights that read them.
    Reads,
    /// Biases, normalization, gates.
    Follows,
}

impl Groups {
    /// The groups of a network.
    ///
    /// The image's channels and the classes, and what is tied to them, cannot be removed.
    pub fn find(network: &Graph) -> Self {
        let mut walk = Walk::default();
        let input = walk.fresh(network.input_channels);
        walk.freeze(&input);
        let (output, _) = walk.chain(&network.nodes, input, network.input_side);
        walk.freeze(&output);
        walk.finish()
    }

    /// The units of each group that may be removed. A unit is in one group at most.
    pub fn groups(&self) -> &[Vec<usize>] {
        &self.groups
    }

    /// The units that may be removed of those that each layer makes: a group's, or where the group
    /// spans a concatenation a part of them.
    pub fn layers(&self) -> &[Vec<usize>] {
        &self.layers
    }

    /// Number of units; they are numbered from 0.
    pub fn units(&self) -> usize {
        self.units
    }

    /// The units along the axes of a tensor of the node with this index.
    pub(crate) fn roles(
        &self,
        index: usize,
        node: &Op,
        tensor: &str,
    ) -> Vec<(usize, Role, &[usize])> {
        let Some(Axes { inputs, outputs, inner }) = self.axes.get(index) else {
            return Vec::new();
        };
        match (node, tensor) {
            (Op::Convolution(conv), "weight") if conv.groups == 1 => {
                vec![(0, Role::Makes, outputs), (1, Role::Reads, inputs)]
            }
            (Op::Convolution(_), "weight") => vec![(0, Role::Makes, outputs)],
            (Op::Linear { .. }, "weight") => {
                vec![(0, Role::Makes, outputs), (1, Role::Reads, inputs)]
            }
            (Op::Convolution(_) | Op::Linear { .. }, _) => vec![(0, Role::Follows, outputs)],
            (Op::SqueezeExcite { .. }, "reduce") => {
                vec![(0, Role::Makes, inner), (1, Role::Reads, inputs)]
            }
            (Op::SqueezeExcite { .. }, "reduce_bias") => vec![(0, Role::Follows, inner)],
            (Op::SqueezeExcite { .. }, "expand") => {
                vec![(0, Role::Follows, inputs), (1, Role::Reads, inner)]
            }
            (Op::SqueezeExcite { .. }, _) => vec![(0, Role::Follows, inputs)],
            _ => Vec::new(),
        }
    }

    /// The node with this index without the units that are not kept.
    pub(crate) fn resize(&self, index: usize, node: &mut Op, keep: &[bool]) {
        let Some(axes) = self.axes.get(index) else { return };
        let count = |units: &[usize]| units.iter().filter(|unit| keep[**unit]).count();
        match node {
            Op::Convolution(conv) => {
                let each = conv.outputs / conv.groups;
                conv.inputs = count(&axes.inputs);
                conv.outputs = count(&axes.outputs);
                if conv.groups > 1 {
                    conv.groups = conv.outputs / each;
                }
            }
            Op::Linear { inputs, outputs, .. } => {
                *inputs = count(&axes.inputs);
                *outputs = count(&axes.outputs);
            }
            Op::SqueezeExcite { channels, squeeze, .. } => {
                *channels = count(&axes.inputs);
                *squeeze = count(&axes.inner);
            }
            Op::Channels { first, count: own } => {
                *first = count(&axes.inputs[..*first]);
                *own = count(&axes.outputs);
            }
            _ => {}
        }
    }
}

/// A walk along the chain: every channel that a layer makes is an element, ties unite elements.
#[derive(Default)]
struct Walk {
    /// Union-find over elements.
    parent: Vec<usize>,
    frozen: Vec<bool>,
    /// The layer's set that an element came from.
    set: Vec<usize>,
    /// Union-find over sets.
    sets: Vec<usize>,
    axes: Vec<Axes>,
}

fn root(parent: &mut [usize], mut element: usize) -> usize {
    while parent[element] != element {
        parent[element] = parent[parent[element]];
        element = parent[element];
    }
    element
}

impl Walk {
    /// A layer's new channels.
    fn fresh(&mut self, count: usize) -> Vec<usize> {
        let first = self.parent.len();
        let set = self.sets.len();
        self.sets.push(set);
        self.parent.extend(first..first + count);
        self.frozen.resize(first + count, false);
        self.set.resize(first + count, set);
        (first..first + count).collect()
    }

    fn freeze(&mut self, elements: &[usize]) {
        elements.iter().for_each(|element| self.frozen[*element] = true);
    }

    fn tie(&mut self, one: usize, two: usize) {
        let (a, b) = (root(&mut self.parent, one), root(&mut self.parent, two));
        let (a, b) = (a.min(b), a.max(b));
        self.parent[b] = a;
        self.frozen[a] |= self.frozen[b];
        let (a, b) = (root(&mut self.sets, self.set[one]), root(&mut self.sets, self.set[two]));
        self.sets[b] = a;
    }

    fn chain(&mut self, nodes: &[Op], input: Vec<usize>, side: Extent) -> (Vec<usize>, Extent) {
        nodes.iter().fold((input, side), |(flow, side), node| self.single(node, flow, side))
    }

    fn single(&mut self, node: &Op, input: Vec<usize>, side: Extent) -> (Vec<usize>, Extent) {
        let index = self.axes.len();
        self.axes.push(Axes::default());
        let behind = side_behind(node, side);
        match node {
            Op::Convolution(conv) => {
                let output = self.fresh(conv.outputs);
                if conv.groups > 1 {
                    let reads = input.chunks_exact(conv.inputs / conv.groups);
                    let writes = output.chunks_exact(conv.outputs / conv.groups);
                    for (reads, writes) in reads.zip(writes) {
                        reads.iter().chain(writes).for_each(|one| self.tie(reads[0], *one));
                    }
                }
                self.axes[index].inputs = input;
                self.axes[index].outputs.clone_from(&output);
                (output, behind)
            }
            Op::Linear { outputs, .. } => {
                let repeated = |element: &usize| std::iter::repeat_n(*element, side.pixels());
                self.axes[index].inputs = input.iter().flat_map(repeated).collect();
                let output = self.fresh(*outputs);
                self.axes[index].outputs.clone_from(&output);
                (output, behind)
            }
            Op::SqueezeExcite { squeeze, .. } => {
                self.axes[index].inner = self.fresh(*squeeze);
                self.axes[index].inputs.clone_from(&input);
                (input, behind)
            }
            Op::Channels { first, count } => {
                let some = input[*first..*first + *count].to_vec();
                // Each part of a split keeps a channel.
                self.freeze(&some[..1]);
                self.axes[index].inputs = input;
                self.axes[index].outputs.clone_from(&some);
                (some, behind)
            }
            Op::Sum { .. } | Op::Product { .. } => {
                let [body, shortcut] = branches(node);
                let (main, behind) = self.chain(body, input.clone(), side);
                let (other, _) = self.chain(shortcut, input, side);
                for (one, two) in main.iter().zip(&other) {
                    self.tie(*one, *two);
                }
                (main, behind)
            }
            Op::Concat { .. } => {
                let [first, second] = branches(node);
                let (mut one, behind) = self.chain(first, input.clone(), side);
                let (two, _) = self.chain(second, input, side);
                one.extend(two);
                (one, behind)
            }
            Op::Pool { .. }
            | Op::GlobalAvgPool
            | Op::Activation(_)
            | Op::ChannelAttention { .. } => (input, behind),
        }
    }

    fn finish(mut self) -> Groups {
        let elements = self.parent.len();
        let roots: Vec<usize> = (0..elements).map(|e| root(&mut self.parent, e)).collect();
        let mut frozen = vec![false; elements];
        for (element, &root) in roots.iter().enumerate() {
            frozen[root] |= self.frozen[element];
        }
        let mut number = vec![usize::MAX; elements];
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.sets.len()];
        let mut units = 0;
        for element in 0..elements {
            if roots[element] != element {
                continue;
            }
            number[element] = units;
            if !frozen[element] {
                let set = root(&mut self.sets, self.set[element]);
                groups[set].push(units);
            }
            units += 1;
        }
        let unit = |element: &mut usize| *element = number[roots[*element]];
        for axes in &mut self.axes {
            axes.inputs.iter_mut().for_each(unit);
            axes.outputs.iter_mut().for_each(unit);
            axes.inner.iter_mut().for_each(unit);
        }
        let mut layers: Vec<Vec<usize>> = vec![Vec::new(); self.sets.len()];
        for element in 0..elements {
            let unit = number[roots[element]];
            if !frozen[roots[element]] && layers[self.set[element]].last() != Some(&unit) {
                layers[self.set[element]].push(unit);
            }
        }
        for layer in &mut layers {
            layer.sort_unstable();
            layer.dedup();
        }
        layers.retain(|layer| !layer.is_empty());
        groups.retain(|group| !group.is_empty());
        groups.sort_by_key(|group| group[0]);
        Groups { groups, layers, units, axes: self.axes }
    }
}
