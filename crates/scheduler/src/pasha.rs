//! Progressive ASHA: the maximum fidelity grows only while the ranking changes.

use crate::asha::promotion;
use crate::rungs::{Rungs, pause_at_end};
use crate::setting::{self, SettingError};
use automl_numeric::{order, pareto};
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext};
use automl_study::{
    Cursor, Fidelity, History, Job, Ladder, Run, Scheduler, Trial, TrialId, Verdict,
};
use std::collections::{BTreeSet, HashMap};

/// The number of best trials from which the noise is estimated.
const NOISE_TRIALS: usize = 16;

/// Progressive ASHA (PASHA): [`Asha`](crate::Asha) with two rungs at first; one more opens whenever the
/// ranking at the highest open rung differs from that at the rung below.
///
/// Ranks are soft: two losses that differ by no more than the noise count as equal. The noise is the
/// 90th percentile of the differences between curves that cross at least twice. It is estimated from the
/// 16 best trials of the highest rung, which bounds its cost; the comparison of ranks takes `O(m log m)`
/// whenever the number `m` of trials at the highest rung grows. With several objectives, non-domination
/// ranks take the place of losses, without noise.
///
/// The open rungs follow from the trials: all rungs that a trial was sent to, at least two, and one more
/// if the ranking at the highest of them is unstable now.
///
/// # Examples
/// Losses that do not change with training keep their ranking, so no trial gets past the second rung:
/// ```
/// use automl_scheduler::Pasha;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let scheduler = Pasha::new(&ladder, 3.0)?;
/// let mut study = Study::builder(space.build()?).scheduler(ladder, scheduler).build()?;
/// for _ in 0..40 {
///     let Next::Run(job) = study.next_job()? else { panic!("PASHA never waits") };
///     let target = job.target.expect("the study has a ladder");
///     assert!(target <= 3);
///     assert_eq!(study.report(job.number, target, vec![job.config[x]])?, Verdict::Pause);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Bohdal et al. (2023), "PASHA: Efficient HPO and NAS with Progressive Resource Allocation", ICLR,
/// algorithm 1 and section 4.2.
#[derive(Clone, Debug)]
pub struct Pasha {
    eta: f64,
    rungs: Rungs,
    every_step: bool,
    /// The highest rung that a trial was sent to.
    sent: usize,
    /// The trials that have reported at each rung.
    members: Vec<BTreeSet<TrialId>>,
    /// Whether a rung with so many members was unstable.
    judged: HashMap<(usize, usize), bool>,
    cursor: Cursor,
}

impl Pasha {
    /// Creates rungs at the highest fidelity divided by powers of `eta`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> Result<Self, SettingError> {
        let eta = setting::eta(eta)?;
        let rungs = Rungs::new(ladder.rungs(eta));
        Ok(Self {
            eta,
            members: vec![BTreeSet::new(); rungs.fidelities().len()],
            rungs,
            every_step: ladder.resumable(),
            sent: 0,
            judged: HashMap::new(),
            cursor: Cursor::default(),
        })
    }

    fn follow(&mut self, history: &History) {
        for trial in history.changed(&mut self.cursor) {
            self.rungs.place(history, trial);
            let target = trial.target().unwrap_or(Fidelity::ZERO);
            for (rung, fidelity) in self.rungs.fidelities().iter().enumerate() {
                if target >= *fidelity {
                    self.sent = self.sent.max(rung);
                }
                if trial.report_at(*fidelity).is_some() {
                    self.members[rung].insert(trial.number);
                }
            }
        }
    }

    /// The highest open rung.
    fn top(&mut self, history: &History) -> usize {
        let last = self.rungs.fidelities().len() - 1;
        let mut top = self.sent.max(1).min(last);
        while top < last && self.is_unstable(history, top) {
            top += 1;
        }
        top
    }

    fn is_unstable(&mut self, history: &History, rung: usize) -> bool {
        let key = (rung, self.members[rung].len());
        if let Some(known) = self.judged.get(&key) {
            return *known;
        }
        let unstable = self.ranks_differ(history, rung);
        self.judged.insert(key, unstable);
        unstable
    }

    fn ranks_differ(&self, history: &History, rung: usize) -> bool {
        let (above, below) = (self.rungs.fidelities()[rung], self.rungs.fidelities()[rung - 1]);
        let trials: Vec<&Trial> = self.members[rung]
            .iter()
            .filter_map(|number| history.get(*number))
            .filter(|trial| trial.report_at(below).is_some())
            .collect();
        let (here, there) = (losses(history, &trials, above), losses(history, &trials, below));
        let sorted = |losses: &[f64]| {
            let mut order: Vec<usize> = (0..losses.len()).collect();
            order.sort_by(|&a, &b| order::compare(losses[a], losses[b]).then(a.cmp(&b)));
            order
        };
        let (now, before) = (sorted(&here), sorted(&there));
        let noise = if history.directions().len() > 1 {
            0.0
        } else {
            let best: Vec<&Trial> = now.iter().take(NOISE_TRIALS).map(|&i| trials[i]).collect();
            noise(history, &best, above)
        };
        // The trial at each place now must be one of those whose loss below is like that of the
        // trial at the same place there.
        now.iter().zip(&before).any(|(&a, &b)| {
            let (x, y) = (there[a], there[b]);
            !(x.is_nan() && y.is_nan() || x == y || (x - y).abs() <= noise)
        })
    }
}

/// The sort values of trials at a fidelity: losses, or non-domination ranks.
fn losses(history: &History, trials: &[&Trial], fidelity: Fidelity) -> Vec<f64> {
    let values = |trial: &&Trial| {
        trial.report_at(fidelity).map_or_else(Vec::new, |r| history.losses(&r.values))
    };
    let losses: Vec<Vec<f64>> = trials.iter().map(values).collect();
    if history.directions().len() > 1 {
        return pareto::ranks(&losses).into_iter().map(|rank| rank as f64).collect();
    }
    losses.into_iter().map(|loss| loss.first().copied().unwrap_or(f64::NAN)).collect()
}

/// The 90th percentile of the last differences between curves that cross at least twice.
fn noise(history: &History, trials: &[&Trial], target: Fidelity) -> f64 {
    let mut gaps = Vec::new();
    for (i, a) in trials.iter().enumerate() {
        for b in &trials[i + 1..] {
            let mut crossings = 0;
            let mut last: Option<f64> = None;
            for report in a.reports.iter().take_while(|report| report.fidelity <= target) {
                let Some(other) = b.report_at(report.fidelity) else { continue };
                let gap = history.loss(&report.values) - history.loss(&other.values);
                if gap == 0.0 || gap.is_nan() {
                    continue;
                }
                crossings += u32::from(last.is_some_and(|last| last * gap < 0.0));
                last = Some(gap);
            }
            if crossings >= 2 {
                gaps.extend(last.map(f64::abs));
            }
        }
    }
    gaps.sort_by(f64::total_cmp);
    let at = (gaps.len() as f64 * 0.9).ceil() as usize;
    gaps.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
}

impl Scheduler for Pasha {
    fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        let top = self.top(history);
        promotion(&self.rungs, top, self.eta)
            .unwrap_or(Job::Start(Run::to(self.rungs.fidelities()[0])))
    }

    fn verdict(&mut self, history: &History, trial: TrialId) -> Verdict {
        let top = self.rungs.fidelities().last().copied().unwrap_or(Fidelity(1));
        pause_at_end(history, trial, top)
    }

    /// Every fidelity of a resumable ladder: crossing curves determine the noise.
    fn next_milestone(&self, fidelity: Fidelity, target: Fidelity) -> Fidelity {
        if self.every_step { (fidelity + 1).min(target) } else { target }
    }
}

automl_study::options! {
    /// Progressive ASHA: the highest rung opens only while the ranking of the rungs below changes.
    ///
    /// Bohdal et al. (2023), "PASHA: Efficient HPO and NAS with Progressive Resource Allocation".
    pub struct PashaConfig = "pasha" {
        /// Reduction factor `eta` between rungs: the best `1 / eta` of a rung are promoted.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SchedulerConfig for PashaConfig {
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        self.check()?;
        let ladder = study.ladder(Self::NAME)?;
        let scheduler = Pasha::new(ladder, self.eta).map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(scheduler))
    }
}
