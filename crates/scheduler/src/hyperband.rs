//! Hyperband: brackets of successive halving from the most to the least eager to stop.

use crate::bracket::Bracket;
use crate::bracket_iterations::BracketIterations;
use crate::setting::SettingError;
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{History, Job, Ladder, Scheduler, TrialId, Verdict};

/// Hyperband with the paper's bracket sizes ([`Bracket::hyperband`]), round after round.
///
/// The rungs of each bracket are synchronous; a worker that would have to wait starts the next
/// bracket, as in HpBandSter. The round's number is the trial's bracket attribute. With
/// [`crate::BohbSampler`] this is BOHB.
///
/// # Source
/// Li et al. (2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
/// JMLR 18, algorithm 1; Falkner, Klein & Hutter (2018), "BOHB", section 4.2, for idle workers.
#[derive(Clone, Debug)]
pub struct Hyperband {
    iterations: BracketIterations,
}

impl Hyperband {
    /// All brackets of the ladder.
    ///
    /// # Errors
    /// [`SettingError::Eta`].
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        Ok(Self { iterations: BracketIterations::new(Bracket::hyperband(ladder, eta)?) })
    }

    /// Starts no more than this many trials, if a number is given: the last bracket is cut short and
    /// still finished.
    #[must_use]
    pub fn with_limit(mut self, trials: impl Into<Option<u64>>) -> Self {
        self.iterations.set_limit(trials.into());
        self
    }
}

impl Scheduler for Hyperband {
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
    /// Hyperband: synchronous successive halving in brackets that trade trials for fidelity; with the
    /// samplers `bohb` and `priorband` the scheduler of these methods.
    ///
    /// Li et al. (2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization".
    pub struct HyperbandConfig = "hyperband" {
        /// Reduction factor `eta` between rungs: the best `1 / eta` of a rung are promoted.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SchedulerConfig for HyperbandConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let scheduler = Hyperband::new(ladder, self.eta).map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(scheduler.with_limit(study.trial_limit)))
    }
}
