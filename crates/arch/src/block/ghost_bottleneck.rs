//! The block of GhostNet.

use super::arguments::arguments;
use super::kind::{BlockKind, strided};
use super::offer::{Halving, Offer, OfferedType, Parameter, Values};
use super::range::{CHANNELS, EXPANSION, ODD_KERNEL, STRIDE};
use crate::activation::Activation;
use crate::builder::{Branch, Builder, Checked, depthwise, make_divisible, pointwise};
use crate::op::{Gate, Op};

arguments! {
    /// GhostNet's block: two Ghost modules, in which half of the maps comes from a cheap depthwise
    /// 3x3 convolution of the other half, with a depthwise convolution between them where the stride
    /// is 2.
    ///
    /// A Ghost module from c to d channels has c d / 2 + 9 d / 2 + 2 d parameters. The shortcut is
    /// the input, or a depthwise and a 1x1 convolution where the shape changes.
    ///
    /// # Source
    /// Han et al. (2020), "GhostNet: more features from cheap operations", section 3.2,
    /// arXiv 1911.11907.
    pub struct GhostBottleneck = ["GhostBottleneck"] {
        /// Side of the depthwise kernel in pixels, which exists only where the stride is 2.
        pub kernel: usize, in ODD_KERNEL;
        /// Inner channels per input channel, rounded to a multiple of 8.
        pub expansion: f64, in EXPANSION;
        /// Output channels before the width multiple.
        pub channels: usize, in CHANNELS;
        /// Squeeze-and-excitation (reduction 4, clamped to [0, 1]) on the inner maps.
        pub squeeze_excite: bool;
        /// Stride, 1 or 2.
        pub stride: usize, in STRIDE;
    }
}

impl GhostBottleneck {
    fn copy(&self, chain: &mut Builder, outputs: usize, stride: usize) -> Checked<()> {
        let inputs = chain.channels;
        let inner = chain.inner(make_divisible(inputs as f64 * self.expansion, 8))?;
        let mut branch = chain.branch();
        ghost_module(chain, &mut branch, inner, Activation::Relu)?;
        if stride == 2 {
            let halving = depthwise(inner, self.kernel, 2, Activation::Identity);
            chain.convolve(&mut branch, halving)?;
        }
        if self.squeeze_excite {
            branch.squeeze_excite(inner / 4, Activation::Relu, Gate::Clamp);
        }
        ghost_module(chain, &mut branch, outputs, Activation::Identity)?;
        let mut shortcut = chain.branch();
        if stride != 1 || inputs != outputs {
            chain.convolve(&mut shortcut, depthwise(inputs, 3, stride, Activation::Relu))?;
            chain.convolve(&mut shortcut, pointwise(inputs, outputs, Activation::Identity))?;
        }
        chain.channels = branch.channels;
        chain.side = branch.side;
        chain.nodes.push(Op::Sum { body: branch.nodes, shortcut: shortcut.nodes });
        Ok(())
    }
}

/// Half of the outputs by a 1x1 convolution, the other half from those, depthwise.
fn ghost_module(
    chain: &Builder,
    branch: &mut Branch,
    outputs: usize,
    activation: Activation,
) -> Checked<()> {
    let half = outputs / 2;
    let primary = pointwise(branch.channels, half, activation);
    chain.convolve(branch, primary)?;
    let mut cheap = branch.fork();
    chain.convolve(&mut cheap, depthwise(half, 3, 1, activation))?;
    let same = branch.fork();
    branch.concat(same, cheap);
    Ok(())
}

impl BlockKind for GhostBottleneck {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        let outputs = chain.scaled(self.channels);
        chain.repeat_strided(self.stride, repeat, |chain, stride| self.copy(chain, outputs, stride))
    }

    strided!();

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "GhostBottleneck", stem: None, plain: None, extended: 0.05 }];
        Some(Offer::usual(TYPES, Halving::Stride, |position| {
            vec![
                Parameter::int("gb_c", position.v3, 0.45),
                Parameter::expansion("gb_t"),
                Parameter::ordinal("gb_se", &[0, 1], None),
            ]
        }))
    }

    fn chosen(values: &Values<'_>) -> Option<Self> {
        Some(Self {
            kernel: 3,
            expansion: values.tenths("gb_t")?,
            channels: values.size("gb_c")?,
            squeeze_excite: values.flag("gb_se"),
            stride: values.stride,
        })
    }
}
