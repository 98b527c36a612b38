//! Networks as primitive operations.

use crate::check::{self, GraphError};
use crate::op::Op;
use automl_extent::Extent;
use serde::{Deserialize, Serialize};

/// A network as primitive operations: multiples and repeats are applied, empty operations left out,
/// so equal networks are equal.
///
/// A graph is lowered from a valid [`Architecture`](crate::Architecture), so its channels agree, or
/// read from JSON and [checked](Self::check). After a change of nodes by hand, check it again.
///
/// # Examples
/// ```
/// use automl_arch::{Activation, Architecture, Block, Graph, Layer};
///
/// let head = [Layer::once(Block::GlobalAvgPool), Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
/// let conv = Layer::once(Block::conv(16, 3, 1, Activation::Relu));
/// let chain = |stem: Vec<Layer>| Architecture::new(3, 32, stem.into_iter().chain(head.clone()));
/// let graph = chain(vec![conv.clone(), conv.clone()]).graph()?;
/// assert_eq!(graph, chain(vec![Layer { repeat: 2, ..conv.clone() }]).graph()?);
///
/// let json = serde_json::to_string(&graph)?;
/// assert_eq!(serde_json::from_str::<Graph>(&json)?.fingerprint(), graph.fingerprint());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
#[non_exhaustive]
pub struct Graph {
    /// Channels of the input image.
    pub input_channels: usize,
    /// Height and width of the input image in pixels.
    pub input_side: Extent,
    /// Number of class scores.
    pub classes: usize,
    /// The operations in order.
    pub nodes: Vec<Op>,
}

/// The content of a file before the check.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    input_channels: usize,
    input_side: Extent,
    classes: usize,
    nodes: Vec<Op>,
}

impl TryFrom<Unchecked> for Graph {
    type Error = GraphError;

    fn try_from(read: Unchecked) -> Result<Self, GraphError> {
        let Unchecked { input_channels, input_side, classes, nodes } = read;
        let network = Self { input_channels, input_side, classes, nodes };
        network.check()?;
        Ok(network)
    }
}

impl Graph {
    /// A 64-bit identifier of the network, the same in every process and version; two different
    /// networks share one with probability 2⁻⁶⁴.
    ///
    /// It is the FNV-1a hash of the JSON form, mixed by the finalizer of SplitMix64.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in serde_json::to_vec(self).unwrap_or_default() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }

    /// Checks that the network can be built: channels agree from node to node, windows fit on their
    /// maps, and the chain ends in one number per class.
    ///
    /// # Errors
    /// [`GraphError`] with the first node at fault.
    pub fn check(&self) -> Result<(), GraphError> {
        check::check(self.input_channels, self.input_side, self.classes, &self.nodes)
    }
}
