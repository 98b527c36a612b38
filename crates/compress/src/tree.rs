//! Nodes and their weights in one tree, so that both change together.

use automl_models::{NamedTensor, Node};
use std::collections::BTreeMap;

/// A node with its weights.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// The node; branches are empty here.
    pub(crate) node: Node,
    /// Its tensors by their names within the layer, such as `weight`.
    pub(crate) tensors: BTreeMap<String, NamedTensor>,
    /// The two branches of a sum or concatenation.
    pub(crate) branches: [Vec<Layer>; 2],
}

impl Layer {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, tensors: BTreeMap::new(), branches: [Vec::new(), Vec::new()] }
    }

    /// With one more tensor.
    pub(crate) fn with(mut self, name: &str, shape: &[usize], values: Vec<f32>) -> Self {
        let tensor = NamedTensor { name: name.to_owned(), shape: shape.to_vec(), values };
        self.tensors.insert(name.to_owned(), tensor);
        self
    }
}

/// What a network's module calls a node, and its branches.
pub(crate) fn names(node: &Node) -> (&'static str, [&'static str; 2]) {
    match node {
        Node::Convolution(_) => ("Convolution", [""; 2]),
        Node::Linear { .. } => ("Linear", [""; 2]),
        Node::Pool { .. } => ("Pool", [""; 2]),
        Node::GlobalAvgPool => ("GlobalAvgPool", [""; 2]),
        Node::Activation(_) => ("Activation", [""; 2]),
        Node::SqueezeExcite { .. } => ("SqueezeExcite", [""; 2]),
        Node::ChannelAttention { .. } => ("ChannelAttention", [""; 2]),
        Node::Sum { .. } => ("Sum", ["body", "shortcut"]),
        Node::Concat { .. } => ("Concat", ["first", "second"]),
    }
}

/// The branches of a node.
pub(crate) fn branches(node: &Node) -> [&[Node]; 2] {
    match node {
        Node::Sum { body, shortcut } => [body, shortcut],
        Node::Concat { first, second } => [first, second],
        _ => [&[], &[]],
    }
}

/// The side of the maps behind a node without branches.
pub(crate) fn side_behind(node: &Node, side: usize) -> usize {
    match node {
        Node::Convolution(conv) => conv.output_side(side),
        Node::Pool { kernel, stride, padding, .. } => {
            (side + 2 * padding).saturating_sub(*kernel) / (*stride).max(1) + 1
        }
        Node::Linear { .. } | Node::GlobalAvgPool => 1,
        _ => side,
    }
}

/// The tree of a network; tensors that belong to no node are left out.
pub(crate) fn grow(nodes: &[Node], tensors: &[NamedTensor]) -> Vec<Layer> {
    let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    branch(nodes, "layers", &named)
}

fn branch(nodes: &[Node], prefix: &str, tensors: &BTreeMap<&str, &NamedTensor>) -> Vec<Layer> {
    let layer = |(index, node): (usize, &Node)| {
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
pub(crate) fn with_branches(node: &Node, [one, two]: [Vec<Node>; 2]) -> Node {
    match node {
        Node::Sum { .. } => Node::Sum { body: one, shortcut: two },
        Node::Concat { .. } => Node::Concat { first: one, second: two },
        other => other.clone(),
    }
}

/// The nodes of a tree.
pub(crate) fn nodes(layers: &[Layer]) -> Vec<Node> {
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
