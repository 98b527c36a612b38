//! Asynchronous Hyperband: the rungs of ASHA in each bracket.

use crate::asha::promotion;
use crate::bracket::Bracket;
use crate::bracket_set::BracketSet;
use crate::rungs::{Rungs, pause_at_end};
use crate::setting::{self, SettingError};
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{Fidelity, History, Job, Ladder, Run, Scheduler, TrialId, Verdict};

/// Asynchronous Hyperband: brackets of [`Asha`](crate::Asha).
///
/// A new trial goes to the bracket with the smallest ratio of started trials to the size of its first
/// rung ([`Bracket::hyperband`]); ties go to the lowest first fidelity. Within each bracket promotions
/// are those of ASHA, and promotions to higher fidelities come first. A decision takes `O(b^2 log n)`
/// with `b` brackets.
///
/// # Examples
/// The first trials open one bracket each, from the lowest first fidelity to the highest:
/// ```
/// use automl_scheduler::AsyncHyperband;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let scheduler = AsyncHyperband::new(&ladder, 3.0)?;
/// let mut study = Study::builder(space.build()?).scheduler(ladder, scheduler).build()?;
/// for epochs in [1, 3, 9] {
///     let Next::Run(job) = study.next_job()? else { panic!("a trial can always start") };
///     assert_eq!(job.target, Some(epochs.into()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning", section 3.3, with the
/// bracket sizes of Li et al. (2018), "Hyperband", algorithm 1.
#[derive(Clone, Debug)]
pub struct AsyncHyperband {
    eta: f64,
    brackets: Vec<Bracket>,
    set: BracketSet,
}

impl AsyncHyperband {
    /// Creates all brackets of the ladder.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        let eta = setting::eta(eta)?;
        let rungs = ladder.rungs(eta);
        let brackets = Bracket::hyperband(ladder, eta)?;
        debug_assert_eq!(rungs.len(), brackets.len());
        Ok(Self { eta, brackets, set: BracketSet::default() })
    }

    fn follow(&mut self, history: &History) {
        let brackets = &self.brackets;
        self.set.follow(history, |s| {
            brackets.get(s).map(|bracket| Rungs::new(bracket.fidelities().to_vec()))
        });
    }
}

impl Scheduler for AsyncHyperband {
    fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        let target = |job: &Job| match job {
            Job::Resume { target, .. } => *target,
            _ => Fidelity::ZERO,
        };
        let mut best: Option<Job> = None;
        for s in 0..self.set.len() {
            let rungs = self.set.get(s);
            let top = rungs.fidelities().len() - 1;
            if let Some(job) = promotion(rungs, top, self.eta)
                && best.as_ref().is_none_or(|other| target(&job) > target(other))
            {
                best = Some(job);
            }
        }
        if let Some(job) = best {
            return job;
        }
        let started = |s: usize| if s < self.set.len() { self.set.get(s).trials() } else { 0 };
        let ratio = |s: usize| started(s) as f64 / self.brackets[s].sizes()[0] as f64;
        let next = (0..self.brackets.len()).min_by(|a, b| ratio(*a).total_cmp(&ratio(*b)));
        let s = next.unwrap_or(0);
        Job::Start(Run::to(self.brackets[s].fidelities()[0]).in_bracket(s as u64))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let top = self.brackets.iter().flat_map(Bracket::fidelities).max();
        pause_at_end(history, trial, top.copied().unwrap_or(Fidelity(1)))
    }
}

automl_study::options! {
    /// Asynchronous successive halving in several brackets of different lowest fidelity.
    ///
    /// Li et al. (2020); Klein et al. (2020), "Model-based Asynchronous Hyperparameter Optimization".
    pub struct AsyncHyperbandConfig = "async-hyperband" {
        /// Reduction factor `eta` between rungs: the best `1 / eta` of a rung are promoted.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SchedulerConfig for AsyncHyperbandConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let scheduler =
            AsyncHyperband::new(ladder, self.eta).map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(scheduler))
    }
}
