//! Trials that a sampler proposes as if it had no sources.

use crate::View;

/// Trials before the first control.
const FIRST: u64 = 3;

/// Trials from one control to the next.
const PERIOD: u64 = 3;

/// The trust from which on the sources need no further control.
const CONFIRMED: f64 = 0.98;

impl View<'_> {
    /// Whether the trial is a control: one that a sampler with [`Sources`](crate::Sources) proposes as if
    /// it had none.
    ///
    /// Trials that follow the sources lie where these predict low losses. Their predictions are nearly
    /// equal, so whatever their results are, they contradict no source
    /// ([`ranking_weights`](crate::ranking_weights)), and a source that misleads would keep its weight. A
    /// control is predicted to be worse than they are; if it is better instead, the sources lose their
    /// weight. Controls are the fourth trial and every third one after it, until the results have
    /// confirmed the sources: `trust` is the posterior probability that some source says something
    /// about the study, the sum of the weights, in `[0, 1)`.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::{Direction, History, TrialId, View};
    ///
    /// let mut space = Space::builder();
    /// space.float("x", 0.0..=1.0).add()?;
    /// let space = space.build()?;
    /// let history = History::new(vec![Direction::Minimize]);
    /// let controls = |trust: f64| -> Vec<u64> {
    ///     let is_control = |number: &u64| {
    ///         let number = TrialId(*number);
    ///         let (seed, planned_trials, ladder, target) = (0, None, None, None);
    ///         View { space: &space, history: &history, number, seed, planned_trials, ladder, target }
    ///             .is_control(trust)
    ///     };
    ///     (0..10).filter(is_control).collect()
    /// };
    /// assert_eq!(controls(0.9), [3, 6, 9]);
    /// assert!(controls(0.99).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_control(&self, trust: f64) -> bool {
        let since = self.number.0.checked_sub(FIRST);
        trust < CONFIRMED && since.is_some_and(|since| since.is_multiple_of(PERIOD))
    }
}
