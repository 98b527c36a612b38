//! Synchronous successive halving.

use crate::bracket::Bracket;
use crate::bracket_iterations::BracketIterations;
use crate::setting::SettingError;
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{History, Job, Ladder, Scheduler, TrialId, Verdict};

/// Synchronous successive halving: `n` trials to the lowest rung, the best `n / eta` of them to
/// the next, and so on to the top; then the next round of `n`.
///
/// Nobody is promoted before a rung is full, so every promotion is by a fair comparison. A worker
/// that would have to wait for that starts the next round. A trial that fails counts as the worst
/// of the rung that it was on the way to. Several objectives and constraints are ordered as by
/// [`crate::Asha`], and a decision takes as long.
///
/// # Source
/// Jamieson & Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter
/// Optimization", AISTATS, figure 1.
#[derive(Clone, Debug)]
pub struct SuccessiveHalving {
    iterations: BracketIterations,
}

impl SuccessiveHalving {
    /// BracketIterations of `eta^(k - 1)` trials, where `k` is the number of rungs, so that one is left at
    /// the top.
    ///
    /// # Errors
    /// [`SettingError::Eta`].
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        let rungs = ladder.rungs(crate::setting::eta(eta)?).len();
        let trials = eta.powi(i32::try_from(rungs - 1).unwrap_or(i32::MAX)).ceil();
        Self::with_trials(ladder, eta, trials as u64)
    }

    /// BracketIterations of `trials` trials.
    ///
    /// # Errors
    /// [`SettingError::Eta`], or [`SettingError::TooFew`] without a trial.
    pub fn with_trials(ladder: &Ladder, eta: f64, trials: u64) -> Result<Self, SettingError> {
        Ok(Self {
            iterations: BracketIterations::new(vec![Bracket::halving(ladder, eta, trials)?]),
        })
    }

    /// Starts no more than this many trials, if a number is given: the last round is cut short and
    /// still finished.
    #[must_use]
    pub fn with_limit(mut self, trials: impl Into<Option<u64>>) -> Self {
        self.iterations.set_limit(trials.into());
        self
    }
}

impl Scheduler for SuccessiveHalving {
    fn next_job(&mut self, history: &History) -> Job {
        self.iterations.next_job(history)
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        self.iterations.verdict(history, trial)
    }

    fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        self.iterations.unpromotable(history)
    }
}

automl_study::options! {
    /// Synchronous successive halving: a rung is complete before the best of it are promoted.
    ///
    /// Jamieson & Talwalkar (2016), "Non-stochastic Best Arm Identification".
    pub struct SuccessiveHalvingConfig = "sha" {
        /// Reduction factor `eta` between rungs: the best `1 / eta` of a rung are promoted.
        pub eta: f64 = 3.0, in above(1.0);
        /// Trials of the lowest rung; by default as many as leave one at the highest fidelity.
        pub trials: Option<u64> = None, in at_least(1.0);
    }
}

impl SchedulerConfig for SuccessiveHalvingConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let scheduler = match self.trials {
            Some(trials) => SuccessiveHalving::with_trials(ladder, self.eta, trials),
            None => SuccessiveHalving::new(ladder, self.eta),
        };
        let scheduler = scheduler.map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(scheduler.with_limit(study.trial_limit)))
    }
}
