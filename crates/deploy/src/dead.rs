//! Removal of what cannot reach the class scores.

mod branches;
mod channels;
mod zeros;

use crate::program::Program;

impl Program {
    /// Returns an equal program without dead units: branches that are zero everywhere, channels that
    /// are zero everywhere, and channels that later steps multiply by zero.
    ///
    /// A channel is left out where every step can do without it: what is left out is zero or is
    /// multiplied by zero, so the scores of finite images stay. Channels joined by sums, pooling,
    /// depthwise convolutions and channel weights are left out together; convolutions in other
    /// groups keep all of theirs, and each value keeps at least one channel. Masks of pruning leave
    /// such units.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Activation, Architecture, Block, Layer};
    /// use automl_deploy::{Program, Tensor, Weights};
    ///
    /// let flat = Layer::once(Block::Flatten);
    /// let graph = Architecture::new(1, 1, [
    ///     Layer::once(Block::FixedConv(automl_arch::block::FixedConv {
    ///         channels: 3, kernel: 1, stride: 1, padding: None, groups: 1,
    ///         activation: Activation::Relu,
    ///     })),
    ///     flat,
    ///     Layer::once(Block::linear(2)),
    /// ]).graph()?;
    /// # let names = ["norm.batch.gamma", "norm.batch.beta", "norm.batch.running_mean"];
    /// # let tensor = |name: &str, shape: &[usize], values: &[f32]| Tensor {
    /// #     name: name.into(), shape: shape.to_vec(), values: values.to_vec() };
    /// # let c = "layers.0.Convolution.";
    /// # let mut all = vec![
    /// #     tensor(&format!("{c}weight"), &[3, 1, 1, 1], &[1.0, 0.0, 2.0]),
    /// #     tensor(&format!("{c}norm.batch.gamma"), &[3], &[1.0; 3]),
    /// #     tensor(&format!("{c}norm.batch.beta"), &[3], &[0.0; 3]),
    /// #     tensor(&format!("{c}norm.batch.running_mean"), &[3], &[0.0; 3]),
    /// #     tensor(&format!("{c}norm.batch.running_var"), &[3], &[1.0; 3]),
    /// #     tensor("layers.1.Linear.weight", &[2, 3], &[1.0; 6]),
    /// #     tensor("layers.1.Linear.bias", &[2], &[0.0; 2]),
    /// # ];
    /// // The second filter of the convolution is zero.
    /// # let weights = Weights::new(all);
    /// let program = Program::lower(&graph, &weights)?.without_dead_units();
    /// assert_eq!(program.values[1].channels, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn without_dead_units(self) -> Self {
        channels::shrink(branches::drop_zero_branches(self))
    }
}
