//! The builder of studies.

use super::Study;
use super::set_aside::{insert, note_set_aside};
use super::worker_lease::{INTERVAL, WorkerLease};
use crate::sources::pinned;
use crate::{
    Direction, History, HistoryError, Ladder, Sampler, Scheduler, SobolSampler, Sources, StopFlag,
    Storage, StoreError, TrialId,
};
use automl_space::Space;
use std::collections::BTreeSet;
use std::time::Duration;
use thiserror::Error;

/// The study's attribute that holds its seed.
const SEED: &str = "automl:seed";

/// Why a study could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A study without an objective.
    #[error("a study needs at least one objective")]
    NoObjectives,
    /// The storage failed or holds another study.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored record is inconsistent.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The study is warm-started by other earlier studies than those that it began with.
    #[error("the study was begun with a warm start from {recorded:?}, not from {given:?}")]
    Sources {
        /// Names of the earlier studies given.
        given: String,
        /// Names of the earlier studies in the record.
        recorded: String,
    },
}

/// Collects the parts of a study; everything but the space has a default.
#[derive(Debug)]
pub struct StudyBuilder {
    space: Space,
    directions: Vec<Direction>,
    sampler: Box<dyn Sampler>,
    scheduler: Option<Box<dyn Scheduler>>,
    ladder: Option<Ladder>,
    storage: Option<Box<dyn Storage>>,
    seed: Option<u64>,
    planned_trials: Option<u64>,
    stop: StopFlag,
    heartbeat: Duration,
    alone: bool,
    worker: Option<String>,
    sources: Option<Sources>,
}

impl StudyBuilder {
    pub(super) fn new(space: Space) -> Self {
        Self {
            space,
            directions: vec![Direction::Minimize],
            sampler: Box::new(SobolSampler::new()),
            scheduler: None,
            ladder: None,
            storage: None,
            seed: None,
            planned_trials: None,
            stop: StopFlag::new(),
            heartbeat: INTERVAL,
            alone: false,
            worker: None,
            sources: None,
        }
    }

    /// One objective in this direction. The default is to minimise one.
    pub fn direction(self, direction: Direction) -> Self {
        self.directions([direction])
    }

    /// Several objectives.
    pub fn directions(mut self, directions: impl Into<Vec<Direction>>) -> Self {
        self.directions = directions.into();
        self
    }

    /// Sets the sampler; the default is quasi-random search.
    pub fn sampler(mut self, sampler: impl Sampler + 'static) -> Self {
        self.sampler = Box::new(sampler);
        self
    }

    /// Sets the scheduler, which decides how long each trial is trained, and the ladder of fidelities.
    pub fn scheduler(mut self, ladder: Ladder, scheduler: impl Scheduler + 'static) -> Self {
        self.ladder = Some(ladder);
        self.scheduler = Some(Box::new(scheduler));
        self
    }

    /// The fidelities of a study without early termination.
    pub fn ladder(mut self, ladder: Ladder) -> Self {
        self.ladder = Some(ladder);
        self
    }

    /// Where the record is kept. The default is nowhere but in memory. One that is not a
    /// [`SharedStorage`](crate::SharedStorage) is taken to be this study's alone, as by
    /// [`StudyBuilder::alone`].
    pub fn storage(mut self, storage: impl Storage + 'static) -> Self {
        self.storage = Some(Box::new(storage));
        self
    }

    /// The seed. The default is that of the stored study if it is continued, else 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How many trials are planned, which samplers may use.
    pub fn planned_trials(mut self, trials: u64) -> Self {
        self.planned_trials = Some(trials);
        self
    }

    /// A flag that ends loops over the study cleanly, such as [`StopFlag::on_ctrl_c`].
    pub fn stop_flag(mut self, flag: StopFlag) -> Self {
        self.stop = flag;
        self
    }

    /// How often a running trial shows that its worker is alive. A worker that is silent for three
    /// times as long is taken for dead: all processes of a study should have the same interval. The
    /// default is a minute.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = interval;
        self
    }

    /// The name of this worker among the processes of the study, which is also that of its
    /// predecessor: what that one left running is this one's. Two processes at work at the same time
    /// must not share a name. The default is a new name.
    pub fn worker(mut self, name: impl Into<String>) -> Self {
        self.worker = Some(name.into());
        self
    }

    /// Learns from earlier studies: their first configurations are tried before the sampler is
    /// asked, and sampler and scheduler take up what they can
    /// ([`Sampler::warm_start`], [`Scheduler::warm_start`]).
    ///
    /// The storage keeps the sources, so that every process of the study, now and later, has those of
    /// the first one, even where the earlier studies have grown since.
    pub fn warm_start(mut self, sources: Sources) -> Self {
        self.sources = Some(sources);
        self
    }

    /// Says that no other process works on the study while this one does: it does not look for what
    /// others write and keeps no heartbeats, and [`Study::recover`] takes every running trial back.
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// The study, with the trials that its storage already holds.
    ///
    /// # Errors
    /// [`BuildError`] if there is no objective, the storage cannot be opened, or it holds a study
    /// of that name with another space, other directions or another warm start.
    pub fn build(mut self) -> Result<Study, BuildError> {
        if self.directions.is_empty() {
            return Err(BuildError::NoObjectives);
        }
        let mut history = History::new(self.directions.clone());
        let mut seed = self.seed;
        let mut lease = WorkerLease::new(self.heartbeat, self.alone);
        if let Some(worker) = self.worker {
            lease.worker = worker;
        }
        if let Some(storage) = &mut self.storage {
            for trial in storage.attach(&self.space, &self.directions)? {
                note_set_aside(storage, &trial)?;
                history.push(trial)?;
            }
            match storage.shared() {
                Some(shared) => shared.identify(&lease.worker, !self.alone),
                None => lease.alone = true,
            }
            let stored = match storage.attribute(SEED)? {
                Some(stored) => stored,
                None => insert(&mut **storage, SEED, seed.unwrap_or(0).into())?,
            };
            seed = seed.or(stored.as_u64());
            self.sources = pinned(&mut **storage, self.sources, &self.space)?;
        }
        let mut sources = self.sources.unwrap_or_default();
        if !sources.studies().is_empty() {
            self.sampler.warm_start(&sources);
            let wanted = self.sampler.first_wanted(&sources);
            sources = sources.with_first(wanted);
        }
        if let Some(default) = self.space.declared_default() {
            sources = sources.with_default(default);
        }
        if let Some(scheduler) = self.scheduler.as_mut().filter(|_| !sources.is_empty()) {
            scheduler.warm_start(&sources);
        }
        let mut study = Study {
            space: self.space,
            history,
            sampler: self.sampler,
            scheduler: self.scheduler,
            ladder: self.ladder,
            storage: self.storage,
            seed: seed.unwrap_or(0),
            planned_trials: self.planned_trials,
            first: sources.first().to_vec(),
            trial_limit: None,
            stop: self.stop,
            waiting: BTreeSet::new(),
            interrupted: BTreeSet::new(),
            behind: false,
            lease,
            contended: false,
            turn: false,
        };
        for number in 0..study.history.len() as u64 {
            study.index(TrialId(number));
        }
        Ok(study)
    }
}
