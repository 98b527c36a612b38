//! Branches that training sees and deployment does not: sums of linear depthwise convolutions.

use crate::activation::Activation;
use crate::graph::Graph;
use crate::op::{Convolution, Op};

impl Graph {
    /// The network with each [reparameterized](folded_convolution) sum as one convolution with bias, and
    /// the activation behind it as that of the convolution: what is deployed, and what costs are
    /// counted of. Layer scales are left out, which are parts of the normalization there. A network without
    /// either stays as it is.
    ///
    /// # Examples
    /// ```
    /// use automl_arch::{Activation, Architecture, Block, Layer, block};
    ///
    /// let one = block::MobileOne {
    ///     channels: 8, kernel: 3, stride: 1, activation: Activation::Relu,
    /// };
    /// let graph = Architecture::new(4, 8, [
    ///     Layer::once(Block::MobileOne(one)),
    ///     Layer::once(Block::GlobalAvgPool),
    ///     Layer::once(Block::Flatten),
    ///     Layer::once(Block::linear(2)),
    /// ]).graph()?;
    /// assert_eq!(graph.folded().nodes.len(), graph.nodes.len() - 1);
    /// assert_eq!(graph.cost(), graph.folded().cost());
    /// # Ok::<(), automl_arch::ArchitectureError>(())
    /// ```
    #[must_use]
    pub fn folded(&self) -> Self {
        Self { nodes: chain(&self.nodes), ..self.clone() }
    }
}

fn chain(nodes: &[Op]) -> Vec<Op> {
    let mut folded: Vec<Op> = Vec::with_capacity(nodes.len());
    // Whether the last node stands for a sum, so that the activation behind belongs to it.
    let mut open = false;
    for node in nodes {
        if let (true, Op::Activation(activation), Some(Op::Convolution(last))) =
            (open, node, folded.last_mut())
        {
            last.activation = *activation;
            open = false;
            continue;
        }
        let (node, is_open) = match node {
            Op::Sum { body, shortcut } => match folded_convolution(body, shortcut) {
                Some(convolution) => (Op::Convolution(convolution), true),
                None => (Op::Sum { body: chain(body), shortcut: chain(shortcut) }, false),
            },
            Op::Concat { first, second } => {
                (Op::Concat { first: chain(first), second: chain(second) }, false)
            }
            Op::Product { first, second } => {
                (Op::Product { first: chain(first), second: chain(second) }, false)
            }
            Op::Convolution(conv) => {
                (Op::Convolution(Convolution { layer_scale: false, ..conv.clone() }), false)
            }
            other => (other.clone(), false),
        };
        folded.push(node);
        open = is_open;
    }
    folded
}

/// The one convolution with bias that equals a sum of linear depthwise convolutions of odd kernels, the
/// same stride and half of the kernel as padding, of further sums of them, and of the input itself;
/// `None` for any other sum. Its kernel is the largest.
///
/// # Source
/// Ding et al. (2021), "RepVGG: Making VGG-style ConvNets Great Again", section 3.3, arXiv
/// 2101.03697; Vasu et al. (2023), "MobileOne", section 3.2, for depthwise ones.
pub fn folded_convolution(body: &[Op], shortcut: &[Op]) -> Option<Convolution> {
    match (branch(body)?, branch(shortcut)?) {
        (Some(a), Some(b)) => {
            let alike = (a.inputs, a.stride) == (b.inputs, b.stride);
            alike.then_some(if a.kernel >= b.kernel { a } else { b })
        }
        // The input itself can be added where the side is kept.
        (Some(one), None) | (None, Some(one)) => (one.stride == 1).then_some(one),
        (None, None) => None,
    }
}

/// The convolution of a branch, `Some(None)` for an empty one, `None` for one that is not linear and
/// depthwise.
#[allow(clippy::option_option, reason = "an empty branch is not one that cannot be folded")]
fn branch(nodes: &[Op]) -> Option<Option<Convolution>> {
    match nodes {
        [] => Some(None),
        [Op::Convolution(conv)] => {
            let Convolution { kernel, padding, groups, dilation, .. } = *conv;
            let depthwise = groups > 1 && conv.is_depthwise() && dilation == 1;
            let centered = kernel % 2 == 1 && padding == (kernel / 2, kernel / 2);
            let linear = conv.activation == Activation::Identity;
            let folded = Convolution { norm: false, layer_scale: false, ..conv.clone() };
            (depthwise && centered && linear).then_some(Some(folded))
        }
        [Op::Sum { body, shortcut }] => folded_convolution(body, shortcut).map(Some),
        _ => None,
    }
}
