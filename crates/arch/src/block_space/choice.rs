//! One chosen block of the space.

use super::skeleton::Skeleton;
use crate::architecture::Layer;
use crate::block::{Block, Halving};

/// One block as chosen, before repeats are laid out.
#[derive(Clone, Debug)]
pub(crate) struct BlockChoice {
    pub(crate) repeat: usize,
    pub(crate) block: Block,
    pub(crate) halving: Halving,
    pub(crate) pool: bool,
}

impl BlockChoice {
    fn halves(&self) -> bool {
        self.pool || self.block.stride() == 2
    }

    fn keep_side(&mut self) {
        self.pool = false;
        self.block.set_stride(1);
    }

    /// Halves the maps if the block can; the result is whether it does.
    fn halve(&mut self) -> bool {
        if self.halving == Halving::Pool {
            self.pool = true;
        }
        self.block.set_stride(2);
        self.halves()
    }

    /// Appends the block's copies, the stride on the first of them, and the pooling.
    pub(crate) fn layers(&self, depth: f64, backbone: &mut Vec<Layer>) {
        if self.block == Block::Pass {
            return;
        }
        let copies = Layer::copies(self.repeat, depth);
        if self.block.stride() == 2 && copies > 1 {
            let mut rest = self.block.clone();
            rest.set_stride(1);
            backbone.push(Layer::once(self.block.clone()));
            backbone.push(Layer::new(copies - 1, rest));
        } else {
            backbone.push(Layer::new(copies, self.block.clone()));
        }
        if self.pool {
            backbone.push(Layer::once(Block::max_pool(3, 2, 1)));
        }
    }
}

/// Enforces the bounds on halvings; see
/// [`BlockSpace::architecture`](crate::BlockSpace::architecture).
pub(crate) fn bound_downsamplings(skeleton: &Skeleton, blocks: &mut [BlockChoice]) {
    let (least, most) = skeleton.halvings;
    let mut halvings = 0;
    for block in blocks.iter_mut() {
        if block.halves() && halvings == most {
            block.keep_side();
        }
        halvings += usize::from(block.halves());
    }
    for block in blocks.iter_mut().skip(1) {
        if halvings < least && !block.halves() && block.halve() {
            halvings += 1;
        }
    }
}
