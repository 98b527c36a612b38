//! Memory that is reused from one training step to the next.
//!
//! A step fills hundreds of megabytes. Given back to the system after each, they would be mapped
//! and zeroed page by page in the next.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

/// Steps without use after which memory is given back.
const IDLE: u32 = 3;

/// Memory and the number of steps without use.
type Idle = (Vec<f32>, u32);

thread_local! {
    /// Free memory of this thread by its length.
    static FREE: RefCell<BTreeMap<usize, Vec<Idle>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A line of the cache, in bytes. Vectors that lie across two lines cost two accesses.
const LINE: usize = 64;

/// Values in reused memory, from the start of a line of the cache on.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    values: Vec<f32>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// Buffer with arbitrary values, which are still to be written.
    pub(super) fn new(length: usize) -> Self {
        if length == 0 {
            return Self::default();
        }
        let least = length + LINE / size_of::<f32>();
        let values = FREE.with_borrow_mut(|free| {
            let mut fits = free.range_mut(least..=least + length / 4 + 64);
            fits.find_map(|(_, same)| same.pop()).map(|(values, _)| values)
        });
        let values = values.unwrap_or_else(|| vec![0.0; least]);
        let start = values.as_ptr().align_offset(LINE);
        Self { values, start, length }
    }

    /// Buffer of zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let mut buffer = Self::new(length);
        buffer.fill(0.0);
        buffer
    }

    /// Copy of values.
    pub(super) fn copy(values: &[f32]) -> Self {
        let mut buffer = Self::new(values.len());
        buffer.copy_from_slice(values);
        buffer
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..][..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..][..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        if !values.is_empty() {
            // At the end of the thread the list is gone.
            let _ = FREE.try_with(|free| {
                free.borrow_mut().entry(values.len()).or_default().push((values, 0));
            });
        }
    }
}

/// Gives memory back that has been idle for some steps; to be called once per step.
pub(super) fn age() {
    FREE.with_borrow_mut(|free| {
        free.retain(|_, same| {
            same.iter_mut().for_each(|(_, idle)| *idle += 1);
            same.retain(|&(_, idle)| idle <= IDLE);
            !same.is_empty()
        });
    });
}

#[cfg(test)]
mod tests {
    use super::{Buffer, FREE, IDLE, LINE, age};

    #[test]
    fn memory_is_used_again_and_given_back() {
        let buffer = Buffer::copy(&[1.0; 1000]);
        let place = buffer.as_ptr();
        assert_eq!(place.addr() % LINE, 0);
        drop(buffer);
        assert_eq!(Buffer::new(900).as_ptr(), place);
        assert_ne!(Buffer::new(90).as_ptr(), place);
        assert!(Buffer::zeros(1000).iter().all(|&x| x == 0.0));
        (0..=IDLE).for_each(|_| age());
        assert!(FREE.with_borrow(|free| free.is_empty()));
    }
}
