//! An interval that many threads share.

use crate::lock;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Lets one of many threads act at an interval.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let pace = automl_train::Pace::new(Duration::ZERO);
/// assert!(pace.is_due());
/// assert!(!automl_train::Pace::new(Duration::from_secs(3600)).is_due());
/// ```
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    last: Mutex<Instant>,
}

impl Pace {
    /// An interval that begins now.
    pub fn new(every: Duration) -> Self {
        Self { every, last: Mutex::new(Instant::now()) }
    }

    /// Whether the interval is over; true for the first thread that asks, for which the next one begins.
    pub fn is_due(&self) -> bool {
        let mut last = lock(&self.last);
        let due = last.elapsed() >= self.every;
        if due {
            *last = Instant::now();
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many workers wait, and however often they wake.
    #[test]
    fn one_of_many_looks_at_a_time() {
        let pace = Pace::new(Duration::from_millis(200));
        let start = Instant::now();
        let looked = std::thread::scope(|scope| {
            let look = || {
                let mut count = 0;
                while start.elapsed() < Duration::from_millis(500) {
                    count += u32::from(pace.is_due());
                    std::thread::sleep(Duration::from_millis(1));
                }
                count
            };
            let workers: Vec<_> = (0..8).map(|_| scope.spawn(look)).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum::<u32>()
        });
        assert!((1..=3).contains(&looked), "{looked}");
    }
}
