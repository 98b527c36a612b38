//! Events in virtual time.

use std::cmp::Ordering;

/// Something that happens at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) time: f64,
    /// Breaks ties in order of creation.
    pub(super) order: u64,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// A worker has trained a trial to `step` of a job that goes to `until`.
    Reached { number: u64, step: u64, until: u64, began: f64 },
    /// A worker that died is noticed and replaced.
    Replaced { number: u64 },
}

impl Ord for Event {
    /// The earliest is the greatest, for the heap.
    fn cmp(&self, other: &Self) -> Ordering {
        other.time.total_cmp(&self.time).then(other.order.cmp(&self.order))
    }
}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Event {}
