//! Gaussian processes over the results of single rungs.

use crate::rung_results::RungResults;
use crate::setting::{self, SettingError};
use automl_gp::{Acquisition, GpOptions, GpSampler};
use automl_space::Config;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext, Supports};
use automl_study::{
    Fidelity, History, ProposeError, RandomSampler, Sampler, Sources, State, Trial, TrialId, View,
};
use rand::{Rng, RngExt};

/// The number of standard deviations of the confidence bound below the mean. Expected improvement
/// converges too early, so that too many similar trials are promoted.
const BETA: f64 = 2.0;

/// The maximum number of results to which a process is fitted: half of them the best ones, half an
/// even selection of the others.
const MOST: usize = 300;

/// The maximum number of running trials that count.
const PENDING: usize = 64;

/// A Gaussian process over the results at one rung, for [`Asha`](crate::Asha) or another scheduler with
/// rungs, in alternation with a sampler that explores.
///
/// The rung is drawn anew for each proposal: with `d` parameters, uniformly from those with at least
/// `d + 2` results and the rungs below them. Low rungs have many but biased results, high rungs have
/// few; the draw mixes them. The proposal minimises the lower confidence bound `mean - 2 sd`. Running
/// trials count with draws of their outcomes, failures through a model of the probability to fail. Until
/// a rung has enough results, proposals are random. Of more than 300 results the best 150 and an even
/// selection of the others count, so a proposal takes a bounded time.
///
/// # Examples
/// ```
/// use automl_scheduler::{Asha, RungGpSampler};
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, Study, Verdict};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let scheduler = Asha::new(&ladder, 3.0)?;
/// let mut study = Study::builder(space.build()?)
///     .sampler(RungGpSampler::new(3.0)?)
///     .scheduler(ladder, scheduler)
///     .build()?;
/// for _ in 0..60 {
///     let Next::Run(job) = study.next_job()? else { panic!("ASHA never waits") };
///     let target = job.target.expect("the study has a ladder");
///     let loss = (job.config[x] - 0.3).powi(2) / target.0 as f64;
///     if study.report(job.number, target, vec![loss])? == Verdict::Complete {
///         study.tell(job.number, loss)?;
///     }
/// }
/// let best = study.best().expect("trials are complete");
/// assert!((best.config[x] - 0.3).abs() < 0.05);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Li et al. (2022), "Hyper-Tune: Towards Efficient Hyper-parameter Tuning at Scale", PVLDB 15(6),
/// section 4.3, for one surrogate per rung (there they are averaged, weighted by their ranking
/// performance); Srinivas et al. (2010), "Gaussian Process Optimization in the Bandit Setting", for the
/// bound.
#[derive(Debug)]
pub struct RungGpSampler {
    eta: f64,
    results: Option<RungResults>,
    /// One process for each rung, so that each keeps its fitted hyperparameters.
    processes: Vec<GpSampler>,
    sources: Sources,
}

impl RungGpSampler {
    /// Creates a sampler for rungs with the reduction factor `eta`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(eta: f64) -> Result<Self, SettingError> {
        let sources = Sources::default();
        Ok(Self { eta: setting::eta(eta)?, results: None, processes: Vec::new(), sources })
    }
}

impl Sampler for RungGpSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let Some(ladder) = view.ladder else {
            let what = "studies without fidelities".to_owned();
            return Err(ProposeError::Unsupported { sampler: "rung-gp", what });
        };
        let fidelities = ladder.rungs(self.eta);
        let results = RungResults::current(&mut self.results, &fidelities, view.history);
        let Some(highest) = results.highest(view.space.len() + 2) else {
            return RandomSampler::uniform().propose(view, rng);
        };
        let rung = rng.random_range(0..=highest);
        let below = fidelities.get(rung + 1).copied().unwrap_or(Fidelity::MAX);
        let own = rung_history(view.history, results, rung, fidelities[rung]..below);
        let options = GpOptions {
            acquisition: Acquisition::LowerConfidenceBound(BETA),
            ..GpOptions::default()
        };
        self.processes.resize_with(fidelities.len(), || {
            let mut process = GpSampler::new(options);
            process.warm_start(&self.sources);
            process
        });
        let inner =
            View { history: &own, ladder: None, target: None, planned_trials: None, ..*view };
        let config = self.processes[rung].propose(&inner, rng)?;
        Ok(view.deduplicated(config, rng))
    }

    fn warm_start(&mut self, sources: &Sources) {
        self.sources = sources.clone();
        self.processes.clear();
    }
}

/// The results at one rung as complete trials, with the running trials.
fn rung_history(
    history: &History,
    results: &RungResults,
    rung: usize,
    at: std::ops::Range<Fidelity>,
) -> History {
    let order = results.order(history, rung);
    let good = order.len().min(MOST / 2);
    let rest = &order[good..];
    let spread = rest.len().min(MOST - good);
    let others = (0..spread).map(|i| rest[i * rest.len() / spread]);
    let mut numbers: Vec<TrialId> = order[..good].iter().copied().chain(others).collect();
    let running: Vec<TrialId> =
        history.in_state(State::Running).map(|trial| trial.number).collect();
    numbers.extend(&running[running.len().saturating_sub(PENDING)..]);
    numbers.sort_unstable();
    numbers.dedup();
    let mut own = History::new(history.directions().to_vec());
    for trial in numbers.into_iter().filter_map(|number| history.get(number)) {
        let mut new = Trial {
            constraints: trial.constraints.clone(),
            ..Trial::waiting(own.next_id(), trial.config.clone())
        };
        let report = trial.reports.iter().find(|report| at.contains(&report.fidelity));
        (new.state, new.values) = match report {
            Some(report) if report.values.iter().any(|v| v.is_nan()) => (State::Failed, vec![]),
            Some(report) => (State::Complete, report.values.clone()),
            None if trial.state == State::Failed => (State::Failed, vec![]),
            None => (State::Running, vec![]),
        };
        // Numbers follow each other, so nothing is refused.
        let _ = own.push(new);
    }
    own
}

automl_study::options! {
    /// Lower confidence bound of a Gaussian process over the results at one rung, drawn anew for each
    /// proposal.
    ///
    /// Li et al. (2022), "Hyper-Tune: Towards Efficient Hyper-parameter Tuning at Scale".
    pub struct RungGpConfig = "rung-gp" {
        /// Reduction factor `eta` of the rungs; that of the scheduler where one has an option `eta`.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SamplerConfig for RungGpConfig {
    const SUPPORTS: Supports = Supports::WITH_FIDELITY;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        study.ladder(Self::NAME)?;
        let sampler = RungGpSampler::new(self.eta).map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(sampler))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 500 results at a rung the best 150 stay, and 150 of the others, evenly spread.
    #[test]
    fn of_many_results_the_best_and_a_spread_stay() {
        let mut builder = automl_space::Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let mut history = History::new(vec![automl_study::Direction::Minimize]);
        for number in 0..500_u64 {
            let loss = (number * 7 % 500) as f64;
            let mut trial = Trial::waiting(number, space.decode(&[loss / 500.0]));
            trial.state = State::Paused;
            let report = automl_study::Report { fidelity: Fidelity(1), values: vec![loss] };
            trial.reports.push(report);
            history.push(trial).unwrap();
        }
        let mut slot = None;
        let results = RungResults::current(&mut slot, &[Fidelity(1), Fidelity(3)], &history);
        let own = rung_history(&history, results, 0, Fidelity(1)..Fidelity(3));
        let mut losses: Vec<f64> = own.trials().iter().map(|trial| trial.values[0]).collect();
        losses.sort_by(f64::total_cmp);
        assert_eq!(losses.len(), MOST);
        assert!((0..150).all(|i| losses[i] == i as f64), "{losses:?}");
        let gaps = losses[150..].windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.clone().all(|gap| (2.0..=3.0).contains(&gap)) && losses[MOST - 1] > 495.0);
    }
}
