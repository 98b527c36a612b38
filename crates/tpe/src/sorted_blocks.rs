//! A sorted list with access by rank, in blocks.

use std::cmp::Ordering;

/// Half the length at which a block is split.
const BLOCK: usize = 256;

/// Distinct items in the order of a comparison, as a list of sorted blocks.
///
/// [`insert`](Self::insert) and [`remove`](Self::remove) take a binary search over the blocks, one
/// within a block, and a move of memory within it. [`at`](Self::at) reads ascending ranks in one pass
/// over the lengths of the blocks.
#[derive(Clone, Debug)]
pub(crate) struct SortedBlocks<T> {
    blocks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for SortedBlocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }
}

impl<T: Copy> SortedBlocks<T> {
    /// The number of items.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// All items in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten()
    }

    /// Adds an item unless an equal one is present.
    pub(crate) fn insert(&mut self, item: T, order: impl Fn(&T, &T) -> Ordering) {
        let block = self.block(&item, &order);
        if self.blocks.is_empty() {
            self.blocks.push(Vec::with_capacity(2 * BLOCK));
        }
        let items = &mut self.blocks[block];
        if let Err(at) = items.binary_search_by(|other| order(other, &item)) {
            items.insert(at, item);
            self.len += 1;
            if items.len() >= 2 * BLOCK {
                let mut upper = Vec::with_capacity(2 * BLOCK);
                upper.extend(items.drain(BLOCK..));
                self.blocks.insert(block + 1, upper);
            }
        }
    }

    /// Removes an item if it is present.
    pub(crate) fn remove(&mut self, item: &T, order: impl Fn(&T, &T) -> Ordering) {
        let block = self.block(item, &order);
        let Some(items) = self.blocks.get_mut(block) else { return };
        if let Ok(at) = items.binary_search_by(|other| order(other, item)) {
            items.remove(at);
            self.len -= 1;
            if items.is_empty() {
                self.blocks.remove(block);
            }
        }
    }

    /// The items of ascending ranks, counted from 0, up to the end of the list.
    pub(crate) fn at(&self, ranks: impl Iterator<Item = usize>) -> impl Iterator<Item = T> {
        let (mut block, mut before) = (0, 0);
        ranks.map_while(move |rank| {
            while rank >= before + self.blocks.get(block)?.len() {
                before += self.blocks[block].len();
                block += 1;
            }
            self.blocks[block].get(rank - before).copied()
        })
    }

    /// The last block with a first item not greater than `item`; 0 if there is none.
    fn block(&self, item: &T, order: &impl Fn(&T, &T) -> Ordering) -> usize {
        let begins = |block: &Vec<T>| {
            block.first().is_some_and(|first| order(first, item) != Ordering::Greater)
        };
        self.blocks.partition_point(begins).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_like_a_sorted_set(changes in prop::collection::vec((any::<bool>(), 0..3000_u32), 0..4000)) {
            let mut blocks = SortedBlocks::default();
            let mut plain = std::collections::BTreeSet::new();
            for (add, item) in changes {
                // Three quarters are additions, so that blocks are split.
                if add || item % 2 == 0 {
                    blocks.insert(item, u32::cmp);
                    plain.insert(item);
                } else {
                    blocks.remove(&item, u32::cmp);
                    plain.remove(&item);
                }
                prop_assert_eq!(blocks.len(), plain.len());
            }
            let plain: Vec<u32> = plain.into_iter().collect();
            prop_assert!(blocks.iter().eq(&plain));
            let third = (0..plain.len() + 9).step_by(3);
            prop_assert!(blocks.at(third).eq(plain.iter().copied().step_by(3)));
        }
    }
}
