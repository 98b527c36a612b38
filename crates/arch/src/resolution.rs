//! One architecture at other image resolutions.

use crate::cost::last_side;
use crate::{Architecture, ArchitectureError};
use automl_extent::Extent;

/// Smallest side of the last maps: below it, kernels of 3 see little but padding.
const LEAST: usize = 2;

impl Architecture {
    /// The same architecture for images of another height and width in pixels, with fewer strides where the last
    /// maps would vanish.
    ///
    /// Blocks, channels and repeats stay. Smaller images leave smaller maps behind every stride, so
    /// strides become 1, the last of the chain before the earlier ones, until the last maps have a
    /// shorter side of at least 2 (or of what they had, if that was 1). Late strides go first because the
    /// blocks before them then still work on smaller maps: without its first stride, a network
    /// would cost on small images what it costs on large ones. The number of parameters stays,
    /// except where a block has a convolution for its stride alone (`GhostBottleneck`), or `Flatten`
    /// stands behind maps that are not pooled to one pixel.
    ///
    /// # Errors
    /// As [`graph`](Self::graph), for instance where a kernel does not fit on so small images.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Activation, Architecture, Block, Layer};
    ///
    /// let conv = || Layer::once(Block::conv(16, 3, 2, Activation::Relu));
    /// let network = Architecture::new(3, 32, [
    ///     conv(),
    ///     conv(),
    ///     conv(),
    ///     Layer::once(Block::GlobalAvgPool),
    ///     Layer::once(Block::Flatten),
    ///     Layer::once(Block::linear(10)),
    /// ]);
    /// let small = network.at_resolution(8)?;
    /// assert!(small.input_side == 8);
    /// assert_eq!(small.cost()?.parameters, network.cost()?.parameters);
    /// # Ok::<(), automl_arch::ArchitectureError>(())
    /// ```
    pub fn at_resolution(&self, side: impl Into<Extent>) -> Result<Self, ArchitectureError> {
        let least = last_side(&self.graph()?).min(LEAST);
        let mut adapted = Self { input_side: side.into(), ..self.clone() };
        loop {
            let graph = adapted.graph();
            if graph.as_ref().is_ok_and(|network| last_side(network) >= least) {
                return Ok(adapted);
            }
            match adapted.backbone.iter_mut().rfind(|layer| layer.block.stride() > 1) {
                Some(layer) => layer.block.set_stride(1),
                None => return graph.map(|_| adapted),
            }
        }
    }
}
