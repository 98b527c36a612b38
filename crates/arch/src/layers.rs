//! Cost and output shape of each node.

use crate::cost::{Shape, single};
use crate::graph::Graph;
use automl_extent::Extent;

/// The output and the cost of one node of a network's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerCost {
    /// Channels of the output maps, or numbers of an output vector.
    pub channels: u64,
    /// Height and width of the output maps in pixels; 1 for a vector.
    pub side: Extent,
    /// Weights, biases, and the scale and shift of every batch normalization.
    pub parameters: u64,
    /// Multiply-accumulates for one image.
    pub macs: u64,
}

impl Graph {
    /// Output and cost of each node of the chain, in order. The parameters and the multiply-accumulates
    /// sum to those of [`cost`](Graph::cost).
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
    /// let layers = graph.layers();
    /// assert_eq!((layers[0].channels, layers[0].side), (16, 16.into()));
    /// assert_eq!(layers.iter().map(|layer| layer.macs).sum::<u64>(), graph.cost().macs);
    /// # Ok::<(), automl_arch::ArchitectureError>(())
    /// ```
    pub fn layers(&self) -> Vec<LayerCost> {
        let mut shape = Shape { channels: self.input_channels as u64, side: self.input_side };
        let cost = |node| {
            let total = single(node, shape, false);
            shape = total.output;
            LayerCost {
                channels: shape.channels,
                side: shape.side,
                parameters: total.parameters,
                macs: total.macs,
            }
        };
        self.nodes.iter().map(cost).collect()
    }
}
