//! The empty block.

use super::arguments::arguments;
use super::kind::BlockKind;
use super::offer::{Halving, Offer, OfferedType, Values};
use crate::builder::{Builder, Checked};

arguments! {
    /// The input itself.
    pub struct Pass = ["Pass"] {}
}

impl BlockKind for Pass {
    fn lower(&self, _chain: &mut Builder, _repeat: usize) -> Checked<()> {
        Ok(())
    }

    fn needs_maps(&self) -> bool {
        false
    }

    fn offer() -> Option<Offer> {
        const TYPES: &[OfferedType] =
            &[OfferedType { name: "Pass", stem: None, plain: Some(0.15), extended: 0.13 }];
        Some(Offer { repeats: false, ..Offer::usual(TYPES, Halving::Never, |_| Vec::new()) })
    }

    fn chosen(_values: &Values<'_>) -> Option<Self> {
        Some(Self {})
    }
}
