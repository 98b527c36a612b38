//! Nodes and their weights in one tree, so that both change together.

use automl_arch::Op;
use automl_extent::Extent;
use automl_models::NamedTensor;
use std::collections::BTreeMap;

/// A node with its weights.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// The node; branches are empty here.
    pub(crate) node: Op,
    /// Tensors by their names within the layer, such as `weight`.
    pub(crate) tensors: BTreeMap<String, NamedTensor>,
    /// The two branches of a sum or concatenation.
    pub(crate) branches: [Vec<Layer>; 2],
}

impl Layer {
    pub(crate) fn new(node: Op) -> Self {
        Self { node, tensors: BTreeMap::new(), branches: [Vec::new(), Vec::new()] }
    }

    /// Adds a tensor.
    pub(crate) fn with(mut self, name: &str, shape: &[usize], values: Vec<f32>) -> Self {
        let tensor = NamedTensor { name: name.to_owned(), shape: shape.to_vec(), values };
        self.tensors.insert(name.to_owned(), tensor);
        self
    }
}

/// Names of a node and its branches in the network's module.
pub(crate) fn names(node: &Op) -> (&'static str, [&'static str; 2]) {
    match node {
        Op::Convolution(_) => ("Convolution", [""; 2]),
        Op::Linear { .. } => ("Linear", [""; 2]),
        Op::Pool { .. } => ("Pool", [""; 2]),
        Op::GlobalAvgPool => ("GlobalAvgPool", [""; 2]),
        Op::Activation(_) => ("Activation", [""; 2]),
        Op::SqueezeExcite { .. } => ("SqueezeExcite", [""; 2]),
        Op::ChannelAttention { .. } => ("ChannelAttention", [""; 2]),
        Op::Channels { .. } => ("Channels", [""; 2]),
        Op::Sum { .. } => ("Sum", ["body", "shortcut"]),
        Op::Concat { .. } => ("Concat", ["first", "second"]),
        Op::Product { .. } => ("Product", ["first", "second"]),
    }
}

/// The branches of a node.
pub(crate) fn branches(node: &Op) -> [&[Op]; 2] {
    match node {
        Op::Sum { body, shortcut } => [body, shortcut],
        Op::Concat { first, second } | Op::Product { first, second } => [first, second],
        _ => [&[], &[]],
    }
}

/// The height and width of the maps behind a node without branches.
pub(crate) fn side_behind(node: &Op, side: Extent) -> Extent {
    match node {
        Op::Convolution(conv) => conv.output_side(side),
        Op::Pool { kernel, stride, padding, .. } => {
            side.map(|n| (n + 2 * padding).saturating_sub(*kernel) / (*stride).max(1) + 1)
        }
        Op::Linear { .. } | Op::GlobalAvgPool => 1.into(),
        _ => side,
    }
}

/// The tree of a network; tensors that belong to no node are left out.
pub(crate) fn grow(nodes: &[Op], tensors: &[NamedTensor]) -> Vec<Layer> {
    let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    branch(nodes, "layers", &named)
}

fn branch(nodes: &[Op], prefix: &str, tensors: &BTreeMap<&str, &NamedTensor>) -> Vec<Layer> {
    let layer = |(index, node): (usize, &Op)| {
        let (kind, inner) = names(node);
        let place = format!("{prefix}.{index}.{kind}");
        let [one, two] = branches(node);
        if !inner[0].is_empty() {
            let branches = [
                branch(one, &format!("{place}.{}", inner[0]), tensors),
                branch(two, &format!("{place}.{}", inner[1]), tensors),
            ];
            return Layer { branches, ..Layer::new(with_branches(node, [vec![], vec![]])) };
        }
        let start = format!("{place}.");
        let own = tensors.range(start.as_str()..).map_while(|(name, tensor)| {
            let name = name.strip_prefix(&start)?.to_owned();
            Some((name.clone(), NamedTensor { name, ..(*tensor).clone() }))
        });
        Layer { tensors: own.collect(), ..Layer::new(node.clone()) }
    };
    nodes.iter().enumerate().map(layer).collect()
}

/// The node with other branches.
pub(crate) fn with_branches(node: &Op, [one, two]: [Vec<Op>; 2]) -> Op {
    match node {
        Op::Sum { .. } => Op::Sum { body: one, shortcut: two },
        Op::Concat { .. } => Op::Concat { first: one, second: two },
        Op::Product { .. } => Op::Product { first: one, second: two },
        other => other.clone(),
    }
}

/// The nodes of a tree.
pub(crate) fn nodes(layers: &[Layer]) -> Vec<Op> {
    let node =
        |layer: &Layer| with_branches(&layer.node, layer.branches.each_ref().map(|b| nodes(b)));
    layers.iter().map(node).collect()
}

/// The tensors of a tree with their names in the network.
pub(crate) fn tensors(layers: &[Layer]) -> Vec<NamedTensor> {
    let mut found = Vec::new();
    collect(layers, "layers", &mut found);
    found
}

fn collect(layers: &[Layer], prefix: &str, found: &mut Vec<NamedTensor>) {
    for (index, layer) in layers.iter().enumerate() {
        let (kind, inner) = names(&layer.node);
        let place = format!("{prefix}.{index}.{kind}");
        for (name, tensor) in &layer.tensors {
            found.push(NamedTensor { name: format!("{place}.{name}"), ..tensor.clone() });
        }
        for (name, branch) in inner.iter().zip(&layer.branches) {
            collect(branch, &format!("{place}.{name}"), found);
        }
    }
}
