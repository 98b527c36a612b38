//! Heartbeats as a counter: a worker is alive as long as its heartbeat changes while it is watched.
//!
//! The time of a heartbeat is that of its writer's clock, which may jump, and so may the reader's. So a
//! database without a clock of its own is watched: what counts is for how long, by the monotonic clock of
//! the watcher, a heartbeat has stayed the same. A machine that sleeps stops that clock, too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The heartbeats of running trials by row id, and since when each one has been seen.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<i64, (i64, Instant)>);

impl Watch {
    /// For how long the heartbeat of a trial has been seen as it is now.
    pub(super) fn unchanged(&mut self, trial: i64, heartbeat: i64) -> Duration {
        let new = (heartbeat, Instant::now());
        let seen = self.0.entry(trial).or_insert(new);
        if seen.0 != heartbeat {
            *seen = new;
        }
        seen.1.elapsed()
    }

    /// Forgets all trials but these.
    pub(super) fn keep(&mut self, trials: &BTreeSet<i64>) {
        self.0.retain(|trial, _| trials.contains(trial));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_heartbeat_that_stays_grows_old() {
        let mut watch = Watch::default();
        let pause = Duration::from_millis(20);
        assert!(watch.unchanged(1, 500) < pause);
        std::thread::sleep(pause);
        assert!(watch.unchanged(1, 500) >= pause);
        // A clock that jumps back is a change as any other.
        assert!(watch.unchanged(1, 100) < pause);
        watch.keep(&BTreeSet::new());
        std::thread::sleep(pause);
        assert!(watch.unchanged(1, 100) < pause);
    }
}
