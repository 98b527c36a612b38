//! The fully connected layer.

use super::arguments::arguments;
use super::kind::BlockKind;
use super::range::CHANNELS;
use crate::activation::Activation;
use crate::builder::{Builder, Checked};
use crate::op::Op;

arguments! {
    /// Matrix product with bias, activation. The width multiple does not apply.
    ///
    /// From n to m numbers: (n + 1) m parameters, n m multiply-accumulates.
    pub struct Linear = ["Linear"] {
        /// Number of outputs.
        pub features: usize, in CHANNELS;
        /// Nonlinearity.
        pub activation: Activation = Activation::Identity;
    }
}

impl BlockKind for Linear {
    fn lower(&self, chain: &mut Builder, repeat: usize) -> Checked<()> {
        if !chain.flat {
            return Err(chain.shape_error("a vector", "put Flatten before it"));
        }
        let Self { features, activation } = *self;
        for _ in 0..repeat {
            let inputs = std::mem::replace(&mut chain.channels, features);
            chain.nodes.push(Op::Linear { inputs, outputs: features, activation });
            chain.end_copy();
        }
        Ok(())
    }

    fn needs_maps(&self) -> bool {
        false
    }
}
