//! Synchronous successive halving.

use crate::bracket::Bracket;
use crate::bracket_iterations::BracketIterations;
use crate::setting::SettingError;
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{History, Job, Ladder, Scheduler, TrialId, Verdict};

/// Synchronous successive halving: `n` trials at the lowest rung, the best `n / eta` of them at the
/// next, and so on to the highest fidelity; then the next iteration of `n` trials.
///
/// No trial is promoted before its rung is full, so every promotion compares complete rungs. A worker
/// that would have to wait starts the next iteration. A trial that fails on its way to a rung counts
/// there as the worst. Several objectives and constraints are ordered as by [`Asha`](crate::Asha), and a
/// decision takes as long.
///
/// # Examples
/// Nine trials train for one epoch, the best three of them for three, the best one for nine:
/// ```
/// use automl_scheduler::SuccessiveHalving;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let scheduler = SuccessiveHalving::new(&ladder, 3.0)?.with_limit(9);
/// let mut study = Study::builder(space.build()?).scheduler(ladder, scheduler).build()?;
///
/// let mut targets = Vec::new();
/// while let Next::Run(job) = study.next_job()? {
///     let target = job.target.expect("the study has a ladder");
///     targets.push(target.0);
///     let loss = job.config[x];
///     if study.report(job.number, target, vec![loss])? == Verdict::Complete {
///         study.tell(job.number, loss)?;
///     }
/// }
/// assert_eq!(targets, [1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Jamieson & Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter
/// Optimization", AISTATS, figure 1.
#[derive(Clone, Debug)]
pub struct SuccessiveHalving {
    iterations: BracketIterations,
}

impl SuccessiveHalving {
    /// Creates iterations of `eta^(k - 1)` trials, where `k` is the number of rungs, so that one trial
    /// reaches the highest fidelity.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        let rungs = ladder.rungs(crate::setting::eta(eta)?).len();
        let trials = eta.powi(i32::try_from(rungs - 1).unwrap_or(i32::MAX)).ceil();
        Self::with_trials(ladder, eta, trials as u64)
    }

    /// Creates iterations of `trials` trials.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1, and [`SettingError::TooFew`] for
    /// zero trials.
    pub fn with_trials(ladder: &Ladder, eta: f64, trials: u64) -> Result<Self, SettingError> {
        Ok(Self {
            iterations: BracketIterations::new(vec![Bracket::halving(ladder, eta, trials)?]),
        })
    }

    /// Limits the number of trials of the study, if a number is given. The last iteration is cut short
    /// and still finished.
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
