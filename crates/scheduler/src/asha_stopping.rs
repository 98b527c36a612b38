//! Asynchronous successive halving by stopping.

use crate::hurdle::Hurdle;
use crate::non_dominated_fronts::NonDominatedFronts;
use crate::ranking::{Key, RungResult};
use crate::setting::{self, SettingError};
use crate::top_share::TopShare;
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{
    Cursor, Fidelity, History, Job, Ladder, Run, Scheduler, Sources, State, Trial, TrialId, Verdict,
};
use std::collections::HashMap;

/// Asynchronous successive halving (ASHA) in its stopping form.
///
/// A trial trains on until a rung at which it is not among the best `max(1, floor(n / eta))` of the `n`
/// trials that have reached the rung; there it is stopped for good.
///
/// No checkpoints are needed and a trial continues at once, but early trials are compared with few
/// others. Several objectives are ordered by non-domination rank and crowding distance, infeasible
/// trials come last, and a trial that fails on its way to a rung counts there as the worst. A verdict
/// takes `O(log n)` for one objective and about `O(sqrt(n) log n)` for two; for more, at most `O(n)`.
///
/// # Examples
/// The second trial is worse than the first one at the lowest rung, so it is stopped:
/// ```
/// use automl_scheduler::AshaStopping;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, false)?;
/// let asha = AshaStopping::new(&ladder, 3.0)?;
/// let mut study = Study::builder(space.build()?).scheduler(ladder, asha).build()?;
///
/// let Next::Run(first) = study.next_job()? else { panic!("ASHA never waits") };
/// let Next::Run(second) = study.next_job()? else { panic!("ASHA never waits") };
/// assert_eq!(study.report(first.number, 1, vec![0.1])?, Verdict::Continue);
/// assert_eq!(study.report(second.number, 1, vec![0.2])?, Verdict::Stop);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning", section 3, in the
/// stopping variant of Determined and Ray Tune.
#[derive(Clone, Debug)]
pub struct AshaStopping {
    eta: f64,
    fidelities: Vec<Fidelity>,
    rungs: Vec<Rung>,
    places: HashMap<TrialId, Vec<Option<Key>>>,
    hurdle: Hurdle,
    cursor: Cursor,
}

#[derive(Clone, Debug)]
struct Rung {
    keys: TopShare<(Key, TrialId)>,
    /// For several objectives only.
    fronts: NonDominatedFronts,
}

impl AshaStopping {
    /// Creates rungs at the highest fidelity divided by powers of `eta`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        let eta = setting::eta(eta)?;
        let fidelities = ladder.rungs(eta);
        let rung = Rung {
            keys: TopShare::new(|n, eta| crate::asha::share(n, eta).max(1), eta),
            fronts: NonDominatedFronts::default(),
        };
        let rungs = vec![rung; fidelities.len()];
        let (hurdle, cursor) = (Hurdle::default(), Cursor::default());
        Ok(Self { eta, fidelities, rungs, places: HashMap::new(), hurdle, cursor })
    }

    fn top(&self) -> Fidelity {
        self.fidelities.last().copied().unwrap_or(Fidelity(1))
    }

    fn result(&self, history: &History, trial: &Trial, rung: usize) -> Option<RungResult> {
        let below = self.fidelities.get(rung + 1).copied().unwrap_or(Fidelity::MAX);
        RungResult::within(history, trial, self.fidelities[rung], below)
    }

    fn follow(&mut self, history: &History) {
        for trial in history.changed(&mut self.cursor) {
            self.place(history, trial);
        }
    }

    /// Enters a trial at the rungs that it has reached, anew where its result changed. Rungs that
    /// were skipped without a report do not count.
    fn place(&mut self, history: &History, trial: &Trial) {
        let number = trial.number;
        let several = history.directions().len() > 1;
        let mut keys = Vec::new();
        for rung in 0..self.fidelities.len() {
            if let Some(result) = self.result(history, trial, rung) {
                keys.push(Some(Key::of(&result)));
                if several {
                    self.rungs[rung].fronts.set(number, &result, false);
                }
            } else if trial.fidelity() >= self.fidelities[rung] {
                keys.push(None);
            } else {
                let target = trial.target().unwrap_or(Fidelity::ZERO);
                if trial.state == State::Failed && target >= self.fidelities[rung] {
                    keys.push(Some(Key::worst()));
                }
                break;
            }
        }
        let old = self.places.insert(number, keys.clone()).unwrap_or_default();
        for (rung, slot) in self.rungs.iter_mut().enumerate() {
            let at = |keys: &[Option<Key>]| keys.get(rung).copied().flatten();
            let (before, after) = (at(&old), at(&keys));
            if before != after {
                if let Some(key) = before {
                    slot.keys.remove(&(key, number));
                }
                if let Some(key) = after {
                    slot.keys.insert((key, number));
                }
            }
        }
    }

    /// Whether a trial is among the best of a rung that it has reached.
    fn is_best(&self, rung: usize, number: TrialId) -> bool {
        let slot = &self.rungs[rung];
        if let Some(place) = slot.fronts.place(number) {
            return place < crate::asha::share(slot.keys.len(), self.eta).max(1);
        }
        let key = self.places.get(&number).and_then(|keys| keys.get(rung)).copied().flatten();
        key.is_some_and(|key| key.is_number() && slot.keys.is_best(&(key, number)))
    }
}

impl Scheduler for AshaStopping {
    fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        // A trial that lost its worker goes on first.
        match history.in_state(State::Paused).next() {
            Some(trial) => Job::Resume { trial: trial.number, target: self.top() },
            None => Job::Start(Run::to(self.top())),
        }
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        self.follow(history);
        let Some(trial) = history.get(trial) else { return Verdict::Stop };
        if trial.fidelity() >= self.top() {
            return Verdict::Complete;
        }
        // The rung that this report has reached, if it is the first to do so.
        let Some(rung) = self.fidelities.iter().rposition(|f| trial.fidelity() >= *f) else {
            return Verdict::Continue;
        };
        let before =
            trial.reports.iter().rev().nth(1).map_or(Fidelity::ZERO, |report| report.fidelity);
        let clears = || self.hurdle.is_cleared(history, trial.number, trial.fidelity());
        if before >= self.fidelities[rung] || self.is_best(rung, trial.number) && clears() {
            Verdict::Continue
        } else {
            Verdict::Stop
        }
    }

    fn next_milestone(&self, fidelity: Fidelity, target: Fidelity) -> Fidelity {
        let next = self.fidelities.iter().find(|f| **f > fidelity);
        next.copied().unwrap_or(target).min(target)
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.hurdle = Hurdle::of(sources);
    }
}

automl_study::options! {
    /// Asynchronous successive halving without pauses: trials outside the best `1 / eta` of a rung are
    /// stopped.
    ///
    /// Li et al. (2020), in the form of Syne Tune and Ray Tune (type "stopping").
    pub struct AshaStoppingConfig = "asha-stopping" {
        /// Reduction factor `eta` between rungs: the best `1 / eta` of a rung are promoted.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SchedulerConfig for AshaStoppingConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let scheduler =
            AshaStopping::new(ladder, self.eta).map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(scheduler))
    }
}
