//! Flattening.

use super::arguments::arguments;
use super::kind::BlockKind;
use crate::builder::{Builder, Checked};

arguments! {
    /// Maps `[c, n, m]` to one vector of c n m numbers.
    pub struct Flatten = ["Flatten"] {}
}

impl BlockKind for Flatten {
    fn lower(&self, chain: &mut Builder, _repeat: usize) -> Checked<()> {
        if !chain.flat {
            chain.channels = chain.channels.saturating_mul(chain.side.pixels());
            chain.flat = true;
        }
        Ok(())
    }

    fn needs_maps(&self) -> bool {
        false
    }
}
