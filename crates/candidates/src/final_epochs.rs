//! The epochs of the final training, and how many candidates get it where time is short.

use crate::epochs_within;

/// The networks of a front for which half of the most epochs are worth more than further networks.
const FRONT: usize = 8;

/// The networks that are kept however short the time is.
const FEWEST: usize = 5;

/// The epochs of a final training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinalEpochs {
    /// Without a time limit.
    pub wanted: u64,
    /// Where a time limit leaves time for more.
    pub most: u64,
}

/// What is expected of a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prospect {
    /// Seconds of one epoch.
    pub seconds: f64,
    /// Accuracy after the search, or another score of which more is better.
    pub accuracy: f64,
}

impl FinalEpochs {
    /// The seconds of the final trainings, by those that an epoch of each candidate takes: the most epochs of
    /// `networks`, or of eight if these are more, in the mean. 0 while there are fewer than two candidates for each,
    /// since there is little to choose from.
    ///
    /// # Examples
    /// ```
    /// use automl_candidates::FinalEpochs;
    ///
    /// let epochs = FinalEpochs { wanted: 10, most: 40 };
    /// assert_eq!(epochs.seconds(&[1.0, 3.0], 1), 80.0);
    /// assert_eq!(epochs.seconds(&[2.0; 16], 18), 640.0);
    /// assert_eq!(epochs.seconds(&[2.0; 15], 18), 0.0);
    /// ```
    pub fn seconds(self, seconds: &[f64], networks: usize) -> f64 {
        let networks = networks.clamp(1, FRONT);
        if seconds.len() < 2 * networks {
            return 0.0;
        }
        let mean = seconds.iter().sum::<f64>() / seconds.len() as f64;
        mean * self.most as f64 * networks as f64
    }

    /// The epochs of the slowest finalist that fit into `left` seconds on each of `workers`.
    ///
    /// Where these are fewer than half of the most, drops the last finalists, down to eight; where they are then
    /// fewer than half of those wanted, down to five. The two most accurate are never dropped.
    ///
    /// # Examples
    /// ```
    /// use automl_candidates::{FinalEpochs, Prospect};
    ///
    /// let epochs = FinalEpochs { wanted: 10, most: 40 };
    /// let finalists = || (0..18).map(|i| Prospect { seconds: 1.0, accuracy: 0.5 + 0.01 * f64::from(i) });
    /// let fit = |left| {
    ///     let mut kept: Vec<Prospect> = finalists().collect();
    ///     (epochs.fit(&mut kept, |prospect| *prospect, 1, left), kept.len())
    /// };
    /// assert_eq!([fit(1_000.0), fit(400.0), fit(200.0)], [(40, 18), (22, 18), (20, 10)]);
    /// assert_eq!([fit(100.0), fit(30.0), fit(1.0)], [(12, 8), (5, 6), (1, 5)]);
    /// ```
    pub fn fit<T>(
        self,
        finalists: &mut Vec<T>,
        of: impl Fn(&T) -> Prospect,
        workers: usize,
        left: f64,
    ) -> u64 {
        loop {
            let mut seconds: Vec<f64> = finalists.iter().map(|one| of(one).seconds).collect();
            seconds.sort_by(f64::total_cmp);
            let slowest = seconds.pop().unwrap_or(1.0);
            let fits = epochs_within(slowest, &seconds, workers, self.most, left) as u64;
            let enough = if finalists.len() > FRONT { self.most } else { self.wanted };
            let epochs = fits.clamp(1, self.most.max(1));
            if fits >= enough.div_ceil(2) || finalists.len() <= FEWEST {
                return epochs;
            }
            let mut accuracies: Vec<f64> = finalists.iter().map(|one| of(one).accuracy).collect();
            accuracies.sort_by(|a, b| b.total_cmp(a));
            let kept = accuracies.get(1).copied().unwrap_or(f64::NEG_INFINITY);
            let Some(last) = finalists.iter().rposition(|one| of(one).accuracy < kept) else {
                return epochs;
            };
            finalists.remove(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_accurate_are_not_dropped() {
        let epochs = FinalEpochs { wanted: 20, most: 20 };
        let accuracies = [0.9, 0.5, 0.6, 0.7, 0.65, 0.55, 0.3, 0.4, 0.95];
        let prospect = |accuracy: &f64| Prospect { seconds: 1.0, accuracy: *accuracy };
        let mut kept = accuracies.to_vec();
        assert_eq!(epochs.fit(&mut kept, prospect, 1, 50.0), 10);
        assert_eq!(kept, [0.9, 0.5, 0.6, 0.7, 0.95]);
    }
}
