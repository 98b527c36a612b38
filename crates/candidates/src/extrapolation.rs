//! Extrapolation of the loss of candidates that paused or were stopped.

use automl_numeric::regression::slope;
use automl_study::{History, State, Trial};

/// The number of pairs from which the slope of a line is estimated.
const ENOUGH: usize = 3;

/// The expected loss of each candidate at the highest rung that any candidate has reached.
///
/// A search trains few candidates to the end, so those that paused must be compared with candidates
/// that went on: taken as they are, an accuracy after three epochs would lose against any after nine.
/// Between consecutive rungs a line is fitted to the candidates that went on. Since these are the better
/// ones at the lower rung, the line regresses to their mean; candidates worse than all of them are
/// only shifted, by what the worst of them gains.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveExtrapolation {
    rungs: Vec<u64>,
    /// From each rung to the next; `None` without a candidate at both.
    steps: Vec<Option<Line>>,
}

impl CurveExtrapolation {
    /// Learns from the reports at `rungs`, rising.
    pub fn new(history: &History, rungs: Vec<u64>) -> Self {
        let at = |trial: &Trial, rung: u64| {
            let loss = history.loss(&trial.report_at(rung)?.values);
            // It diverged.
            Some(loss).filter(|loss| loss.is_finite())
        };
        let steps = rungs.windows(2).map(|pair| {
            let both = |trial| Some([at(trial, pair[0])?, at(trial, pair[1])?]);
            Line::fit(&history.trials().iter().filter_map(both).collect::<Vec<_>>())
        });
        Self { steps: steps.collect(), rungs }
    }

    /// The first objective as an extrapolated loss; `None` before the first report. The loss of a
    /// complete trial is its own.
    pub fn loss(&self, history: &History, trial: &Trial) -> Option<f64> {
        let loss = history.loss(trial.last_values()?);
        if trial.state == State::Complete {
            return Some(loss);
        }
        let behind = self.rungs.iter().take_while(|rung| trial.fidelity() >= **rung).count();
        let ahead = self.steps.iter().skip(behind.saturating_sub(1)).flatten();
        Some(ahead.fold(loss, |loss, line| line.at(loss)))
    }
}

/// Losses at one rung given those at the one below.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    /// The means over candidates at both rungs.
    from: f64,
    to: f64,
    slope: f64,
    /// The largest loss at the lower rung of a candidate at both.
    worst: f64,
}

impl Line {
    /// Least squares, with a slope in [0, 1]; 1 for fewer than [`ENOUGH`] pairs. `None` without one.
    fn fit(pairs: &[[f64; 2]]) -> Option<Self> {
        if pairs.is_empty() {
            return None;
        }
        let mean =
            |rung: usize| pairs.iter().map(|pair| pair[rung]).sum::<f64>() / pairs.len() as f64;
        let fitted = if pairs.len() < ENOUGH { None } else { slope(pairs) };
        let worst = pairs.iter().map(|pair| pair[0]).fold(f64::NEG_INFINITY, f64::max);
        let slope = fitted.map_or(1.0, |slope| slope.clamp(0.0, 1.0));
        Some(Self { from: mean(0), to: mean(1), slope, worst })
    }

    fn at(&self, loss: f64) -> f64 {
        let inside = loss.min(self.worst);
        self.to + self.slope * (inside - self.from) + (loss - inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Config;
    use automl_study::{Direction, Fidelity, Report};
    use proptest::prelude::*;

    /// Trials of some accuracies at rungs of 1, 3 and 9 epochs.
    fn history(trials: &[(State, &[f64])]) -> History {
        let mut history = History::new(vec![Direction::Maximize]);
        for (number, (state, accuracies)) in trials.iter().enumerate() {
            let mut trial = Trial::waiting(number as u64, Config::empty(0));
            let values = [1, 3, 9].into_iter().zip(*accuracies);
            trial.reports = values
                .map(|(step, v)| Report { fidelity: Fidelity(step), values: vec![*v] })
                .collect();
            trial.state = *state;
            if *state == State::Complete {
                trial.values = trial.reports.last().unwrap().values.clone();
            }
            history.push(trial).unwrap();
        }
        history
    }

    #[test]
    fn paused_candidates_gain_what_others_gained() {
        let history = history(&[
            (State::Complete, &[0.5, 0.7, 0.8]),
            (State::Paused, &[0.6, 0.75]),
            (State::Paused, &[0.4]),
            (State::Waiting, &[]),
            (State::Paused, &[0.5, f64::NAN]),
        ]);
        let expected = CurveExtrapolation::new(&history, vec![1, 3, 9]);
        let accuracy = |trial: usize| {
            expected.loss(&history, &history.trials()[trial]).map(|loss| (-1e3 * loss).round())
        };
        // A trial that paused at the second rung with more is expected to end with more.
        assert_eq!([accuracy(0), accuracy(1)], [Some(800.0), Some(850.0)]);
        // .175 to the second rung, .1 to the third.
        assert_eq!([accuracy(2), accuracy(3)], [Some(675.0), None]);
    }

    #[test]
    fn few_pairs_shift_and_more_give_a_line() {
        let line = Line::fit(&[[0.5, 0.2]]).unwrap();
        assert!((line.at(0.4) - 0.1).abs() < 1e-12);
        let line = Line::fit(&[[0.2, 0.1], [0.3, 0.15], [0.4, 0.2]]).unwrap();
        assert!((line.slope - 0.5).abs() < 1e-9);
        assert!((line.at(0.25) - 0.125).abs() < 1e-9);
        // Worse than all at both rungs.
        assert!((line.at(0.6) - 0.4).abs() < 1e-9);
        assert_eq!(Line::fit(&[]), None);
    }

    proptest! {
        /// A candidate that was better at a rung is not expected to be worse at the next.
        #[test]
        fn the_order_stays(
            pairs in proptest::collection::vec((0.0f64..1.0, 0.0f64..1.0), 1..12),
            a in 0.0f64..1.0,
            b in 0.0f64..1.0,
        ) {
            let pairs: Vec<[f64; 2]> = pairs.into_iter().map(Into::into).collect();
            let line = Line::fit(&pairs).unwrap();
            let (better, worse) = (a.min(b), a.max(b));
            prop_assert!(line.at(better) <= line.at(worse) + 1e-12);
        }

        /// Where all gain as much, this is what the others would gain.
        #[test]
        fn a_gain_of_all_is_a_gain_of_each(
            losses in proptest::collection::vec(0.0f64..1.0, 1..12),
            gain in 0.0f64..1.0,
            other in 0.0f64..1.0,
        ) {
            let pairs: Vec<[f64; 2]> = losses.iter().map(|loss| [*loss, loss - gain]).collect();
            prop_assert!((Line::fit(&pairs).unwrap().at(other) - (other - gain)).abs() < 1e-6);
        }
    }
}
