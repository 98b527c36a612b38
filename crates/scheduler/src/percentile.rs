//! Median and percentile stopping.

use crate::ranking::Loss;
use crate::setting::{self, SettingError};
use crate::top_share::TopShare;
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{
    Cursor, Fidelity, History, Job, Ladder, Run, Scheduler, State, Trial, TrialId, Verdict,
};
use std::collections::{BTreeMap, HashSet};

/// Median and percentile stopping.
///
/// A trial is stopped if its best loss so far is worse than a percentile (such as the median) of the
/// running averages of the complete trials at the same fidelity.
///
/// The running average of a complete, feasible trial at fidelity `s` is the mean of its losses up to `s`.
/// With several objectives a trial is stopped if it is worse than the percentile in each of them. NaN is
/// worse than every number, and so is every loss of a trial that violates a constraint. A verdict takes
/// `O(log n)`, a completed trial `O(log n)` for each of its reports.
///
/// # Examples
/// After five complete trials, one that is worse than their median is stopped:
/// ```
/// use automl_scheduler::PercentileStopping;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 3, false)?;
/// let median = PercentileStopping::median(&ladder);
/// let mut study = Study::builder(space.build()?).scheduler(ladder, median).build()?;
/// for loss in [0.1, 0.2, 0.3, 0.4, 0.5] {
///     let Next::Run(job) = study.next_job()? else { panic!("a trial can always start") };
///     assert_eq!(study.report(job.number, 1, vec![loss])?, Verdict::Continue);
///     assert_eq!(study.report(job.number, 3, vec![loss])?, Verdict::Complete);
///     study.tell(job.number, loss)?;
/// }
/// for (loss, verdict) in [(0.25, Verdict::Continue), (0.35, Verdict::Stop)] {
///     let Next::Run(job) = study.next_job()? else { panic!("a trial can always start") };
///     assert_eq!(study.report(job.number, 1, vec![loss])?, verdict);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Golovin et al. (2017), "Google Vizier: A Service for Black-Box Optimization", section 3.2.2 (median);
/// the percentile is that of Optuna's `PercentilePruner`.
#[derive(Clone, Debug)]
pub struct PercentileStopping {
    share: f64,
    warmup: Fidelity,
    least: usize,
    max: Fidelity,
    every_step: bool,
    /// The running averages of the complete trials, for each fidelity and objective.
    averages: BTreeMap<Fidelity, Vec<TopShare<(Loss, TrialId)>>>,
    counted: HashSet<TrialId>,
    cursor: Cursor,
}

impl PercentileStopping {
    /// Creates median stopping: no trial is stopped before five trials are complete, nor below the
    /// lowest fidelity of the ladder.
    pub fn median(ladder: &Ladder) -> Self {
        Self {
            share: 0.5,
            warmup: ladder.min(),
            least: 5,
            max: ladder.max(),
            every_step: ladder.resumable(),
            averages: BTreeMap::new(),
            counted: HashSet::new(),
            cursor: Cursor::default(),
        }
    }

    /// Creates percentile stopping, which keeps trials that are not worse than the best `share` of the
    /// complete ones.
    ///
    /// # Errors
    /// [`SettingError::Share`] unless `share` lies inside (0, 1).
    pub fn new(ladder: &Ladder, share: f64) -> Result<Self, SettingError> {
        let share = setting::share("of the trials that are good", share)?;
        Ok(Self { share, ..Self::median(ladder) })
    }

    /// Sets the fidelity `warmup` below which no trial is stopped, and the number `least` of complete
    /// trials before the first one is stopped (at least 1).
    #[must_use]
    pub fn with_patience(mut self, warmup: impl Into<Fidelity>, least: usize) -> Self {
        (self.warmup, self.least) = (warmup.into(), least.max(1));
        self
    }

    fn follow(&mut self, history: &History) {
        for trial in history.changed(&mut self.cursor) {
            if trial.state == State::Complete
                && trial.is_feasible()
                && self.counted.insert(trial.number)
            {
                self.count(history, trial);
            }
        }
    }

    fn count(&mut self, history: &History, trial: &Trial) {
        let mut sums = vec![0.0; history.directions().len()];
        for (i, report) in trial.reports.iter().enumerate() {
            let here = self.averages.entry(report.fidelity).or_insert_with(|| {
                vec![
                    TopShare::new(|n, share| (n as f64 * share).ceil() as usize, self.share);
                    history.directions().len()
                ]
            });
            let losses = history.losses(&report.values);
            for ((sum, loss), averages) in sums.iter_mut().zip(losses).zip(here) {
                *sum += loss;
                averages.insert((Loss(*sum / (i + 1) as f64), trial.number));
            }
        }
    }

    /// Whether a trial is worse than the percentile in every objective.
    fn is_hopeless(&self, history: &History, trial: &Trial) -> bool {
        let Some(averages) = self.averages.get(&trial.fidelity()) else { return false };
        let mut best = vec![Loss(f64::NAN); averages.len()];
        let counted: &[_] = if trial.is_feasible() { &trial.reports } else { &[] };
        for report in counted {
            for (best, loss) in best.iter_mut().zip(history.losses(&report.values)) {
                *best = (*best).min(Loss(loss));
            }
        }
        averages.iter().zip(best).all(|(averages, best)| {
            averages.len() >= self.least
                && averages.threshold().is_some_and(|(threshold, _)| best > threshold)
        })
    }
}

impl Scheduler for PercentileStopping {
    fn next_job(&mut self, history: &History) -> Job {
        // A trial that lost its worker goes on first.
        match history.in_state(State::Paused).next() {
            Some(trial) => Job::Resume { trial: trial.number, target: self.max },
            None => Job::Start(Run::to(self.max)),
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        self.follow(history);
        match history.get(trial) {
            None => Verdict::Stop,
            Some(trial) if trial.fidelity() >= self.max => Verdict::Complete,
            Some(trial) if trial.fidelity() >= self.warmup && self.is_hopeless(history, trial) => {
                Verdict::Stop
            }
            Some(_) => Verdict::Continue,
        }
    }

    /// Every fidelity of a resumable ladder from the warm-up on.
    fn next_milestone(&self, fidelity: Fidelity, target: Fidelity) -> Fidelity {
        if self.every_step { (fidelity + 1).max(self.warmup).min(target) } else { target }
    }
}

automl_study::options! {
    /// Median stopping: a trial is stopped if its best loss is worse than the median of the running
    /// averages of complete trials.
    ///
    /// Golovin et al. (2017), "Google Vizier", section 3.2.2.
    pub struct MedianConfig = "median" {
        /// Fidelity below which no trial is stopped; by default the lowest.
        pub warmup: Option<u64> = None, in at_least(0.0);
        /// Complete trials before the first one is stopped.
        pub min_trials: u64 = 5, in at_least(1.0);
    }
}

impl SchedulerConfig for MedianConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let warmup = self.warmup.unwrap_or_else(|| ladder.min().0);
        let least = usize::try_from(self.min_trials).unwrap_or(usize::MAX);
        Ok(Box::new(PercentileStopping::median(ladder).with_patience(warmup, least)))
    }
}

automl_study::options! {
    /// Percentile stopping: a trial is stopped if it is not among the best `share` of the complete trials.
    ///
    /// Golovin et al. (2017), with the percentile of Optuna's `PercentilePruner`.
    pub struct PercentileConfig = "percentile" {
        /// Share of the complete trials that a trial has to match.
        pub share: f64 = 0.25, in inside(0.0, 1.0);
        /// Fidelity below which no trial is stopped; by default the lowest.
        pub warmup: Option<u64> = None, in at_least(0.0);
        /// Complete trials before the first one is stopped.
        pub min_trials: u64 = 5, in at_least(1.0);
    }
}

impl SchedulerConfig for PercentileConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let scheduler = PercentileStopping::new(ladder, self.share);
        let scheduler = scheduler.map_err(|error| error.of(Self::NAME))?;
        let warmup = self.warmup.unwrap_or_else(|| ladder.min().0);
        let least = usize::try_from(self.min_trials).unwrap_or(usize::MAX);
        Ok(Box::new(scheduler.with_patience(warmup, least)))
    }
}
