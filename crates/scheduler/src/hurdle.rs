//! The hurdle of a warm start: what the first configurations have reached.

use automl_numeric::pareto;
use automl_space::Config;
use automl_study::{Fidelity, History, Sources, Trial, TrialId};

/// The hurdle of RUSH: a later trial goes on only if it is at least as good as the best of the first
/// configurations at the same rung.
///
/// With several objectives, only if no first configuration dominates it there. The first
/// configurations, those of a warm start, are judged by the scheduler alone, and so is every trial at a
/// rung that none of them has reached.
///
/// # Source
/// Zappella, Salinas & Archambeau (2021), "A Resource-Efficient Method for Repeated HPO and NAS
/// Problems", section 3 (RUSH).
#[derive(Clone, Debug, Default)]
pub(crate) struct Hurdle {
    first: Vec<Config>,
}

impl Hurdle {
    /// The hurdle of the first configurations of these sources.
    pub(crate) fn of(sources: &Sources) -> Self {
        Self { first: sources.first().to_vec() }
    }

    /// Whether a trial may go beyond the rung at this fidelity.
    pub(crate) fn is_cleared(&self, history: &History, trial: TrialId, rung: Fidelity) -> bool {
        if self.first.is_empty() {
            return true;
        }
        let losses = |trial: &Trial| {
            let report = trial.report_at(rung)?;
            Some(history.losses(&report.values)).filter(|l| l.iter().all(|l| !l.is_nan()))
        };
        let Some(trial) = history.get(trial) else { return true };
        if self.first.contains(&trial.config) {
            return true;
        }
        let Some(own) = losses(trial) else { return true };
        // The first trials of the study, as a rule; any that ran the same configuration will do.
        let mut first = history.trials().iter().filter(|t| self.first.contains(&t.config));
        !first.any(|t| losses(t).is_some_and(|losses| pareto::dominates(&losses, &own)))
    }
}
