//! Lowering of an architecture to a graph.
//!
//! The arithmetic (rounding, order of operations, the copy that has the stride) follows the public
//! model generators of kindle, so that a configuration means the same here.

use crate::activations;
use crate::architecture::{Architecture, Layer};
use crate::builder::{Builder, Checked, NodeOrigin};
use crate::check;
use crate::cost::Cost;
use crate::error::ArchitectureError;
use crate::graph::Graph;
use crate::limits::{
    MAX_BLOCKS, MAX_CHANNELS, MAX_COPIES, MAX_NUMBERS, MAX_REPEAT, MAX_SIDE, MAX_WEIGHTS,
};
use crate::op::Op;

impl Architecture {
    /// The graph of primitive operations with every multiple and repeat applied.
    ///
    /// # Errors
    /// The first block that cannot be built, with the offending argument.
    pub fn graph(&self) -> Result<Graph, ArchitectureError> {
        Ok(lower(self)?.0)
    }

    /// For each node of the [graph](Self::graph) chain, the layer and copy that it comes from.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn places(&self) -> Result<Vec<NodeOrigin>, ArchitectureError> {
        Ok(lower(self)?.1)
    }

    /// Parameters, multiply-accumulates and peak activation memory.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn cost(&self) -> Result<Cost, ArchitectureError> {
        Ok(self.graph()?.cost())
    }

    /// The [fingerprint](Graph::fingerprint) of the graph.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn fingerprint(&self) -> Result<u64, ArchitectureError> {
        Ok(self.graph()?.fingerprint())
    }

    /// Number of outputs of the last layer.
    ///
    /// # Errors
    /// As [`graph`](Self::graph).
    pub fn classes(&self) -> Result<usize, ArchitectureError> {
        Ok(self.graph()?.classes)
    }
}

/// The graph and the origin of each of its nodes.
fn lower(architecture: &Architecture) -> Checked<(Graph, Vec<NodeOrigin>)> {
    check_settings(architecture)?;
    let Architecture { input_channels, input_side, .. } = *architecture;
    let mut builder = Builder::new(input_channels, input_side, architecture.width_multiple);
    let first = architecture.backbone.len();
    for (index, layer) in architecture.backbone.iter().chain(&architecture.head).enumerate() {
        let depth = if index < first { architecture.depth_multiple } else { 1.0 };
        if index == first {
            builder.keep_channels();
        }
        let block = layer.block.kind();
        builder.begin(index, block.name());
        builder.argument("repeat", layer.repeat, 1..=MAX_REPEAT, "1 to 1024")?;
        if block.needs_maps() && builder.flat {
            return Err(builder.shape_error("maps", "put it before Flatten"));
        }
        block.check(&builder)?;
        block.lower(&mut builder, Layer::copies(layer.repeat, depth))?;
        builder.end_copy();
    }
    let Builder { channels, side, flat, nodes, origins, .. } = builder;
    if !flat && side != 1 {
        return Err(ArchitectureError::NoScores { channels, side });
    }
    if !nodes.iter().any(has_weights) {
        return Err(ArchitectureError::NoWeights);
    }
    let sums = check::sums(&nodes);
    if let Some(at) = sums.iter().position(|sum| sum.is_none_or(|sum| sum > MAX_WEIGHTS)) {
        let block = origins.get(at).map_or(0, |origin| origin.layer);
        return Err(ArchitectureError::Weights { block, most: MAX_WEIGHTS });
    }
    let input = (input_channels as u64, input_side);
    if let Some(at) = activations::first_beyond(&nodes, input, MAX_NUMBERS) {
        let block = origins.get(at).map_or(0, |origin| origin.layer);
        return Err(ArchitectureError::Maps { block, most: MAX_NUMBERS });
    }
    Ok((Graph { input_channels, input_side, classes: channels, nodes }, origins))
}

fn check_settings(architecture: &Architecture) -> Checked<()> {
    let blocks = architecture.backbone.len() + architecture.head.len();
    for (setting, value, high, expected) in [
        ("input_channels", architecture.input_channels, MAX_CHANNELS, "1 to 65536"),
        ("input_side", architecture.input_side.shorter(), MAX_SIDE, "1 to 8192"),
        ("input_side", architecture.input_side.longer(), MAX_SIDE, "1 to 8192"),
        ("the number of blocks", blocks, MAX_BLOCKS, "1 to 4096"),
    ] {
        if !(1..=high).contains(&value) {
            return Err(ArchitectureError::Setting { setting, value: value as f64, expected });
        }
    }
    for (setting, value) in [
        ("depth_multiple", architecture.depth_multiple),
        ("width_multiple", architecture.width_multiple),
    ] {
        if !(value > 0.0 && value <= 16.0) {
            let expected = "above 0 and at most 16";
            return Err(ArchitectureError::Setting { setting, value, expected });
        }
    }
    let Architecture { depth_multiple, backbone, head, .. } = architecture;
    let copies = |layers: &[Layer], depth: f64| -> usize {
        layers.iter().map(|layer| Layer::copies(layer.repeat.min(MAX_REPEAT), depth)).sum()
    };
    let copies = copies(backbone, *depth_multiple) + copies(head, 1.0);
    if copies > MAX_COPIES {
        let (setting, expected) = ("the number of copies of all blocks", "at most 65536");
        return Err(ArchitectureError::Setting { setting, value: copies as f64, expected });
    }
    Ok(())
}

fn has_weights(node: &Op) -> bool {
    !matches!(node, Op::GlobalAvgPool | Op::Pool { .. } | Op::Activation(_) | Op::Channels { .. })
}
