//! From blocks to primitive nodes.
//!
//! The arithmetic (rounding, order of operations, which copy has the stride) follows the public
//! model generators of kindle, so that a configuration means the same here.

mod blocks;

use crate::limits::{MAX_BLOCKS, MAX_CHANNELS, MAX_REPEAT, MAX_SIDE, MAX_WEIGHTS};
use crate::op::output_side;
use crate::{
    Activation, Architecture, ArchitectureError, Block, Convolution, Graph, NodeOrigin, Op,
    Pooling, check,
};

/// `value` rounded to a multiple of `divisor`, at least `divisor`, never below 90 % of `value`
/// (the rule of the MobileNet code).
pub fn make_divisible(value: f64, divisor: usize) -> usize {
    let half = divisor as f64 / 2.0;
    let rounded = ((value + half).max(0.0) as usize / divisor * divisor).max(divisor);
    if (rounded as f64) < 0.9 * value { rounded + divisor } else { rounded }
}

/// The chain of nodes, and where each of them comes from.
pub(crate) fn lower(
    architecture: &Architecture,
) -> Result<(Graph, Vec<NodeOrigin>), ArchitectureError> {
    setting_in("input_channels", architecture.input_channels, MAX_CHANNELS, "1 to 65536")?;
    setting_in("input_side", architecture.input_side, MAX_SIDE, "1 to 8192")?;
    setting_in("the number of blocks", architecture.backbone.len(), MAX_BLOCKS, "1 to 4096")?;
    for (setting, value) in [
        ("depth_multiple", architecture.depth_multiple),
        ("width_multiple", architecture.width_multiple),
    ] {
        if !(value > 0.0 && value <= 16.0) {
            let expected = "above 0 and at most 16";
            return Err(ArchitectureError::Setting { setting, value, expected });
        }
    }
    let mut builder = Builder {
        width: architecture.width_multiple,
        block: 0,
        name: "",
        channels: architecture.input_channels,
        side: architecture.input_side,
        flat: false,
        nodes: Vec::new(),
        copy: 0,
        places: Vec::new(),
    };
    for (index, layer) in architecture.backbone.iter().enumerate() {
        builder.block = index;
        builder.name = layer.block.name();
        builder.argument("repeat", layer.repeat, 1, MAX_REPEAT, "1 to 1024")?;
        let repeat = match layer.repeat {
            1 => 1,
            r => ((r as f64 * architecture.depth_multiple).round_ties_even() as usize).max(1),
        };
        builder.copy = 0;
        builder.push(&layer.block, repeat)?;
        builder.end_copy();
    }
    let Builder { channels, side, flat, nodes, places, .. } = builder;
    if !flat && side != 1 {
        return Err(ArchitectureError::NoScores { channels, side });
    }
    if !nodes.iter().any(has_weights) {
        return Err(ArchitectureError::NoWeights);
    }
    let sums = check::sums(&nodes);
    if let Some(at) = sums.iter().position(|sum| sum.is_none_or(|sum| sum > MAX_WEIGHTS)) {
        let block = places.get(at).map_or(0, |place: &NodeOrigin| place.layer);
        return Err(ArchitectureError::Weights { block, most: MAX_WEIGHTS });
    }
    let graph = Graph {
        input_channels: architecture.input_channels,
        input_side: architecture.input_side,
        classes: channels,
        nodes,
    };
    Ok((graph, places))
}

fn setting_in(
    setting: &'static str,
    value: usize,
    high: usize,
    expected: &'static str,
) -> Result<(), ArchitectureError> {
    if (1..=high).contains(&value) {
        return Ok(());
    }
    Err(ArchitectureError::Setting { setting, value: value as f64, expected })
}

/// The chain so far: its nodes and the shape of what flows out of them.
struct Builder {
    width: f64,
    block: usize,
    name: &'static str,
    channels: usize,
    side: usize,
    flat: bool,
    nodes: Vec<Op>,
    /// Which copy of the block is being laid out.
    copy: usize,
    /// Where the nodes come from.
    places: Vec<NodeOrigin>,
}

/// What the branch of one block is made of, with the shape that flows.
struct Branch {
    channels: usize,
    side: usize,
    nodes: Vec<Op>,
}

type Checked<T> = Result<T, ArchitectureError>;

impl Builder {
    fn push(&mut self, block: &Block, repeat: usize) -> Checked<()> {
        let of_maps = !matches!(block, Block::Linear { .. } | Block::Flatten | Block::Pass);
        if of_maps && self.flat {
            return Err(self.shape_error("maps", "put it before Flatten"));
        }
        match *block {
            Block::Pass => {}
            Block::Flatten => {
                if !self.flat {
                    self.channels = self.channels.saturating_mul(self.side * self.side);
                    self.flat = true;
                }
            }
            Block::Linear { features, activation } => {
                if !self.flat {
                    return Err(self.shape_error("a vector", "put Flatten before it"));
                }
                self.argument("features", features, 1, MAX_CHANNELS, "1 to 65536")?;
                for _ in 0..repeat {
                    let inputs = std::mem::replace(&mut self.channels, features);
                    self.nodes.push(Op::Linear { inputs, outputs: features, activation });
                    self.end_copy();
                }
            }
            Block::GlobalAvgPool => {
                if self.side > 1 {
                    self.nodes.push(Op::GlobalAvgPool);
                    self.side = 1;
                }
            }
            Block::MaxPool { kernel, stride, padding } => {
                self.pool(Pooling::Max, kernel, stride, padding, repeat)?;
            }
            Block::AvgPool { kernel, stride, padding } => {
                self.pool(Pooling::Average, kernel, stride, padding, repeat)?;
            }
            Block::Conv { channels, kernel, stride, padding, groups, activation } => {
                let outputs = self.scaled(channels)?;
                let spec = Spec { kernel, stride, padding, groups: Some(groups), activation };
                self.convolutions(outputs, spec, repeat)?;
            }
            Block::FixedConv { channels, kernel, stride, padding, groups, activation } => {
                self.argument("channels", channels, 1, MAX_CHANNELS, "1 to 65536")?;
                let spec = Spec { kernel, stride, padding, groups: Some(groups), activation };
                self.convolutions(channels, spec, repeat)?;
            }
            Block::DWConv { channels, kernel, stride, padding, activation } => {
                let outputs = self.scaled(channels)?;
                let spec = Spec { kernel, stride, padding, groups: None, activation };
                self.convolutions(outputs, spec, repeat)?;
            }
            Block::Bottleneck { channels, shortcut, groups, expansion, activation, eca } => {
                self.expansion(expansion)?;
                let outputs = self.scaled(channels)?;
                for copy in 1..=repeat {
                    let outputs = if copy == repeat { outputs } else { self.channels };
                    self.bottleneck(outputs, shortcut, groups, expansion, activation, eca)?;
                    self.end_copy();
                }
            }
            Block::InvertedResidualV2 { channels, expansion, stride, eca } => {
                self.expansion(expansion)?;
                let outputs = self.scaled(channels)?;
                for stride in strides(self.stride(stride)?, repeat) {
                    self.inverted_residual_v2(outputs, expansion, stride, eca)?;
                    self.end_copy();
                }
            }
            Block::InvertedResidualV3 {
                kernel,
                expansion,
                channels,
                squeeze_excite,
                hard_swish,
                stride,
                eca,
            } => {
                self.expansion(expansion)?;
                self.odd_kernel(kernel)?;
                let outputs = self.scaled(channels)?;
                let act = if hard_swish { Activation::HardSwish } else { Activation::Relu };
                for stride in strides(self.stride(stride)?, repeat) {
                    let se = squeeze_excite;
                    self.inverted_residual_v3(kernel, expansion, outputs, se, act, stride, eca)?;
                    self.end_copy();
                }
            }
            Block::MBConv { expansion, channels, stride, kernel, squeeze_excite } => {
                self.expansion(expansion)?;
                self.odd_kernel(kernel)?;
                let outputs = self.scaled(channels)?;
                for stride in strides(self.stride(stride)?, repeat) {
                    self.mb_conv(expansion, outputs, stride, kernel, squeeze_excite)?;
                    self.end_copy();
                }
            }
            Block::Fire { squeeze, expand1, expand3 } => {
                self.argument("squeeze", squeeze, 1, MAX_CHANNELS, "1 to 65536")?;
                self.argument("expand1", expand1, 1, MAX_CHANNELS, "1 to 65536")?;
                self.argument("expand3", expand3, 1, MAX_CHANNELS, "1 to 65536")?;
                for _ in 0..repeat {
                    self.fire(squeeze, expand1, expand3)?;
                    self.end_copy();
                }
            }
            Block::GhostBottleneck { kernel, expansion, channels, squeeze_excite, stride } => {
                self.expansion(expansion)?;
                self.odd_kernel(kernel)?;
                let outputs = self.scaled(channels)?;
                for stride in strides(self.stride(stride)?, repeat) {
                    self.ghost(kernel, expansion, outputs, squeeze_excite, stride)?;
                    self.end_copy();
                }
            }
        }
        Ok(())
    }

    fn pool(
        &mut self,
        kind: Pooling,
        kernel: usize,
        stride: usize,
        padding: usize,
        repeat: usize,
    ) -> Checked<()> {
        self.argument("kernel", kernel, 1, MAX_SIDE, "1 to 8192")?;
        self.argument("stride", stride, 1, MAX_SIDE, "1 to 8192")?;
        self.argument("padding", padding, 0, kernel / 2, "at most half of the kernel")?;
        for _ in 0..repeat {
            self.window(kernel, self.side, 2 * padding)?;
            if kernel > 1 || stride > 1 {
                self.nodes.push(Op::Pool { kind, kernel, stride, padding });
            }
            self.side = output_side(self.side, kernel, stride, 2 * padding);
            self.end_copy();
        }
        Ok(())
    }

    /// Repeated convolutions, of which the last has the stride.
    fn convolutions(&mut self, outputs: usize, spec: Spec, repeat: usize) -> Checked<()> {
        self.argument("kernel", spec.kernel, 1, MAX_SIDE, "1 to 8192")?;
        self.argument("stride", spec.stride, 1, MAX_SIDE, "1 to 8192")?;
        let padding = match spec.padding {
            None => spec.kernel / 2,
            Some(0) if spec.kernel > 1 => {
                return Err(self.argument_error("padding", 0.0, "null, or 1 and more"));
            }
            Some(padding) => padding,
        };
        self.argument("padding", padding, 0, MAX_SIDE, "at most 8192")?;
        for copy in 1..=repeat {
            let groups = spec.groups.unwrap_or_else(|| gcd(self.channels, outputs));
            let stride = if copy == repeat { spec.stride } else { 1 };
            let mut branch = self.branch();
            self.convolve(
                &mut branch,
                Convolution {
                    inputs: self.channels,
                    outputs,
                    kernel: spec.kernel,
                    stride,
                    padding: (padding, padding),
                    groups,
                    norm: true,
                    activation: spec.activation,
                },
            )?;
            self.extend(branch);
            self.end_copy();
        }
        Ok(())
    }

    /// The nodes since the last call are one copy of the block.
    fn end_copy(&mut self) {
        let place = NodeOrigin { layer: self.block, copy: self.copy };
        self.places.resize(self.nodes.len(), place);
        self.copy += 1;
    }

    fn branch(&self) -> Branch {
        Branch { channels: self.channels, side: self.side, nodes: Vec::new() }
    }

    /// The branch in series.
    fn extend(&mut self, branch: Branch) {
        self.channels = branch.channels;
        self.side = branch.side;
        self.nodes.extend(branch.nodes);
    }

    /// The branch with a shortcut, if wanted and possible.
    fn add(&mut self, branch: Branch, shortcut: bool) {
        if shortcut && branch.channels == self.channels && branch.side == self.side {
            self.nodes.push(Op::Sum { body: branch.nodes, shortcut: Vec::new() });
        } else {
            self.extend(branch);
        }
    }

    fn convolve(&self, branch: &mut Branch, conv: Convolution) -> Checked<()> {
        let Convolution { inputs, outputs, groups, .. } = conv;
        let divides = groups > 0 && inputs % groups == 0 && outputs % groups == 0;
        if !divides {
            let (block, name) = (self.block, self.name);
            return Err(ArchitectureError::Groups { block, name, groups, inputs, outputs });
        }
        self.window(conv.kernel, branch.side, conv.padding.0 + conv.padding.1)?;
        branch.side = conv.output_side(branch.side);
        branch.channels = outputs;
        branch.nodes.push(Op::Convolution(conv));
        Ok(())
    }

    fn window(&self, kernel: usize, side: usize, padding: usize) -> Checked<()> {
        if kernel <= side + padding {
            return Ok(());
        }
        let (block, name) = (self.block, self.name);
        Err(ArchitectureError::Window { block, name, kernel, side, padding })
    }

    /// Channels under the width multiple.
    fn scaled(&self, channels: usize) -> Checked<usize> {
        self.argument("channels", channels, 1, MAX_CHANNELS, "1 to 65536")?;
        Ok(make_divisible(channels as f64 * self.width, 8))
    }

    fn inner(&self, channels: usize) -> Checked<usize> {
        self.argument("expansion x channels", channels, 1, MAX_CHANNELS, "1 to 65536")?;
        Ok(channels)
    }

    fn stride(&self, stride: usize) -> Checked<usize> {
        self.argument("stride", stride, 1, 2, "1 or 2")?;
        Ok(stride)
    }

    fn odd_kernel(&self, kernel: usize) -> Checked<()> {
        if kernel % 2 == 1 && kernel <= 31 {
            return Ok(());
        }
        Err(self.argument_error("kernel", kernel as f64, "odd and at most 31"))
    }

    fn expansion(&self, expansion: f64) -> Checked<()> {
        if expansion > 0.0 && expansion <= 64.0 {
            return Ok(());
        }
        Err(self.argument_error("expansion", expansion, "above 0 and at most 64"))
    }

    fn argument(
        &self,
        argument: &'static str,
        value: usize,
        low: usize,
        high: usize,
        expected: &'static str,
    ) -> Checked<()> {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        Err(self.argument_error(argument, value as f64, expected))
    }

    fn argument_error(
        &self,
        argument: &'static str,
        value: f64,
        expected: &'static str,
    ) -> ArchitectureError {
        let (block, name) = (self.block, self.name);
        ArchitectureError::Argument { block, name, argument, value, expected }
    }

    fn shape_error(&self, needs: &'static str, hint: &'static str) -> ArchitectureError {
        ArchitectureError::Shape { block: self.block, name: self.name, needs, hint }
    }
}

impl Branch {
    fn fork(&self) -> Self {
        Self { channels: self.channels, side: self.side, nodes: Vec::new() }
    }

    fn concat(&mut self, first: Self, second: Self) {
        self.channels = first.channels + second.channels;
        self.side = first.side;
        self.nodes.push(Op::Concat { first: first.nodes, second: second.nodes });
    }
}

/// Arguments of a searched convolution; no groups means depthwise.
struct Spec {
    kernel: usize,
    stride: usize,
    padding: Option<usize>,
    groups: Option<usize>,
    activation: Activation,
}

fn has_weights(node: &Op) -> bool {
    !matches!(node, Op::GlobalAvgPool | Op::Pool { .. } | Op::Activation(_))
}

fn strides(first: usize, repeat: usize) -> impl Iterator<Item = usize> {
    (0..repeat).map(move |copy| if copy == 0 { first } else { 1 })
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
