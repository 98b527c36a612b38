//! The queue of the final training, which fits epochs into the time.

use super::Finalist;
use crate::FinalProgress;
use automl_candidates::epochs_within;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The share of the time that epochs may fill; the rest is for evaluation and files.
const USED: f64 = 0.95;

/// Waiting networks, slowest first, so that no worker is left with a slow one at the end.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Vec<Finalist>,
    workers: usize,
    epochs: u64,
    deadline: Option<Instant>,
    /// The ratio of measured to expected seconds of an epoch.
    pace: f64,
    /// Whether the training of some network is over.
    any_done: bool,
    networks: usize,
    /// The networks of which the training is over.
    done: usize,
    /// The networks in training: expected seconds of the epochs left of each, by trial.
    running: HashMap<u64, f64>,
    start: Instant,
}

impl Queue {
    /// A queue that gives each network `epochs`, where time allows.
    pub(super) fn new(
        mut waiting: Vec<Finalist>,
        workers: usize,
        epochs: u64,
        deadline: Option<Instant>,
    ) -> Self {
        waiting.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let networks = waiting.len();
        Self {
            waiting,
            workers,
            epochs,
            deadline,
            pace: 1.0,
            any_done: false,
            networks,
            done: 0,
            running: HashMap::new(),
            start: Instant::now(),
        }
    }

    /// Notes that the training of a network is over, and whether there is a network now.
    pub(super) fn done(&mut self, trial: u64, is_trained: bool) {
        self.any_done |= is_trained;
        self.done += 1;
        self.running.remove(&trial);
    }

    /// Progress after an epoch of a network, of which `left` are to come.
    pub(super) fn progress(&mut self, finalist: &Finalist, left: u64) -> FinalProgress {
        self.running.insert(finalist.trial, left as f64 * finalist.seconds);
        let waiting: f64 = self.waiting.iter().map(|f| f.seconds * self.epochs as f64).sum();
        let longest = self.running.values().copied().fold(0.0, f64::max);
        let running: f64 = self.running.values().sum();
        let seconds = self.pace * ((waiting + running) / self.workers as f64).max(longest);
        let mut left = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        if let Some(deadline) = self.deadline {
            left = left.min(deadline.saturating_duration_since(Instant::now()));
        }
        FinalProgress {
            networks: self.networks,
            done: self.done,
            elapsed: self.start.elapsed(),
            left,
        }
    }

    /// Whether the time is over. A first network is trained even then, so that there is one.
    pub(super) fn is_over(&self) -> bool {
        self.any_done && self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The next network and its epochs, at least one.
    pub(super) fn pop(&mut self) -> Option<(Finalist, u64)> {
        let next = self.waiting.pop()?;
        let fits = self.fits(next.seconds * self.pace, 0);
        let epochs = fits.map_or(self.epochs, |fits| fits.min(self.epochs).max(1));
        Some((next, epochs))
    }

    /// After `done` epochs, the last of which took `seconds`: how many more fit; `None` without a deadline.
    pub(super) fn fit(&mut self, finalist: &Finalist, done: u64, seconds: f64) -> Option<u64> {
        if finalist.seconds > 0.0 && seconds.is_finite() {
            self.pace += 0.2 * (seconds / finalist.seconds - self.pace);
        }
        self.fits(seconds, done)
    }

    /// The share of the network at hand in the time on all workers, but at least one epoch if that fits.
    fn fits(&self, seconds: f64, done: u64) -> Option<u64> {
        let left = self.deadline?.saturating_duration_since(Instant::now()).as_secs_f64() * USED;
        let others: Vec<f64> = self.waiting.iter().map(|f| f.seconds * self.pace).collect();
        let (own, done) = (seconds.max(1e-6), done as f64);
        let all = epochs_within(own, &others, self.workers, self.epochs, left + done * own);
        Some((all - done).max((left / own).min(1.0)).floor() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_arch::{Activation, Architecture, Block, Layer};
    use automl_candidates::Candidate;
    use automl_space::Config;
    use std::sync::Arc;

    fn finalist(trial: u64, seconds: f64) -> Finalist {
        let layers = [
            Layer::once(Block::conv(4, 3, 1, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(2)),
        ];
        let architecture = Architecture::new(1, 8, layers);
        let candidate = Candidate::new(Config::empty(0), architecture).unwrap();
        Finalist { trial, candidate: Arc::new(candidate), seconds, accuracy: 0.5 }
    }

    /// The epochs of the first and, after one of its epochs took `seconds`, how many more.
    fn epochs(left: Option<u64>, seconds: f64) -> (u64, Option<u64>) {
        let deadline = left.map(|left| Instant::now() + Duration::from_secs(left));
        let waiting = vec![finalist(0, 10.0), finalist(1, 30.0)];
        let mut queue = Queue::new(waiting, 1, 20, deadline);
        let (first, epochs) = queue.pop().unwrap();
        assert_eq!(first.trial, 1);
        (epochs, queue.fit(&first, 0, seconds))
    }

    #[test]
    fn epochs_fit_into_the_time() {
        assert_eq!(epochs(None, 30.0), (20, None));
        assert_eq!(epochs(Some(10_010), 30.0), (20, Some(310)));
        // 59 of 100 seconds, of which 95 of 100 are used.
        assert_eq!(epochs(Some(400), 30.0), (7, Some(7)));
        // One for all does not fit, one for the network at hand does.
        assert_eq!(epochs(Some(36), 30.0), (1, Some(1)));
        assert_eq!(epochs(Some(30), 30.0), (1, Some(0)));
        assert_eq!(epochs(Some(0), 30.0), (1, Some(0)));
    }

    #[test]
    fn the_time_is_over_once_a_network_is_through() {
        let over = |deadline| {
            let mut queue = Queue::new(Vec::new(), 1, 20, deadline);
            let before = queue.is_over();
            queue.done(0, true);
            (before, queue.is_over())
        };
        assert_eq!(over(Some(Instant::now())), (false, true));
        assert_eq!(over(Some(Instant::now() + Duration::from_secs(60))), (false, false));
        assert_eq!(over(None), (false, false));
    }
}
