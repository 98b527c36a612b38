//! Observations of a history, as surrogates need them.

use automl_space::Config;
use automl_study::{Fidelity, State, Trial, TrialId, View};

/// One observation: a trial at one fidelity.
#[derive(Clone, Debug)]
pub(crate) struct Observation<'a> {
    /// The trial's number.
    pub(crate) trial: TrialId,
    pub(crate) config: &'a Config,
    /// The fidelity on a logarithmic scale from 0 (lowest) to 1 (highest).
    pub(crate) fidelity: f64,
    /// Finite losses, one per objective.
    pub(crate) losses: Vec<f64>,
    /// Finite values of the black-box constraints; empty if there are none.
    pub(crate) constraints: Vec<f64>,
    /// The logarithm of the trial's duration in seconds, if known.
    pub(crate) log_seconds: Option<f64>,
}

/// The observations of a history.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObservedTrials<'a> {
    /// By trial number.
    pub(crate) rows: Vec<Observation<'a>>,
    /// Trials that ended without values or reported NaN, by trial number.
    pub(crate) failed: Vec<(TrialId, &'a Config)>,
    /// Configurations of running trials without a value.
    pub(crate) pending: Vec<&'a Config>,
    /// The number of trials with observations.
    pub(crate) trials: usize,
}

/// The largest loss that is told from infinity.
pub(crate) const MAX_LOSS: f64 = 1e250;

/// The most observations of one trial besides its last.
const EARLIER_REPORTS: usize = 2;

impl<'a> ObservedTrials<'a> {
    /// Collects the observations of a study.
    pub(crate) fn new(view: &View<'a>) -> Self {
        let history = view.history;
        let highest = view.ladder.map_or_else(
            || history.trials().iter().map(Trial::fidelity).max().unwrap_or(Fidelity::ZERO),
            automl_study::Ladder::max,
        );
        let lowest = view.ladder.map_or(1, |ladder| ladder.min().0).max(1);
        let fidelity = |at: Fidelity| {
            let (low, high) = ((lowest as f64).ln(), (highest.0.max(1) as f64).ln());
            let at = (at.0.max(1) as f64).ln();
            if high > low { ((at - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 }
        };
        let mut observed = Self::default();
        for trial in history.trials().iter().filter(|trial| !trial.is_set_aside()) {
            let row = |values: &[f64], fidelity: f64| -> Option<Observation<'a>> {
                if values.is_empty() || values.iter().any(|v| v.is_nan()) {
                    return None;
                }
                let finite = |v: f64| v.clamp(-MAX_LOSS, MAX_LOSS);
                let seconds = trial.started.zip(trial.finished).map(|(a, b)| (b - a) as f64 * 1e-6);
                Some(Observation {
                    trial: trial.number,
                    config: &trial.config,
                    fidelity,
                    losses: history.losses(values).into_iter().map(finite).collect(),
                    constraints: trial.constraints.iter().map(|c| finite(*c)).collect(),
                    log_seconds: seconds.map(|s| s.max(1e-6).ln()),
                })
            };
            let broken = trial.constraints.iter().any(|c| c.is_nan() || *c == f64::INFINITY);
            let last = match trial.state {
                _ if broken => None,
                // Earlier reports of a failed trial do not count.
                State::Failed => None,
                State::Complete => row(&trial.values, 1.0),
                _ => trial.reports.last().and_then(|r| row(&r.values, fidelity(r.fidelity))),
            };
            match last {
                Some(last) => {
                    let mut below = trial.fidelity().0;
                    let before = observed.rows.len();
                    for _ in 0..EARLIER_REPORTS {
                        below /= 3;
                        let earlier = trial.reports.iter().rev().find(|r| r.fidelity.0 <= below);
                        let Some(report) = earlier else { break };
                        below = report.fidelity.0;
                        observed.rows.extend(row(&report.values, fidelity(report.fidelity)));
                    }
                    observed.rows[before..].reverse();
                    observed.rows.push(last);
                    observed.trials += 1;
                }
                None if trial.state.is_finished() || !trial.reports.is_empty() => {
                    observed.failed.push((trial.number, &trial.config));
                }
                None => observed.pending.push(&trial.config),
            }
        }
        observed.raise_negative_infinities();
        observed
    }

    /// Replaces losses of minus infinity by the least of the others, which no output transform could
    /// tell apart beside them.
    fn raise_negative_infinities(&mut self) {
        let objectives = self.rows.first().map_or(0, |row| row.losses.len());
        for m in 0..objectives {
            let losses = self.rows.iter().map(|row| row.losses[m]).filter(|l| *l > -MAX_LOSS);
            let least = losses.fold(f64::INFINITY, f64::min);
            if least.is_finite() {
                self.rows.iter_mut().for_each(|row| row.losses[m] = row.losses[m].max(least));
            }
        }
    }

    /// Whether an observation lies below the highest fidelity.
    pub(crate) fn differ_in_fidelity(&self) -> bool {
        self.rows.iter().any(|row| row.fidelity < 1.0)
    }
}
