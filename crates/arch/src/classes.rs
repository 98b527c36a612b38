//! Networks for another number of classes.

use crate::block::Block;
use crate::network_spec::NetworkSpec;
use crate::op::Op;

impl NetworkSpec {
    /// The same network with another number of outputs of its last layer; `None` where that is not a
    /// linear one.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Architecture, Block, Layer, NetworkSpec};
    ///
    /// let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
    /// let spec = NetworkSpec::from(&Architecture::new(1, 8, layers));
    /// let four = spec.with_classes(4).map(|spec| spec.graph()).transpose()?;
    /// assert_eq!(four.map(|graph| graph.classes), Some(4));
    /// # Ok::<(), automl_arch::NetworkSpecError>(())
    /// ```
    pub fn with_classes(&self, classes: usize) -> Option<Self> {
        let mut spec = self.clone();
        match &mut spec {
            Self::Blocks(architecture) => {
                let last = architecture.backbone.last_mut()?;
                let Block::Linear(linear) = &mut last.block else { return None };
                linear.features = classes;
            }
            Self::Nodes(graph) => {
                let Some(Op::Linear { outputs, .. }) = graph.nodes.last_mut() else { return None };
                (*outputs, graph.classes) = (classes, classes);
            }
        }
        Some(spec)
    }
}
