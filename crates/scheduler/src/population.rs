//! Population-based training.

mod config;
mod decide;
mod explore;
mod follow;
mod lineage;
mod sampler;
mod scheduler;

pub use config::PopulationConfig;
pub use sampler::PopulationSampler;
pub use scheduler::PopulationScheduler;

use crate::setting::{self, SettingError};
use crate::top_share::TopShare;
use automl_study::{Cursor, Fidelity, Ladder, Sampler, Trial, TrialId};
use follow::{Place, Rung};
use lineage::Lineage;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Population-based training (PBT): hyperparameters change while the population trains.
///
/// Every member pauses after each interval of training and is compared with those of its population that
/// have reached the same fidelity. A member of the worst fifth is replaced (exploit): a new trial
/// continues from the checkpoint of a member of the best fifth ([`Population::parent`]) with a
/// perturbation of that member's configuration (explore). A member that fails is replaced likewise, as
/// long as its population lasts. After a complete population the next one begins.
///
/// Scheduler and sampler belong together: [`Population::scheduler`] and [`Population::sampler`]. The
/// run of a new trial names the parent ([`Run::warm_start`](automl_study::Run)); an executor without
/// copies of checkpoints trains it from scratch. The first of several
/// objectives counts, and infeasible trials come last. A decision takes `O(log n)` plus the time to list
/// a population.
///
/// # Examples
/// The worst of five members is replaced by a perturbed copy of the best one:
/// ```
/// use automl_scheduler::Population;
/// use automl_space::Space;
/// use automl_study::{Ladder, Next, RandomSampler, Study, TrialId};
///
/// let mut space = Space::builder();
/// space.float("learning_rate", 1e-4..=1.0).log().add()?;
/// let ladder = Ladder::new("epoch", 1, 4, true)?;
/// let population = Population::new(&ladder, 5, 1)?;
/// let mut study = Study::builder(space.build()?)
///     .sampler(population.sampler(RandomSampler::from_prior()))
///     .scheduler(ladder, population.scheduler())
///     .build()?;
/// for loss in [0.3, 0.1, 0.2, 0.5, 0.4] {
///     let Next::Run(job) = study.next_job()? else { panic!("the population is not full") };
///     study.report(job.number, 1, vec![loss])?;
/// }
/// let Next::Run(job) = study.next_job()? else { panic!("a member is replaced") };
/// assert_eq!((job.number, job.target), (TrialId(5), Some(2.into())));
/// let child = study.history().get(job.number).expect("the trial runs");
/// assert_eq!(Population::parent(child), Some(TrialId(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Jaderberg et al. (2017), "Population Based Training of Neural Networks", algorithm 1, with truncation
/// selection (a fifth at each end) and perturbation by factors of 0.8 and 1.2 or, with probability 1/4,
/// a new draw.
#[derive(Clone, Debug)]
pub struct Population {
    members: usize,
    rungs: Vec<Rung>,
    fidelities: Vec<Fidelity>,
    /// Initial members, which have no parent and did not fail before the first comparison. In order
    /// of their numbers, each `members` of them make a population.
    roots: BTreeSet<TrialId>,
    /// The first root of the current population, which is the last one, full or not. Trials with
    /// lower numbers belong to earlier populations and are no longer compared.
    first: TrialId,
    places: BTreeMap<TrialId, Place>,
    /// The number of trials that replaced this one.
    children: HashMap<TrialId, u32>,
    limit: Option<u64>,
    cursor: Cursor,
}

impl Population {
    /// Creates a population of `members` trials, compared after every `interval` of fidelity.
    ///
    /// # Errors
    /// [`SettingError::TooFew`] for fewer than two members or an interval of zero.
    pub fn new(ladder: &Ladder, members: u64, interval: u64) -> Result<Self, SettingError> {
        if members < 2 {
            let name = "members of a population";
            return Err(SettingError::TooFew { name, least: 2, found: members });
        }
        if interval == 0 {
            let name = "the interval of a population";
            return Err(SettingError::TooFew { name, least: 1, found: 0 });
        }
        let share = setting::share("of a population that is replaced", 0.2)?;
        let first = interval.max(ladder.min().0).min(ladder.max().0);
        let step = usize::try_from(interval).unwrap_or(usize::MAX);
        let mut fidelities: Vec<Fidelity> =
            (first..ladder.max().0).step_by(step).map(Fidelity).collect();
        fidelities.push(ladder.max());
        let rung = Rung {
            keep: TopShare::new(|n, share| n - (n as f64 * share).floor() as usize, share),
            best: TopShare::new(|n, share| ((n as f64 * share).ceil() as usize).max(1), share),
            paused: BTreeSet::new(),
            failed: BTreeSet::new(),
        };
        Ok(Self {
            members: usize::try_from(members).unwrap_or(usize::MAX),
            rungs: vec![rung; fidelities.len()],
            fidelities,
            roots: BTreeSet::new(),
            first: TrialId(0),
            places: BTreeMap::new(),
            children: HashMap::new(),
            limit: None,
            cursor: Cursor::default(),
        })
    }

    /// Sets the limit of trials of the study ([`Study::set_trial_limit`]), if there is one.
    ///
    /// At the limit no member is replaced, and all but the worst continue; then the study has
    /// finished. Must be called before [`Population::scheduler`] and [`Population::sampler`].
    ///
    /// [`Study::set_trial_limit`]: automl_study::Study::set_trial_limit
    #[must_use]
    pub fn with_limit(mut self, trials: impl Into<Option<u64>>) -> Self {
        self.limit = trials.into();
        self
    }

    /// The scheduler of this population.
    pub fn scheduler(&self) -> PopulationScheduler {
        PopulationScheduler { population: self.clone() }
    }

    /// The sampler of this population; `inner` proposes its initial members.
    pub fn sampler<S: Sampler>(&self, inner: S) -> PopulationSampler<S> {
        PopulationSampler { population: self.clone(), inner }
    }

    /// The parent of a trial: the trial with the checkpoint and configuration that it continues.
    pub fn parent(trial: &Trial) -> Option<TrialId> {
        Lineage::of(trial).map(|lineage| lineage.parent)
    }
}
