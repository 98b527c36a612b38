//! Sizes of the maps between the nodes of a graph.

use crate::graph::Graph;
use crate::op::{Op, output_side};
use automl_extent::Extent;
use serde::{Deserialize, Serialize};

/// Numbers of one image's activations in a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activations {
    /// The sum over the input and the outputs of all nodes: what training keeps for derivatives.
    pub total: u64,
    /// The largest of them.
    pub largest: u64,
}

impl Graph {
    /// Sizes of the input and of the outputs of all nodes, for one image.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Activation, Architecture, Block, Layer};
    ///
    /// let graph = Architecture::new(3, 32, [
    ///     Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
    ///     Layer::once(Block::GlobalAvgPool),
    ///     Layer::once(Block::Flatten),
    ///     Layer::once(Block::linear(10)),
    /// ])
    /// .graph()?;
    /// let sizes = graph.activations();
    /// assert_eq!(sizes.largest, 16 * 16 * 16);
    /// assert_eq!(sizes.total, 3 * 32 * 32 + 16 * 16 * 16 + 16 + 10);
    /// # Ok::<(), automl_arch::ArchitectureError>(())
    /// ```
    pub fn activations(&self) -> Activations {
        let input = (self.input_channels as u64, self.input_side);
        let mut sizes = Activations::default();
        sizes.add(input);
        walk(&self.nodes, input, &mut sizes);
        sizes
    }
}

impl Activations {
    fn add(&mut self, (channels, side): (u64, Extent)) {
        let numbers = channels.saturating_mul(side.pixels() as u64);
        self.total = self.total.saturating_add(numbers);
        self.largest = self.largest.max(numbers);
    }
}

/// The first node of a chain with maps of more than `most` numbers, its own or within it.
pub(crate) fn first_beyond(nodes: &[Op], input: (u64, Extent), most: u64) -> Option<usize> {
    let (mut sizes, mut shape) = (Activations::default(), input);
    nodes.iter().position(|node| {
        shape = single(node, shape, &mut sizes);
        sizes.largest > most
    })
}

/// Adds the outputs of a chain; channels and side of its last one.
fn walk(nodes: &[Op], input: (u64, Extent), sizes: &mut Activations) -> (u64, Extent) {
    nodes.iter().fold(input, |shape, node| single(node, shape, sizes))
}

fn single(node: &Op, (channels, side): (u64, Extent), sizes: &mut Activations) -> (u64, Extent) {
    let input = (channels, side);
    let output = match node {
        Op::Convolution(conv) => (conv.outputs as u64, conv.output_side(side)),
        Op::Linear { outputs, .. } => (*outputs as u64, 1.into()),
        Op::Pool { kernel, stride, padding, .. } => {
            (channels, output_side(side, *kernel, *stride, 2 * padding))
        }
        Op::GlobalAvgPool => (channels, 1.into()),
        Op::Activation(_) | Op::SqueezeExcite { .. } | Op::ChannelAttention { .. } => input,
        Op::Channels { count, .. } => (*count as u64, side),
        Op::Sum { body, shortcut } => {
            walk(shortcut, input, sizes);
            walk(body, input, sizes)
        }
        Op::Product { first, second } => {
            walk(second, input, sizes);
            walk(first, input, sizes)
        }
        Op::Concat { first, second } => {
            let (a, side) = walk(first, input, sizes);
            (a.saturating_add(walk(second, input, sizes).0), side)
        }
    };
    sizes.add(output);
    output
}
