//! The composed blocks, each as a branch of convolutions and attention.

use super::{Branch, Builder, Checked, make_divisible};
use crate::limits::MAX_CHANNELS;
use crate::{Activation, Convolution, Gate, Op};

impl Builder {
    /// 1x1, then 3x3, with a shortcut.
    pub(super) fn bottleneck(
        &mut self,
        outputs: usize,
        shortcut: bool,
        groups: usize,
        expansion: f64,
        activation: Activation,
        eca: bool,
    ) -> Checked<()> {
        let inner = (outputs as f64 * expansion) as usize;
        self.argument("expansion x channels", inner, 1, MAX_CHANNELS, "1 to 65536")?;
        let mut branch = self.branch();
        self.convolve(&mut branch, pointwise(self.channels, inner, activation))?;
        let second = spatial(inner, outputs, 3, 1, groups, Activation::Relu);
        self.convolve(&mut branch, second)?;
        if eca {
            branch.nodes.push(Op::ChannelAttention { kernel: 3 });
        }
        self.add(branch, shortcut);
        Ok(())
    }

    /// MobileNetV2's block.
    pub(super) fn inverted_residual_v2(
        &mut self,
        outputs: usize,
        expansion: f64,
        stride: usize,
        eca: bool,
    ) -> Checked<()> {
        let inner = self.inner((self.channels as f64 * expansion).round_ties_even() as usize)?;
        let mut branch = self.branch();
        if expansion != 1.0 {
            self.convolve(&mut branch, pointwise(self.channels, inner, Activation::Relu6))?;
        }
        self.convolve(&mut branch, depthwise(inner, 3, stride, Activation::Relu6))?;
        self.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        if eca {
            branch.nodes.push(Op::ChannelAttention { kernel: 3 });
        }
        self.add(branch, stride == 1);
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    /// MobileNetV3's block.
    pub(super) fn inverted_residual_v3(
        &mut self,
        kernel: usize,
        expansion: f64,
        outputs: usize,
        squeeze_excite: bool,
        activation: Activation,
        stride: usize,
        eca: bool,
    ) -> Checked<()> {
        let inner = self.inner(make_divisible(self.channels as f64 * expansion, 8))?;
        let expands = inner != self.channels;
        let mut branch = self.branch();
        if expands {
            self.convolve(&mut branch, pointwise(self.channels, inner, activation))?;
        }
        // Without an expansion the activation stands before the excitation, otherwise behind it.
        let late = squeeze_excite && expands;
        let direct = if late { Activation::Identity } else { activation };
        self.convolve(&mut branch, depthwise(inner, kernel, stride, direct))?;
        if squeeze_excite {
            branch.nodes.push(Op::SqueezeExcite {
                channels: inner,
                squeeze: make_divisible((inner / 4) as f64, 8),
                activation: Activation::Relu,
                gate: Gate::HardSigmoid,
            });
        }
        if late {
            branch.nodes.push(Op::Activation(activation));
        }
        self.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        if eca {
            branch.nodes.push(Op::ChannelAttention { kernel });
        }
        self.add(branch, stride == 1);
        Ok(())
    }

    /// EfficientNet's block.
    pub(super) fn mb_conv(
        &mut self,
        expansion: f64,
        outputs: usize,
        stride: usize,
        kernel: usize,
        squeeze_excite: bool,
    ) -> Checked<()> {
        let inputs = self.channels;
        let inner = self.inner((inputs as f64 * expansion).round_ties_even() as usize)?;
        let mut branch = self.branch();
        if inner != inputs {
            self.convolve(&mut branch, pointwise(inputs, inner, Activation::Silu))?;
        }
        let zeros = kernel.saturating_sub(stride);
        let mut spatial = depthwise(inner, kernel, stride, Activation::Silu);
        spatial.padding = (zeros / 2, zeros - zeros / 2);
        self.convolve(&mut branch, spatial)?;
        if squeeze_excite {
            branch.nodes.push(Op::SqueezeExcite {
                channels: inner,
                squeeze: (inputs / 4).max(1),
                activation: Activation::Silu,
                gate: Gate::Sigmoid,
            });
        }
        self.convolve(&mut branch, pointwise(inner, outputs, Activation::Identity))?;
        self.add(branch, stride == 1);
        Ok(())
    }

    /// SqueezeNet's block.
    pub(super) fn fire(&mut self, squeeze: usize, expand1: usize, expand3: usize) -> Checked<()> {
        let biased = |conv: Convolution| Convolution { norm: false, ..conv };
        let relu = Activation::Relu;
        let mut branch = self.branch();
        self.convolve(&mut branch, biased(pointwise(self.channels, squeeze, relu)))?;
        let mut small = branch.fork();
        self.convolve(&mut small, biased(pointwise(squeeze, expand1, relu)))?;
        let mut large = branch.fork();
        self.convolve(&mut large, biased(spatial(squeeze, expand3, 3, 1, 1, relu)))?;
        branch.concat(small, large);
        self.extend(branch);
        Ok(())
    }

    /// GhostNet's block.
    pub(super) fn ghost(
        &mut self,
        kernel: usize,
        expansion: f64,
        outputs: usize,
        squeeze_excite: bool,
        stride: usize,
    ) -> Checked<()> {
        let inputs = self.channels;
        let inner = self.inner(make_divisible(inputs as f64 * expansion, 8))?;
        let mut branch = self.branch();
        self.ghost_module(&mut branch, inner, Activation::Relu)?;
        if stride == 2 {
            self.convolve(&mut branch, depthwise(inner, kernel, 2, Activation::Identity))?;
        }
        if squeeze_excite {
            branch.nodes.push(Op::SqueezeExcite {
                channels: inner,
                squeeze: inner / 4,
                activation: Activation::Relu,
                gate: Gate::Clamp,
            });
        }
        self.ghost_module(&mut branch, outputs, Activation::Identity)?;
        let mut shortcut = self.branch();
        if stride != 1 || inputs != outputs {
            self.convolve(&mut shortcut, depthwise(inputs, 3, stride, Activation::Relu))?;
            self.convolve(&mut shortcut, pointwise(inputs, outputs, Activation::Identity))?;
        }
        self.channels = branch.channels;
        self.side = branch.side;
        self.nodes.push(Op::Sum { body: branch.nodes, shortcut: shortcut.nodes });
        Ok(())
    }

    /// Half of the outputs by a 1x1 convolution, the other half from those, depthwise.
    fn ghost_module(&self, branch: &mut Branch, outputs: usize, act: Activation) -> Checked<()> {
        let half = outputs / 2;
        let primary = pointwise(branch.channels, half, act);
        self.convolve(branch, primary)?;
        let mut cheap = branch.fork();
        self.convolve(&mut cheap, depthwise(half, 3, 1, act))?;
        let same = branch.fork();
        branch.concat(same, cheap);
        Ok(())
    }
}

fn spatial(
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
    activation: Activation,
) -> Convolution {
    let padding = (kernel / 2, kernel / 2);
    Convolution { inputs, outputs, kernel, stride, padding, groups, norm: true, activation }
}

fn pointwise(inputs: usize, outputs: usize, activation: Activation) -> Convolution {
    spatial(inputs, outputs, 1, 1, 1, activation)
}

fn depthwise(channels: usize, kernel: usize, stride: usize, act: Activation) -> Convolution {
    spatial(channels, channels, kernel, stride, channels, act)
}
