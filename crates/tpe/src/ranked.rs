//! A sorted list with ranks: order statistics by blocks.

use std::cmp::Ordering;

/// Blocks are split at twice this length.
const BLOCK: usize = 256;

/// Items in the order of a comparison that no two of them share a place in.
///
/// A list of sorted blocks: finding, adding and removing an item cost a binary search over the
/// blocks, one within a block, and a move within it; the items of `m` ascending ranks are read in
/// one pass over the blocks' lengths.
#[derive(Clone, Debug)]
pub(crate) struct Ranked<T> {
    blocks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }
}

impl<T: Copy> Ranked<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten()
    }

    /// Adds an item, unless an equal one is there.
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

    /// Removes an item, if it is there.
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

    /// The items of ascending ranks, counted from 0; those beyond the end are left out.
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

    /// The last block that does not begin behind the item.
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
        fn it_is_a_sorted_list(changes in prop::collection::vec((any::<bool>(), 0..3000_u32), 0..4000)) {
            let mut ranked = Ranked::default();
            let mut plain = std::collections::BTreeSet::new();
            for (add, item) in changes {
                // Mostly additions, so that blocks are split.
                if add || item % 2 == 0 {
                    ranked.insert(item, u32::cmp);
                    plain.insert(item);
                } else {
                    ranked.remove(&item, u32::cmp);
                    plain.remove(&item);
                }
                prop_assert_eq!(ranked.len(), plain.len());
            }
            let plain: Vec<u32> = plain.into_iter().collect();
            prop_assert!(ranked.iter().eq(&plain));
            let third = (0..plain.len() + 9).step_by(3);
            prop_assert!(ranked.at(third).eq(plain.iter().copied().step_by(3)));
        }
    }
}
