//! The study: ask and tell over a space, a history, a sampler, a scheduler and a storage.

mod builder;
mod error;
mod refresh;
mod resume;
mod worker_lease;

pub use builder::{BuildError, StudyBuilder};
pub use error::{AskError, RefreshError, TellError};

use crate::trial::{attribute, violated};
use crate::{
    Fidelity, History, HistoryError, Job, Ladder, Outcome, Report, Sampler, Scheduler, State,
    StopFlag, Storage, StoreError, Trial, TrialId, Verdict, View,
};
use automl_numeric::{pareto, stream};
use automl_space::{Config, Space};
use resume::is_through;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};
use worker_lease::WorkerLease;

/// A trial that was handed out to be trained.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an assignment that is dropped leaves its trial running for ever"]
pub struct Assignment {
    /// The trial's number.
    pub number: TrialId,
    /// What to train.
    pub config: Config,
    /// The fidelity that was reported last; zero for a new trial.
    pub fidelity: Fidelity,
    /// The fidelity to train to; absent where the study has no ladder.
    pub target: Option<Fidelity>,
}

/// What a free worker should do.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Train this.
    Run(Assignment),
    /// Wait until some running trial reports.
    Wait,
    /// Nothing is left to do.
    Finished,
}

/// One optimization: a search space, the history of trials, a sampler and a scheduler.
///
/// Any number of processes may work on one study through a storage, each with a study object of its
/// own. Before every decision it takes in what the others wrote. What runs has a heartbeat, written
/// by a thread in the background, so that the trials of a worker that died go to another one and a
/// result that comes too late is refused.
#[derive(Debug)]
pub struct Study {
    space: Space,
    history: History,
    sampler: Box<dyn Sampler>,
    scheduler: Option<Box<dyn Scheduler>>,
    ladder: Option<Ladder>,
    storage: Option<Box<dyn Storage>>,
    seed: u64,
    planned_trials: Option<u64>,
    trial_limit: Option<u64>,
    stop: StopFlag,
    /// Trials with a fixed configuration that have not started.
    waiting: BTreeSet<TrialId>,
    /// Paused trials that lost their worker before they reached their fidelity, or that stand at
    /// the highest one already.
    interrupted: BTreeSet<TrialId>,
    /// Whether the history lacks something that the storage has already handed out.
    behind: bool,
    lease: WorkerLease,
}

impl Drop for Study {
    /// The trials of this worker that still run can be taken back at once.
    fn drop(&mut self) {
        let left = self.lease.release();
        if let Some(storage) = &mut self.storage
            && !left.is_empty()
        {
            // Where this fails they are taken back when their heartbeats are old.
            let _ = storage.release_leases(&left);
        }
    }
}

impl Study {
    /// Starts a study over a space.
    pub fn builder(space: Space) -> StudyBuilder {
        StudyBuilder::new(space)
    }

    /// The search space.
    pub fn space(&self) -> &Space {
        &self.space
    }
    /// The trials so far.
    pub fn history(&self) -> &History {
        &self.history
    }
    /// The seed of every random decision.
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// The fidelities, where there are some.
    pub fn ladder(&self) -> Option<&Ladder> {
        self.ladder.as_ref()
    }
    /// The flag that asks loops over this study to end cleanly.
    pub fn stop_flag(&self) -> &StopFlag {
        &self.stop
    }
    /// The storage, where there is one.
    pub fn storage(&mut self) -> Option<&mut dyn Storage> {
        self.storage.as_mut().map(|storage| &mut **storage as &mut dyn Storage)
    }

    /// The complete, feasible trial with the best first objective.
    pub fn best(&self) -> Option<&Trial> {
        self.history.best()
    }

    /// The complete, feasible trials that no other dominates, in order of their numbers.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::{Direction, Study};
    ///
    /// let mut space = Space::builder();
    /// let x = space.float("x", 0.0..=1.0).add()?;
    /// let mut study = Study::builder(space.build()?)
    ///     .directions([Direction::Minimize, Direction::Maximize])
    ///     .build()?;
    /// // Less of the first objective is less of the second: every trial is on the front.
    /// study.optimize(10, |config| vec![config[x], config[x]])?;
    /// assert_eq!(study.front().len(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn front(&self) -> Vec<&Trial> {
        let complete: Vec<&Trial> =
            self.history.in_state(State::Complete).filter(|trial| trial.is_feasible()).collect();
        let losses: Vec<_> = complete.iter().map(|t| self.history.losses(&t.values)).collect();
        let ranks = pareto::ranks(&losses);
        complete.into_iter().zip(ranks).filter(|(_, rank)| *rank == 0).map(|(t, _)| t).collect()
    }

    /// From now on starts no new trial once there are this many (paused ones still resume).
    pub fn set_trial_limit(&mut self, limit: Option<u64>) {
        self.trial_limit = limit;
    }

    /// Prepares the next proposal ahead of time, between requests: after [`Study::tell`], a later
    /// [`Study::ask`] answers sooner, with the same proposal.
    pub fn prepare(&mut self) {
        if self.waiting.is_empty() {
            let view = View {
                space: &self.space,
                history: &self.history,
                number: self.history.next_id(),
                seed: self.seed,
                planned_trials: self.planned_trials,
                ladder: self.ladder.as_ref(),
                target: None,
            };
            self.sampler.prepare(&view);
        }
    }

    /// The next configuration, to be trained to the highest fidelity.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::{Outcome, Study};
    ///
    /// let mut space = Space::builder();
    /// let x = space.float("x", 0.0..=1.0).add()?;
    /// let mut study = Study::builder(space.build()?).build()?;
    /// let trial = study.ask()?;
    /// let outcome = Outcome::Complete { values: vec![trial.config[x]], constraints: Vec::new() };
    /// study.tell(trial.number, outcome)?;
    /// assert_eq!(study.best().map(|best| best.values[0]), Some(trial.config[x]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AskError`] if the sampler has no proposal or the storage fails.
    pub fn ask(&mut self) -> Result<Assignment, AskError> {
        let target = self.ladder.as_ref().map(Ladder::max);
        loop {
            self.refresh()?;
            if let Some(assignment) = self.start(target, None)? {
                return Ok(assignment);
            }
        }
    }

    /// What a free worker should do next, as the scheduler decides; a trial that lost its worker
    /// goes on first, unless the scheduler's verdict on its last report is another. Without a
    /// scheduler this is [`Study::ask`].
    ///
    /// # Errors
    /// [`AskError`] if the sampler has no proposal, the scheduler names a trial that is not paused,
    /// or the storage fails.
    pub fn next_job(&mut self) -> Result<Next, AskError> {
        loop {
            self.refresh()?;
            if let Some(next) = self.decide()? {
                return Ok(next);
            }
        }
    }

    /// What to do by the history as it is; `None` where another process was faster.
    fn decide(&mut self) -> Result<Option<Next>, AskError> {
        if let Some(assignment) = self.next_interrupted()? {
            return Ok(Some(Next::Run(assignment)));
        }
        let job = match &mut self.scheduler {
            Some(scheduler) => scheduler.next_job(&self.history),
            None => Job::Start {
                target: self.ladder.as_ref().map_or(Fidelity::ZERO, Ladder::max),
                bracket: None,
            },
        };
        match job {
            Job::Resume { trial, target } => Ok(self.resume(trial, target)?.map(Next::Run)),
            Job::Start { .. } if self.is_full() => {
                let running = self.history.count(State::Running) > 0;
                Ok(Some(if running { Next::Wait } else { Next::Finished }))
            }
            Job::Start { target, bracket } => {
                let target = self.ladder.as_ref().map(|_| target);
                Ok(self.start(target, bracket)?.map(Next::Run))
            }
            Job::Wait => Ok(Some(Next::Wait)),
            Job::Finished => Ok(Some(Next::Finished)),
        }
    }

    /// Records what a running trial reached at one fidelity and returns the scheduler's verdict,
    /// which has already been carried out for [`Verdict::Pause`] and [`Verdict::Stop`]. After
    /// [`Verdict::Complete`] the caller tells the final outcome.
    ///
    /// A fidelity that was reported before (by a worker that died) is not recorded again.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or no longer this worker's, the values do not fit,
    /// or the storage fails.
    pub fn report(
        &mut self,
        number: impl Into<TrialId>,
        fidelity: impl Into<Fidelity>,
        values: Vec<f64>,
    ) -> Result<Verdict, TellError> {
        let (number, fidelity) = (number.into(), fidelity.into());
        self.refresh()?;
        let trial = self.running(number)?;
        let known = trial.report_at(fidelity).is_some();
        if !known {
            let report = Report { fidelity, values };
            self.history.check_report(number, &report)?;
            if let Some(storage) = &mut self.storage
                && let Err(error) = storage.report(number, &report)
            {
                return Err(self.refused(error));
            }
            self.history.report(number, report)?;
        }
        let last = self.history.get(number).map_or(fidelity, Trial::fidelity);
        let verdict = if fidelity < last { Verdict::Continue } else { self.judge(number) };
        match verdict {
            Verdict::Pause => self.change(number, |trial| trial.state = State::Paused)?,
            Verdict::Stop => self.tell(number, Outcome::Pruned)?,
            Verdict::Continue | Verdict::Complete => {}
        }
        Ok(verdict)
    }

    /// Records how a running trial ended. A NaN among the objective values makes it failed.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or no longer this worker's, the values do not fit,
    /// or the storage fails.
    pub fn tell(
        &mut self,
        number: impl Into<TrialId>,
        outcome: impl Into<Outcome>,
    ) -> Result<(), TellError> {
        let (number, outcome) = (number.into(), outcome.into());
        self.running(number)?;
        outcome.check(number, self.history.directions().len())?;
        self.change(number, |trial| outcome.end(trial))
    }

    /// Adds a trial with a given configuration; it is handed out before the sampler is asked.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// space.int("layers", 1..=8).add()?;
    /// let space = space.build()?;
    /// let default = space.decode(&[0.5]);
    /// let mut study = Study::builder(space).build()?;
    /// study.enqueue(default.clone())?;
    /// assert_eq!(study.ask()?.config, default);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AskError`] if the configuration lies outside the space or the storage fails.
    pub fn enqueue(&mut self, config: Config) -> Result<TrialId, AskError> {
        self.space.check(&config)?;
        self.refresh()?;
        self.create(Trial::waiting(self.history.next_id(), config))
    }

    /// Adds a trial that was evaluated elsewhere, for a warm start: samplers learn from it as from
    /// any other.
    ///
    /// # Errors
    /// [`AskError`] if the configuration lies outside the space, the values do not fit, or the
    /// storage fails.
    pub fn add_trial(
        &mut self,
        config: Config,
        outcome: impl Into<Outcome>,
    ) -> Result<TrialId, AskError> {
        self.space.check(&config)?;
        let (number, outcome) = (self.history.next_id(), outcome.into());
        outcome.check(number, self.history.directions().len())?;
        let mut trial = Trial::waiting(number, config);
        outcome.end(&mut trial);
        (trial.started, trial.finished) = (Some(now()), Some(now()));
        self.create(trial)
    }

    /// Takes a running trial back from a worker that will not report any more. Where fidelities
    /// differ and it has reported, it is paused and [`Study::next_job`] hands it out again to the
    /// fidelity that it was meant to reach; otherwise it waits to be started again. A trial
    /// that has reported at the highest fidelity is complete.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or the storage fails.
    pub fn release(&mut self, number: impl Into<TrialId>) -> Result<(), TellError> {
        let number = number.into();
        let after = self.released(self.running(number)?);
        self.change(number, |trial| *trial = after)?;
        self.index(number);
        Ok(())
    }

    /// Ends paused and waiting trials: the search is over, so they become pruned with the values
    /// of their last report (waiting ones fail). Returns how many there were.
    ///
    /// # Errors
    /// [`TellError`] if the storage fails.
    pub fn finalize(&mut self) -> Result<usize, TellError> {
        self.refresh()?;
        let open: Vec<(TrialId, bool)> = self
            .history
            .trials()
            .iter()
            .filter(|t| matches!(t.state, State::Paused | State::Waiting))
            .map(|t| (t.number, t.reports.is_empty()))
            .collect();
        for &(number, empty) in &open {
            let outcome = if empty {
                Outcome::failed("the search ended before it started")
            } else {
                Outcome::Pruned
            };
            self.end_open(number, outcome)?;
        }
        Ok(open.len())
    }

    /// Notes something about an unfinished trial.
    ///
    /// # Errors
    /// [`TellError`] if the trial is unknown or finished or the storage fails.
    pub fn set_attribute(
        &mut self,
        number: impl Into<TrialId>,
        key: &str,
        value: serde_json::Value,
    ) -> Result<(), TellError> {
        let number = number.into();
        let state = self.history.get(number).ok_or(HistoryError::Unknown { number })?.state;
        if state.is_finished() {
            return Err(HistoryError::Finished { number }.into());
        }
        self.change(number, |trial| {
            trial.attributes.insert(key.to_owned(), value);
        })
    }

    /// Records what the black-box constraints of a running trial are now (feasible where at most
    /// zero), to be called before [`Study::report`] so that the scheduler judges by them.
    ///
    /// # Errors
    /// [`TellError`] if the trial is not running or the storage fails.
    pub fn constrain(
        &mut self,
        number: impl Into<TrialId>,
        constraints: Vec<f64>,
    ) -> Result<(), TellError> {
        let number = number.into();
        self.running(number)?;
        self.change(number, |trial| trial.constraints = violated(constraints))
    }

    /// The next fidelity above `fidelity`, on the way to `target`, at which the scheduler wants a report.
    pub fn next_milestone(
        &self,
        fidelity: impl Into<Fidelity>,
        target: impl Into<Fidelity>,
    ) -> Fidelity {
        let (fidelity, target) = (fidelity.into(), target.into());
        match &self.scheduler {
            Some(scheduler) => {
                let next = fidelity + 1;
                scheduler.next_milestone(fidelity, target).clamp(next, target.max(next))
            }
            None => target,
        }
    }

    /// The paused trials that the scheduler will never resume: their checkpoints can be freed.
    pub fn unpromotable(&mut self) -> Vec<TrialId> {
        match &mut self.scheduler {
            Some(scheduler) => scheduler.unpromotable(&self.history),
            None => Vec::new(),
        }
    }

    /// What becomes of a trial by its last report.
    fn judge(&mut self, number: TrialId) -> Verdict {
        match &mut self.scheduler {
            Some(scheduler) => scheduler.verdict(&self.history, number),
            None => match self.history.get(number) {
                Some(trial) if is_through(trial, self.ladder.as_ref()) => Verdict::Complete,
                _ => Verdict::Continue,
            },
        }
    }

    fn is_full(&self) -> bool {
        let limit = self.trial_limit.unwrap_or(u64::MAX);
        self.waiting.is_empty() && self.history.len() as u64 >= limit
    }

    fn running(&self, number: TrialId) -> Result<&Trial, TellError> {
        let trial = self.history.get(number).ok_or(HistoryError::Unknown { number })?;
        match trial.state {
            State::Running => Ok(trial),
            state if state.is_finished() => Err(HistoryError::Finished { number }.into()),
            state => Err(TellError::NotRunning { number, state }),
        }
    }

    /// Hands out a waiting trial, or a new one that the sampler proposes; `None` where another
    /// process was faster, so that the proposal, which is for one number, is for another's.
    fn start(
        &mut self,
        target: Option<Fidelity>,
        bracket: Option<u64>,
    ) -> Result<Option<Assignment>, AskError> {
        let mark = |trial: &mut Trial| {
            trial.started.get_or_insert_with(now);
            let target = target.map(u64::from);
            for (key, value) in [(attribute::UNTIL, target), (attribute::BRACKET, bracket)] {
                // One that lost its worker may have been in a bracket before.
                if value.is_some() || trial.attributes.contains_key(key) {
                    trial.attributes.insert(key.to_owned(), value.into());
                }
            }
        };
        let mut overtaken = false;
        while let Some(&number) = self.waiting.first() {
            let is_ours = self.claim(number, State::Waiting, mark)?;
            self.waiting.remove(&number);
            if is_ours {
                return Ok(Some(self.assignment(number, target)));
            }
            overtaken = true;
        }
        if overtaken {
            // That there was something to start does not mean that a new trial may begin.
            self.catch_up()?;
            return Ok(None);
        }
        let number = self.history.next_id();
        let view = View {
            space: &self.space,
            history: &self.history,
            number,
            seed: self.seed,
            planned_trials: self.planned_trials,
            ladder: self.ladder.as_ref(),
            target,
        };
        let config = self.sampler.propose(&view, &mut stream(self.seed, number.0, "propose"))?;
        self.space.check(&config)?;
        let violation = self.space.violation(&config);
        if violation > 0.0 {
            return Err(AskError::Forbidden { number, violation });
        }
        let mut trial = Trial::waiting(number, config);
        trial.state = State::Running;
        mark(&mut trial);
        if let Some(storage) = &mut self.storage
            && !storage.create_next(&trial)?
        {
            self.catch_up()?;
            return Ok(None);
        }
        self.history.push(trial)?;
        self.lease.begin(number, self.storage.as_deref());
        Ok(Some(self.assignment(number, target)))
    }

    /// Goes on with a paused trial that the scheduler promotes; `None` where another process was
    /// faster, with this trial or with another, on which the promotion depends.
    fn resume(
        &mut self,
        number: TrialId,
        target: Fidelity,
    ) -> Result<Option<Assignment>, AskError> {
        match self.history.get(number).map(|trial| trial.state) {
            None => return Err(HistoryError::Unknown { number }.into()),
            Some(State::Paused) => {}
            Some(_) => return Err(HistoryError::Finished { number }.into()),
        }
        let promote = |storage: &mut dyn Storage, trial: &Trial| storage.resume(trial);
        if !self.claim_by(promote, number, |trial| set_target(trial, target))? {
            self.catch_up()?;
            return Ok(None);
        }
        self.interrupted.remove(&number);
        Ok(Some(self.assignment(number, Some(target))))
    }

    /// Makes a paused trial running again; false if another worker was faster.
    fn reopen(&mut self, number: TrialId, target: Fidelity) -> Result<bool, AskError> {
        self.claim(number, State::Paused, |trial| set_target(trial, target))
    }

    fn assignment(&self, number: TrialId, target: Option<Fidelity>) -> Assignment {
        let trial = &self.history.trials()[number.0 as usize];
        Assignment { number, config: trial.config.clone(), fidelity: trial.fidelity(), target }
    }

    /// Writes a new trial to the storage under whatever number is the next, then to the history.
    fn create(&mut self, mut trial: Trial) -> Result<TrialId, AskError> {
        if let Some(storage) = &mut self.storage {
            trial.number = storage.create(&trial)?;
            if trial.number > self.history.next_id() {
                // Other workers have added trials in between.
                self.catch_up()?;
            }
        }
        let number = trial.number;
        if number >= self.history.next_id() {
            self.history.push(trial)?;
        }
        self.index(number);
        Ok(number)
    }

    /// Makes a trial running; false if another worker was faster.
    fn claim(
        &mut self,
        number: TrialId,
        from: State,
        mark: impl FnOnce(&mut Trial),
    ) -> Result<bool, AskError> {
        let claim = move |storage: &mut dyn Storage, trial: &Trial| storage.transition(from, trial);
        self.claim_by(claim, number, mark)
    }

    fn claim_by(
        &mut self,
        claim: impl FnOnce(&mut dyn Storage, &Trial) -> Result<bool, StoreError>,
        number: TrialId,
        mark: impl FnOnce(&mut Trial),
    ) -> Result<bool, AskError> {
        let mut trial = self.history.get(number).ok_or(HistoryError::Unknown { number })?.clone();
        trial.state = State::Running;
        mark(&mut trial);
        if let Some(storage) = &mut self.storage {
            match claim(&mut **storage, &trial) {
                Ok(true) => {}
                Ok(false) | Err(StoreError::Finished { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        self.history.set_state(number, State::Running, |slot| *slot = trial)?;
        self.lease.begin(number, self.storage.as_deref());
        Ok(true)
    }

    /// Changes an unfinished trial in the storage, then in the history.
    fn change(
        &mut self,
        number: TrialId,
        update: impl FnOnce(&mut Trial),
    ) -> Result<(), TellError> {
        let mut trial = self.history.get(number).ok_or(HistoryError::Unknown { number })?.clone();
        let from = trial.state;
        update(&mut trial);
        let state = trial.state;
        if state.is_finished() {
            trial.finished = Some(now());
        }
        if let Some(storage) = &mut self.storage {
            match storage.transition(from, &trial) {
                Ok(true) => {}
                Ok(false) if from == State::Running => return Err(TellError::LeaseLost { number }),
                Ok(false) => return Err(TellError::NotRunning { number, state: from }),
                Err(error) => return Err(self.refused(error)),
            }
        }
        Ok(self.settle(trial)?)
    }

    /// Why a result was refused. A trial that another worker has taken is no longer this one's.
    fn refused(&mut self, error: StoreError) -> TellError {
        if let StoreError::Taken { number } = error {
            self.lease.end(number);
        }
        error.into()
    }

    /// Enters a trial into the queue that it belongs to, if it does.
    fn index(&mut self, number: TrialId) {
        self.waiting.remove(&number);
        self.interrupted.remove(&number);
        let Some(trial) = self.history.get(number) else { return };
        match trial.state {
            State::Waiting => {
                self.waiting.insert(number);
            }
            State::Paused
                if trial.target().is_some_and(|target| trial.fidelity() < target)
                    || is_through(trial, self.ladder.as_ref()) =>
            {
                self.interrupted.insert(number);
            }
            _ => {}
        }
    }
}

fn set_target(trial: &mut Trial, target: Fidelity) {
    trial.attributes.insert(attribute::UNTIL.to_owned(), target.0.into());
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
