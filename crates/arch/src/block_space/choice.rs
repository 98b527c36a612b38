//! One chosen block of the space.

use crate::{Block, Layer};

/// One block as chosen, before repeats are laid out.
#[derive(Clone, Debug)]
pub(crate) struct BlockChoice {
    pub(crate) repeat: usize,
    pub(crate) block: Block,
    pub(crate) pool: bool,
}

impl BlockChoice {
    pub(crate) fn halves(&self) -> bool {
        self.pool || self.block.stride() == 2
    }

    pub(crate) fn keep_side(&mut self) {
        self.pool = false;
        self.block.set_stride(1);
    }

    /// Halves the maps if the block can; says whether.
    pub(crate) fn halve(&mut self) -> bool {
        if matches!(self.block, Block::Fire { .. } | Block::Bottleneck { .. }) {
            self.pool = true;
        }
        self.block.set_stride(2);
        self.halves()
    }

    /// The block's copies, the stride on the first of them, and the pooling.
    pub(crate) fn layers(&self, depth: f64, backbone: &mut Vec<Layer>) {
        let copies = match self.repeat {
            1 => 1,
            repeat => ((repeat as f64 * depth).round_ties_even() as usize).max(1),
        };
        if self.block == Block::Pass {
            return;
        }
        if self.block.stride() == 2 && copies > 1 {
            let mut rest = self.block.clone();
            rest.set_stride(1);
            backbone.push(Layer::once(self.block.clone()));
            backbone.push(Layer::new(copies - 1, rest));
        } else {
            backbone.push(Layer::new(copies, self.block.clone()));
        }
        if self.pool {
            backbone.push(Layer::once(Block::MaxPool { kernel: 3, stride: 2, padding: 1 }));
        }
    }
}
