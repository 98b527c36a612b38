//! Freeze-thaw scheduling: learning-curve prediction decides which paused trial continues.

mod curves;
mod model;

use crate::rungs::pause_at_end;
use automl_numeric::order;
use automl_numeric::{normal, stream};
use automl_space::Space;
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{
    Cursor, Fidelity, History, Job, Ladder, Run, Scheduler, State, Trial, TrialId, Verdict,
};
use model::Model;
use rand::RngExt;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

/// Trials with a report before the first prediction.
const STARTUP: usize = 6;
/// The maximum number of curves in the model: the best ones by their last loss.
const MOST: usize = 64;
/// The number of random configurations with which the paused trials compete on average.
const FRESH: usize = 32;
/// The ratio of successive fidelities at which trials pause.
const ETA: f64 = 2.0;

/// Freeze-thaw: pauses ("freezes") and resumes ("thaws") trials by the predictions of a Gaussian process
/// over configurations and training time.
///
/// Trials pause at each doubling of the fidelity. For a free worker, the probability that the loss falls
/// below a threshold within a random horizon is computed for every paused trial, and on average for 32
/// random new configurations. The paused trial with the highest probability continues, or a new trial
/// starts if the average is higher (its configuration comes from the study's sampler). The threshold is
/// `best - 10^u (median - best)` with `u` uniform in `[-4, -1]`.
///
/// The first objective is predicted. The model has the 64 best curves, so a decision takes a bounded time
/// (about 10 ms).
///
/// # Examples
/// Eight trials of up to eight epochs: all of them begin, only promising ones are trained on.
/// ```
/// use automl_scheduler::FreezeThaw;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, State, Study, Verdict};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let ladder = Ladder::new("epoch", 1, 8, true)?;
/// let scheduler = FreezeThaw::new(&space, &ladder).with_limit(8);
/// let mut study = Study::builder(space).scheduler(ladder, scheduler).build()?;
/// study.set_trial_limit(Some(8));
///
/// let mut epochs = 0;
/// while let Next::Run(job) = study.next_job()? {
///     let target = job.target.expect("the study has a ladder");
///     epochs += target.0 - job.fidelity.0;
///     let loss = job.config[x] + 1.0 / target.0 as f64;
///     if study.report(job.number, target, vec![loss])? == Verdict::Complete {
///         study.tell(job.number, loss)?;
///     }
/// }
/// assert_eq!(study.history().len(), 8);
/// assert!(study.history().count(State::Complete) > 0);
/// assert!(epochs < 8 * 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Swersky, Snoek & Adams (2014), "Freeze-Thaw Bayesian Optimization", arXiv:1406.3896, for the model;
/// Rakotoarison et al. (2024), "In-Context Freeze-Thaw Bayesian Optimization for Hyperparameter
/// Optimization", ICML, section 4.2, for the choice by random horizon and threshold.
#[derive(Clone, Debug)]
pub struct FreezeThaw {
    space: Space,
    fidelities: Vec<Fidelity>,
    every_step: bool,
    /// Trials with a finite last report, best first by it.
    known: BTreeSet<(Last, TrialId)>,
    lasts: HashMap<TrialId, Last>,
    /// The number of reports of each trial.
    reports: HashMap<TrialId, usize>,
    total: u64,
    paused: BTreeSet<TrialId>,
    startup: usize,
    limit: Option<u64>,
    cursor: Cursor,
}

/// The last loss of a trial: feasible before infeasible, NaN last.
#[derive(Clone, Copy, Debug)]
struct Last {
    violation: f64,
    loss: f64,
}

impl Ord for Last {
    fn cmp(&self, other: &Self) -> Ordering {
        order::compare(self.violation, other.violation)
            .then_with(|| order::compare(self.loss, other.loss))
    }
}
impl PartialOrd for Last {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Last {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Last {}

impl FreezeThaw {
    /// Creates a scheduler over a space, with pauses at the highest fidelity divided by powers of two.
    pub fn new(space: &Space, ladder: &Ladder) -> Self {
        Self {
            space: space.clone(),
            fidelities: ladder.rungs(ETA),
            every_step: ladder.resumable(),
            known: BTreeSet::new(),
            lasts: HashMap::new(),
            reports: HashMap::new(),
            total: 0,
            paused: BTreeSet::new(),
            startup: STARTUP,
            limit: None,
            cursor: Cursor::default(),
        }
    }

    /// Sets the number of trials with a report before the first prediction (at least 1, by default 6).
    #[must_use]
    pub fn with_startup(mut self, trials: usize) -> Self {
        self.startup = trials.max(1);
        self
    }

    /// Sets the limit of trials of the study ([`Study::set_trial_limit`]), if there is one.
    ///
    /// At the limit only paused trials continue, as long as more is expected of one of them than of a
    /// new trial. Then the study has finished.
    ///
    /// [`Study::set_trial_limit`]: automl_study::Study::set_trial_limit
    #[must_use]
    pub fn with_limit(mut self, trials: impl Into<Option<u64>>) -> Self {
        self.limit = trials.into();
        self
    }

    fn top(&self) -> Fidelity {
        self.fidelities.last().copied().unwrap_or(Fidelity(1))
    }

    fn follow(&mut self, history: &History) {
        for trial in history.changed(&mut self.cursor) {
            let number = trial.number;
            if trial.state == State::Paused && trial.fidelity() < self.top() {
                self.paused.insert(number);
            } else {
                self.paused.remove(&number);
            }
            let old = self.reports.insert(number, trial.reports.len()).unwrap_or(0);
            self.total += (trial.reports.len() - old) as u64;
            if let Some(report) = trial.reports.last() {
                let loss = history.loss(&report.values);
                let last = Last { violation: trial.violation(), loss };
                if let Some(old) = self.lasts.insert(number, last) {
                    self.known.remove(&(old, number));
                }
                if loss.is_finite() {
                    self.known.insert((last, number));
                }
            }
        }
    }

    /// The next fidelity at which a trial pauses.
    fn next_stop(&self, fidelity: Fidelity) -> Fidelity {
        self.fidelities.iter().copied().find(|f| *f > fidelity).unwrap_or(self.top())
    }

    /// Whether the limit of trials is reached and none waits to start again.
    fn is_full(&self, history: &History) -> bool {
        self.limit.is_some_and(|limit| history.len() as u64 >= limit)
            && history.count(State::Waiting) == 0
    }

    /// The paused trial to resume; `None` for a new trial, or for the end if the limit is reached.
    ///
    /// At the limit, the best paused trial is trained to the highest fidelity even without a
    /// prediction, if there are few trials or none is complete.
    fn choose(&self, history: &History) -> Option<TrialId> {
        let promising = self.promising(history);
        if promising.is_some() || !self.is_full(history) {
            return promising;
        }
        let is_few = self.known.len() < self.startup || history.count(State::Complete) == 0;
        if is_few { self.best_paused() } else { None }
    }

    /// The paused trial with the best last loss.
    fn best_paused(&self) -> Option<TrialId> {
        self.known.iter().map(|(_, number)| *number).find(|number| self.paused.contains(number))
    }

    /// The paused trial with the highest probability of improvement; `None` without a model, or if a
    /// new trial has a higher one.
    fn promising(&self, history: &History) -> Option<TrialId> {
        if self.known.len() < self.startup || self.paused.is_empty() {
            return None;
        }
        let trials: Vec<&Trial> =
            self.known.iter().take(MOST).filter_map(|(_, n)| history.get(*n)).collect();
        let model = Model::fit(&self.space, history, &trials, self.top())?;
        let mut rng = stream(self.total, history.len() as u64, "freeze-thaw");
        let log = rng.random_range(-4.0..-1.0);
        let limit = model.best() - 10f64.powf(log) * model.spread();
        let horizon = rng.random_range(1..=self.top().0);
        let chance =
            |(mean, variance): (f64, f64)| normal::cdf((limit - mean) / variance.max(1e-12).sqrt());
        // A new trial counts as a random one: the sampler is not known here.
        let chances = (0..FRESH).map(|_| {
            let config = self.space.sample(&mut rng);
            chance(model.fresh(&self.space, &config, Fidelity(horizon)))
        });
        let fresh = chances.sum::<f64>() / FRESH as f64;
        let mut best: (f64, Option<TrialId>) = (fresh, None);
        for (i, trial) in trials.iter().enumerate() {
            if self.paused.contains(&trial.number) {
                let target = (trial.fidelity() + horizon).min(self.top());
                let value = chance(model.continued(i, target));
                if value > best.0 {
                    best = (value, Some(trial.number));
                }
            }
        }
        best.1
    }
}

impl Scheduler for FreezeThaw {
    fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        match self.choose(history).and_then(|number| history.get(number)) {
            Some(trial) => {
                Job::Resume { trial: trial.number, target: self.next_stop(trial.fidelity()) }
            }
            None if !self.is_full(history) => Job::Start(Run::to(self.next_stop(Fidelity::ZERO))),
            None if history.count(State::Running) > 0 => Job::Wait,
            None => Job::Finished,
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        pause_at_end(history, trial, self.top())
    }

    /// Every fidelity of a resumable ladder: the model is fitted to complete curves.
    fn next_milestone(&self, fidelity: Fidelity, target: Fidelity) -> Fidelity {
        if self.every_step { (fidelity + 1).min(target) } else { target }
    }
}

automl_study::options! {
    /// Freeze-thaw: a Gaussian process predicts the end of each learning curve, and the most promising
    /// trial continues.
    ///
    /// Swersky, Snoek & Adams (2014), "Freeze-Thaw Bayesian Optimization".
    pub struct FreezeThawConfig = "freeze-thaw" {
        /// Trials before the first prediction.
        pub startup: u64 = 6, in at_least(1.0);
    }
}

impl SchedulerConfig for FreezeThawConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let startup = usize::try_from(self.startup).unwrap_or(usize::MAX);
        let scheduler = FreezeThaw::new(study.space, ladder).with_startup(startup);
        Ok(Box::new(scheduler.with_limit(study.trial_limit)))
    }
}
