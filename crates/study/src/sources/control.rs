//! Trials that a sampler proposes as if it had no sources.

use crate::View;
use automl_space::Config;
use rand::Rng;

/// Trials before the first control.
const FIRST: u64 = 3;

/// Trials from one control to the next.
const PERIOD: u64 = 3;

/// The evidence from which on results can tell sources that are right from those that mislead.
const ENOUGH: f64 = 0.3;

/// The trust below which results speak against the sources; a little below the prior of 0.9, since a source
/// that is right loses as much by chance.
const DOUBTED: f64 = 0.87;

/// How much worse than the mean of the results sources should predict a control to be, in standard deviations
/// of their outputs.
const CONTRAST: f64 = 0.8;

/// Draws of a control with that contrast.
const DRAWS: usize = 16;

impl View<'_> {
    /// Whether the trial is a control: one that a sampler with [`Sources`](crate::Sources) proposes as if
    /// it had none.
    ///
    /// Trials that follow the sources lie where these predict low losses. If their predictions are nearly
    /// equal, the results contradict no source whatever they are
    /// ([`ranking_weights`](crate::ranking_weights)), and a source that misleads would keep its weight. A
    /// control is predicted to be worse than they are; if it is better instead, the sources lose their
    /// weight. The fourth trial and every third one after it is a control
    ///
    /// - while the `evidence` of the results about the sources
    ///   ([`ranking_evidence`](crate::ranking_evidence)) is below 0.3: where predictions spread by
    ///   themselves, as those of several sources do, none is needed, and as a rule one is enough;
    /// - while the results speak against the sources: `trust`, the sum of the weights, is below 0.87.
    ///
    /// `evidence` is only called where it decides: two of three trials do not compare the results for it.
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
    /// let controls = |trust: f64, evidence: f64| -> Vec<u64> {
    ///     let is_control = |number: &u64| {
    ///         let number = TrialId(*number);
    ///         let (seed, planned_trials, ladder, target) = (0, None, None, None);
    ///         View { space: &space, history: &history, number, seed, planned_trials, ladder, target }
    ///             .is_control(trust, || evidence)
    ///     };
    ///     (0..10).filter(is_control).collect()
    /// };
    /// assert_eq!(controls(0.9, 0.1), [3, 6, 9]);
    /// assert_eq!(controls(0.6, 0.8), [3, 6, 9]);
    /// assert!(controls(0.9, 0.4).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_control(&self, trust: f64, evidence: impl FnOnce() -> f64) -> bool {
        let since = self.number.0.checked_sub(FIRST);
        let is_turn = since.is_some_and(|since| since.is_multiple_of(PERIOD));
        is_turn && (trust < DOUBTED || evidence() < ENOUGH)
    }

    /// The configuration of a control before there is a model of the study's own: the
    /// [`View::startup_proposal`], or where the sources predict it to be about as good as the results, a
    /// random one of which they predict less, since no result of the former contradicts them.
    ///
    /// `contrast` is the predicted loss of a configuration less the mean prediction of the results so far, in
    /// standard deviations of the sources' outputs.
    pub fn control_proposal(&self, contrast: impl Fn(&Config) -> f64, rng: &mut dyn Rng) -> Config {
        let first = self.startup_proposal(rng);
        if contrast(&first) >= CONTRAST {
            return first;
        }
        let mut drawn = (0..DRAWS).map(|_| self.space.sample(rng));
        let differs = |c: &Config| self.space.allows(c) && contrast(c) >= CONTRAST;
        drawn.find(differs).map_or(first, |config| self.deduplicated(config, rng))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Direction, History, TrialId, View};
    use automl_numeric::stream;
    use automl_space::{Config, Space};

    /// What is told of the view of a trial with this number.
    fn at<T>(number: u64, tell: impl Fn(&View<'_>) -> T) -> T {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let history = History::new(vec![Direction::Minimize]);
        let number = TrialId(number);
        let (seed, planned_trials, ladder, target) = (7, None, None, None);
        tell(&View {
            space: &space,
            history: &history,
            number,
            seed,
            planned_trials,
            ladder,
            target,
        })
    }

    #[test]
    fn controls_go_on_without_evidence_and_while_results_contradict() {
        let controls = |trust: f64, evidence: f64| -> Vec<u64> {
            (0..10).filter(|n| at(*n, |view| view.is_control(trust, || evidence))).collect()
        };
        for (trust, evidence, expected) in [
            (0.9, 0.0, true),
            (0.9, 0.31, false),
            (0.99, 0.1, true),
            (0.8, 5.0, true),
            (0.0, 5.0, true),
        ] {
            let expected = if expected { vec![3, 6, 9] } else { vec![] };
            assert_eq!(controls(trust, evidence), expected, "{trust} {evidence}");
        }
    }

    #[test]
    fn evidence_is_asked_for_where_it_decides_only() {
        let asks = |number: u64, trust: f64| {
            let asked = std::cell::Cell::new(0);
            at(number, |view| {
                view.is_control(trust, || {
                    asked.set(asked.get() + 1);
                    0.0
                })
            });
            asked.get()
        };
        let all: Vec<i32> = (0..8).map(|number| asks(number, 0.9)).collect();
        assert_eq!(all, [0, 0, 0, 1, 0, 0, 1, 0]);
        assert_eq!(asks(3, 0.5), 0);
    }

    #[test]
    fn a_control_contrasts_with_the_results_where_that_is_possible() {
        let unit = |config: &Config| config.value(0).map_or(0.0, |value| value.as_f64());
        for number in 0..20 {
            let propose = |contrast: &dyn Fn(&Config) -> f64| {
                at(number, |view| {
                    view.control_proposal(contrast, &mut stream(3, number, "control"))
                })
            };
            let first = at(number, |view| view.startup_proposal(&mut stream(3, number, "control")));
            // Everything or nothing contrasts: the point of the start-up design.
            assert_eq!(propose(&|_| 1.0), first);
            assert_eq!(propose(&|_| 0.0), first);
            assert!(unit(&propose(&|c| if unit(c) > 0.6 { 0.9 } else { 0.7 })) > 0.6);
        }
    }
}
