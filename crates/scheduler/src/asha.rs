//! Asynchronous successive halving by promotion.

use crate::hurdle::Hurdle;
use crate::rungs::{Rungs, pause_at_end};
use crate::setting::{self, SettingError};
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{
    Cursor, Fidelity, History, Job, Ladder, Run, Scheduler, Sources, TrialId, Verdict,
};

/// Asynchronous successive halving (ASHA) with promotion and resume.
///
/// A new trial is trained to the lowest rung and pauses there. For a free worker, the highest rung with
/// a promotable trial resumes that trial to the next rung; otherwise a new trial starts. Of the `n`
/// trials that have reached a rung at most `floor(n / eta)` are promoted in all, the best paused one
/// first. A trial that fails on its way to a rung counts there as the worst.
///
/// Several objectives are ordered by non-domination rank and crowding distance; infeasible trials come
/// after feasible ones, and results with a NaN last: these are never promoted. A decision takes
/// `O(log n)` for one objective and about `O(sqrt(n) log n)` for two; for more, a new result takes at
/// most `O(n)`.
///
/// After a warm start ([`Scheduler::warm_start`]) a later trial is promoted only if it is at least as
/// good as the best of the first configurations at its rung (RUSH, Zappella et al. 2021).
///
/// # Examples
/// The best of the first three trials is promoted to the next rung:
/// ```
/// use automl_scheduler::Asha;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, TrialId, Verdict};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let asha = Asha::new(&ladder, 3.0)?;
/// assert_eq!(asha.rungs(), [1, 3, 9]);
///
/// let mut study = Study::builder(space.build()?).scheduler(ladder, asha).build()?;
/// for loss in [0.3, 0.1, 0.2] {
///     let Next::Run(job) = study.next_job()? else { panic!("ASHA never waits") };
///     assert_eq!(study.report(job.number, 1, vec![loss])?, Verdict::Pause);
/// }
/// let Next::Run(job) = study.next_job()? else { panic!("ASHA never waits") };
/// assert_eq!((job.number, job.target), (TrialId(1), Some(3.into())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning", algorithm 2. The limit of
/// `floor(n / eta)` promotions in all is an addition. The paper promotes whatever is among the best
/// `1 / eta` at some moment, so more than that share goes on while results come in: of 600 jobs on the
/// rungs 1 to 81 about ten reach the top there, and four here, the others being new trials.
#[derive(Clone, Debug)]
pub struct Asha {
    eta: f64,
    rungs: Rungs,
    limit: Option<u64>,
    hurdle: Hurdle,
    cursor: Cursor,
    /// The bracket of trials that compete at no rung.
    apart: Option<u64>,
}

impl Asha {
    /// Creates rungs at the highest fidelity divided by powers of `eta`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        let eta = setting::eta(eta)?;
        let rungs = Rungs::new(ladder.rungs(eta));
        let (hurdle, cursor) = (Hurdle::default(), Cursor::default());
        Ok(Self { eta, rungs, limit: None, hurdle, cursor, apart: None })
    }

    /// Leaves the trials of a bracket out.
    pub(crate) fn without(self, bracket: u64) -> Self {
        Self { apart: Some(bracket), ..self }
    }

    /// Sets the largest number of trials of the study, if it is known.
    ///
    /// It makes more paused trials known to be unpromotable ([`Scheduler::unpromotable`]).
    #[must_use]
    pub fn with_limit(mut self, trials: impl Into<Option<u64>>) -> Self {
        self.limit = trials.into();
        self
    }

    /// The fidelities of the rungs, in increasing order.
    pub fn rungs(&self) -> &[Fidelity] {
        self.rungs.fidelities()
    }

    fn follow(&mut self, history: &History) {
        for trial in history.changed(&mut self.cursor) {
            let bracket = trial.run().and_then(|run| run.bracket);
            if self.apart.is_none() || bracket != self.apart {
                self.rungs.place(history, trial);
            }
        }
    }
}

/// `floor(n / eta)`.
pub(crate) fn share(n: usize, eta: f64) -> usize {
    (n as f64 / eta).floor() as usize
}

/// The promotion at the highest rung below `top` that has a promotable trial.
pub(crate) fn promotion(rungs: &Rungs, top: usize, eta: f64) -> Option<Job> {
    promotion_where(rungs, top, eta, |_, _| true)
}

/// The promotion at the highest rung below `top` with a promotable trial that `may` leave the rung of
/// this fidelity.
fn promotion_where(
    rungs: &Rungs,
    top: usize,
    eta: f64,
    may: impl Fn(TrialId, Fidelity) -> bool,
) -> Option<Job> {
    (0..top).rev().find_map(|rung| {
        let allowed = share(rungs.reached(rung), eta);
        let trial = rungs.promotable(rung, allowed)?;
        if !may(trial, rungs.fidelities()[rung]) {
            return None;
        }
        Some(Job::Resume { trial, target: rungs.fidelities()[rung + 1] })
    })
}

impl Scheduler for Asha {
    fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        let top = self.rungs.fidelities().len() - 1;
        let may = |trial, rung| self.hurdle.is_cleared(history, trial, rung);
        promotion_where(&self.rungs, top, self.eta, may)
            .unwrap_or(Job::Start(Run::to(self.rungs.fidelities()[0])))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let top = self.rungs.fidelities().last().copied().unwrap_or(Fidelity(1));
        pause_at_end(history, trial, top)
    }

    /// The paused trials with a NaN and, with a limit of trials, those behind so many other paused
    /// trials that not even a full study would promote them.
    ///
    /// For one objective these are all unpromotable trials. For several, a trial counts as behind
    /// another only if it is dominated, because a new result may change the order of the others.
    /// `O(n log n)` for up to two objectives, else `O(n^2)`.
    fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        self.follow(history);
        let limit = self.limit.and_then(|limit| usize::try_from(limit).ok());
        let mut most = limit.unwrap_or(usize::MAX).max(history.len());
        let mut ends = Vec::new();
        for rung in 0..self.rungs.fidelities().len() - 1 {
            most = share(most, self.eta);
            // The paused ones that are ahead take what promotions are left.
            let left = most.saturating_sub(self.rungs.promoted(rung));
            ends.extend(self.rungs.hopeless(rung, left));
            most += self.rungs.skipped(rung);
        }
        ends
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.hurdle = Hurdle::of(sources);
    }
}

automl_study::options! {
    /// Asynchronous successive halving: trials are promoted one by one, without waiting for a rung to
    /// fill.
    ///
    /// Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning".
    pub struct AshaConfig = "asha" {
        /// Reduction factor `eta` between rungs: the best `1 / eta` of a rung are promoted.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SchedulerConfig for AshaConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let scheduler = Asha::new(ladder, self.eta).map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(scheduler.with_limit(study.trial_limit)))
    }
}
