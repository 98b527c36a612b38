//! Disjoint parts of the arena.

use core::ops::Range;

/// Borrows one range to read and another to write.
///
/// # Panics
/// If the ranges overlap.
pub(crate) fn split(
    arena: &mut [i8],
    read: Range<usize>,
    write: Range<usize>,
) -> (&[i8], &mut [i8]) {
    if read.start < write.start {
        let (before, after) = arena.split_at_mut(write.start);
        (&before[read], &mut after[..write.end - write.start])
    } else {
        let (before, after) = arena.split_at_mut(read.start);
        (&after[..read.end - read.start], &mut before[write])
    }
}
