//! Global average pooling.

use super::arguments::arguments;
use super::kind::BlockKind;
use crate::builder::{Builder, Checked};
use crate::op::Op;
use crate::row::{Row, YamlError};

arguments! {
    /// Mean over all positions: maps `[c, n, m]` become `[c, 1, 1]`.
    pub struct GlobalAvgPool = ["GlobalAvgPool"] {}
}

impl BlockKind for GlobalAvgPool {
    fn lower(&self, chain: &mut Builder, _repeat: usize) -> Checked<()> {
        if chain.side != 1 {
            chain.nodes.push(Op::GlobalAvgPool);
            chain.side = 1.into();
        }
        Ok(())
    }

    /// kindle's output size, 1.
    fn skip(row: &mut Row<'_>) -> Result<(), YamlError> {
        row.take_one()
    }
}
