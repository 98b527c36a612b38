//! ASHA where a promoted trial starts again: a share of the cost goes to trials that start at the top.

use crate::asha::Asha;
use crate::setting::SettingError;
use automl_study::{
    Cursor, Fidelity, History, Job, Ladder, Run, Scheduler, Sources, Trial, TrialId, Verdict,
};
use std::collections::BTreeMap;

/// The cost, in full trainings, after which trials start at the highest fidelity.
const WARM_UP: f64 = 5.0;

/// The share of the further cost that goes to the highest fidelity.
const FULL_SHARE: f64 = 0.6;

/// [`Asha`] for fidelities that are not resumable: trials also start at the highest fidelity, so that it
/// gets most of the cost once the lower ones have told where to look.
///
/// Where training goes on from a checkpoint, a promoted trial pays what its rungs have in common once.
/// Where it starts again, each rung is paid in full, and what lower rungs tell about the highest one has
/// to be worth that. Beyond the cost of five full trainings a free worker without a promotion therefore
/// starts a new trial at the highest fidelity whenever that has had less than 60 % of the further cost;
/// the sampler proposes it knowing the results of all rungs. Such a trial competes at no rung. The bracket
/// attribute of a trial is the position of the rung that it started at.
///
/// # Examples
/// What twenty full trainings cost is spent, and some trials have started at the top:
/// ```
/// use automl_scheduler::CostBalancedAsha;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, false)?;
/// let scheduler = CostBalancedAsha::new(&ladder, 3.0)?;
/// let mut study = Study::builder(space.build()?).scheduler(ladder, scheduler).build()?;
/// let mut targets = Vec::new();
/// while targets.iter().map(|(_, to)| to).sum::<u64>() < 180 {
///     let Next::Run(job) = study.next_job()? else { panic!("ASHA never waits") };
///     let target = job.target.expect("the study has a ladder");
///     targets.push((job.fidelity.0, target.0));
///     let loss = job.number.0 as f64;
///     if study.report(job.number, target, vec![loss])? == Verdict::Complete {
///         study.tell(job.number, loss)?;
///     }
/// }
/// assert!(targets.contains(&(0, 9)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CostBalancedAsha {
    asha: Asha,
    ladder: Ladder,
    /// The cost of each trial, and the part of it at the highest fidelity.
    costs: BTreeMap<TrialId, (f64, f64)>,
    cursor: Cursor,
}

impl CostBalancedAsha {
    /// Creates rungs at the highest fidelity divided by powers of `eta`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        let asha = Asha::new(ladder, eta)?;
        let top = asha.rungs().len() as u64 - 1;
        Ok(Self {
            asha: asha.without(top),
            ladder: ladder.clone(),
            costs: BTreeMap::new(),
            cursor: Cursor::default(),
        })
    }

    /// Sets the largest number of trials of the study, if it is known.
    #[must_use]
    pub fn with_limit(mut self, trials: impl Into<Option<u64>>) -> Self {
        self.asha = self.asha.with_limit(trials);
        self
    }

    /// The cost of a trial, what it is on the way to included, and the part at the highest fidelity.
    fn cost(&self, trial: &Trial) -> (f64, f64) {
        let Some(run) = trial.run() else { return (0.0, 0.0) };
        let rungs = self.asha.rungs();
        let first = run.bracket.and_then(|s| usize::try_from(s).ok()).unwrap_or(0);
        let paid = rungs.iter().skip(first).filter(|f| **f <= trial.fidelity().max(run.target));
        let (mut all, mut top) = (0.0, 0.0);
        for fidelity in paid {
            all += self.ladder.cost(*fidelity);
            if *fidelity == self.ladder.max() {
                top = self.ladder.cost(*fidelity);
            }
        }
        (all, top)
    }

    fn follow(&mut self, history: &History) {
        let mut cursor = self.cursor;
        for trial in history.changed(&mut cursor) {
            self.costs.insert(trial.number, self.cost(trial));
        }
        self.cursor = cursor;
    }
}

impl Scheduler for CostBalancedAsha {
    fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        let job = self.asha.next_job(history);
        let Job::Start(lowest) = job else { return job };
        let one = self.ladder.cost(self.ladder.max());
        // In the order of the trials, so that rounding does not depend on that of the results.
        let (spent, full) =
            self.costs.values().fold((0.0, 0.0), |sum, cost| (sum.0 + cost.0, sum.1 + cost.1));
        if full + one <= FULL_SHARE * (spent + (1.0 - WARM_UP) * one) {
            let rung = self.asha.rungs().len() as u64 - 1;
            return Job::Start(Run::to(self.ladder.max()).in_bracket(rung));
        }
        Job::Start(lowest.in_bracket(0))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        self.asha.verdict(history, trial)
    }

    fn next_milestone(&self, fidelity: Fidelity, target: Fidelity) -> Fidelity {
        self.asha.next_milestone(fidelity, target)
    }

    fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        self.asha.unpromotable(history)
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.asha.warm_start(sources);
    }
}
