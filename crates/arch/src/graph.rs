//! The form in which equal networks are equal.

use crate::check::{self, GraphError};
use crate::op::Op;
use serde::{Deserialize, Serialize};

/// An architecture as primitive nodes: multiples and repeats applied, what does nothing left out.
///
/// Lowered from a valid [`Architecture`](crate::Architecture), so channels agree, or read from JSON
/// and [checked](Self::check). Whoever changes nodes by hand checks them too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
#[non_exhaustive]
pub struct Graph {
    /// Channels of the input image.
    pub input_channels: usize,
    /// Side of the input image.
    pub input_side: usize,
    /// Class scores.
    pub classes: usize,
    /// What is computed, in this order.
    pub nodes: Vec<Op>,
}

/// What a file says, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    input_channels: usize,
    input_side: usize,
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
    /// A 64-bit name of the network: the same in every process and version, different (but for
    /// chance, 2^-64 a pair) for different networks.
    ///
    /// It is the FNV-1a hash of the nodes' JSON form, mixed by SplitMix64's finaliser.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in serde_json::to_vec(self).unwrap_or_default() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }

    /// Whether this is a network that can be built: channels agree from node to node, windows fit
    /// on their maps, and the chain ends in one number per class.
    ///
    /// # Errors
    /// The first node that does not fit.
    pub fn check(&self) -> Result<(), GraphError> {
        check::check(self.input_channels, self.input_side, self.classes, &self.nodes)
    }
}
