//! The networks that wait for their final training, and how many epochs of it fit into the time.

use super::Candidate;
use std::time::Instant;

/// The share of the time that epochs may fill; the rest is for evaluation and files.
const USED: f64 = 0.95;

/// Waiting networks, the slowest of which goes first, so that no worker is left with it at the end.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Vec<Candidate>,
    workers: usize,
    epochs: u64,
    deadline: Option<Instant>,
    /// How much longer an epoch takes than was thought.
    pace: f64,
}

impl Queue {
    /// `epochs`: how many each gets where time allows.
    pub(super) fn new(
        mut waiting: Vec<Candidate>,
        workers: usize,
        epochs: u64,
        deadline: Option<Instant>,
    ) -> Self {
        waiting.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        Self { waiting, workers, epochs, deadline, pace: 1.0 }
    }

    /// The next network and its epochs.
    pub(super) fn pop(&mut self) -> Option<(Candidate, u64)> {
        let next = self.waiting.pop()?;
        let fits = self.fits(next.seconds * self.pace);
        let epochs = fits.map_or(self.epochs, |fits| fits.min(self.epochs));
        Some((next, epochs))
    }

    /// After an epoch that took `seconds`: how many more fit, at least one; `None` without a
    /// deadline.
    pub(super) fn fit(&mut self, candidate: &Candidate, seconds: f64) -> Option<u64> {
        if candidate.seconds > 0.0 && seconds.is_finite() {
            self.pace += 0.2 * (seconds / candidate.seconds - self.pace);
        }
        self.fits(seconds)
    }

    /// Every network is to have equally many epochs, in the time that is left on all workers.
    fn fits(&self, seconds: f64) -> Option<u64> {
        let left = self.deadline?.saturating_duration_since(Instant::now()).as_secs_f64() * USED;
        let others: f64 = self.waiting.iter().map(|candidate| candidate.seconds).sum();
        let epoch = seconds + others * self.pace / self.workers as f64;
        Some((left / epoch.max(1e-6)).floor().max(1.0) as u64)
    }
}
