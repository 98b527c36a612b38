//! Hyperband: brackets of successive halving, from many cheap trials to few expensive ones.

use crate::bracket::Bracket;
use crate::bracket_iterations::BracketIterations;
use crate::setting::SettingError;
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{History, Job, Ladder, Scheduler, TrialId, Verdict};

/// Hyperband: successive halving in brackets that trade the number of trials for fidelity.
///
/// The bracket sizes are those of the paper ([`Bracket::hyperband`]); after the last bracket the first
/// one comes again. The rungs of each bracket are synchronous; a worker that would have to wait starts
/// the next bracket, as in HpBandSter. The number of the iteration is the trial's bracket attribute.
/// With [`BohbSampler`](crate::BohbSampler) this is BOHB.
///
/// # Examples
/// One pass over the brackets starts nine trials at one epoch, five at three and three at nine:
/// ```
/// use automl_scheduler::Hyperband;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let scheduler = Hyperband::new(&ladder, 3.0)?.with_limit(17);
/// let mut study = Study::builder(space.build()?).scheduler(ladder, scheduler).build()?;
///
/// let mut started = [0; 10];
/// while let Next::Run(job) = study.next_job()? {
///     let target = job.target.expect("the study has a ladder");
///     if job.fidelity == 0 {
///         started[target.0 as usize] += 1;
///     }
///     let loss = job.config[x];
///     if study.report(job.number, target, vec![loss])? == Verdict::Complete {
///         study.tell(job.number, loss)?;
///     }
/// }
/// assert_eq!((started[1], started[3], started[9]), (9, 5, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Li et al. (2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18,
/// algorithm 1; Falkner, Klein & Hutter (2018), "BOHB", section 4.2, for idle workers.
#[derive(Clone, Debug)]
pub struct Hyperband {
    iterations: BracketIterations,
}

impl Hyperband {
    /// Creates all brackets of the ladder.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        Ok(Self { iterations: BracketIterations::new(Bracket::hyperband(ladder, eta)?) })
    }

    /// Limits the number of trials of the study, if a number is given. The last bracket is cut short
    /// and still finished.
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
