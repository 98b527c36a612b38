//! Ask: which trial a free worker trains next.

use super::{AskError, Assignment, Next, Study, now};
use crate::{Fidelity, Job, Ladder, Run, State, Trial, View};
use automl_numeric::stream;
use automl_space::Config;
use tracing::{debug, warn};

impl Study {
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
        let run = self.ladder.as_ref().map(|ladder| Run::to(ladder.max()));
        self.in_turns(|study| study.start(run))
    }

    /// What a free worker should do next, as the scheduler decides; a trial that lost its worker
    /// goes on first, unless the scheduler's verdict on its last report is another. Without a
    /// scheduler this is [`Study::ask`].
    ///
    /// # Errors
    /// [`AskError`] if the sampler has no proposal, the scheduler names a trial that is not paused,
    /// or the storage fails.
    pub fn next_job(&mut self) -> Result<Next, AskError> {
        self.in_turns(Self::decide)
    }

    /// Repeats a decision until no other process was faster. A turn to propose ends with it.
    fn in_turns<T>(
        &mut self,
        mut decide: impl FnMut(&mut Self) -> Result<Option<T>, AskError>,
    ) -> Result<T, AskError> {
        let mut repeat = || -> Result<T, AskError> {
            loop {
                self.ask_for_turn()?;
                self.refresh()?;
                if let Some(decision) = decide(self)? {
                    return Ok(decision);
                }
            }
        };
        let decided = repeat();
        self.end_turn();
        decided
    }

    /// Asks for this worker's turn to propose, where others were faster before.
    fn ask_for_turn(&mut self) -> Result<(), AskError> {
        if self.contended
            && !self.turn
            && let Some(shared) = self.shared_storage()
        {
            self.turn = shared.begin_turn()?;
        }
        Ok(())
    }

    fn end_turn(&mut self) {
        if std::mem::take(&mut self.turn)
            && let Some(shared) = self.shared_storage()
            && let Err(error) = shared.end_turn()
        {
            warn!(%error, "a turn to propose ends with its connection");
        }
    }

    /// What to do by the history as it is; `None` where another process was faster.
    fn decide(&mut self) -> Result<Option<Next>, AskError> {
        if let Some(assignment) = self.next_interrupted()? {
            return Ok(Some(Next::Run(assignment)));
        }
        let job = match &mut self.scheduler {
            Some(scheduler) => scheduler.next_job(&self.history),
            None => Job::Start(Run::to(self.ladder.as_ref().map_or(Fidelity::ZERO, Ladder::max))),
        };
        match job {
            Job::Resume { trial, target } => Ok(self.resume(trial, target)?.map(Next::Run)),
            Job::Start(_) if self.is_full() => {
                let running = self.history.count(State::Running) > 0;
                Ok(Some(if running { Next::Wait } else { Next::Finished }))
            }
            Job::Start(run) => {
                let run = self.ladder.as_ref().map(|_| run);
                Ok(self.start(run)?.map(Next::Run))
            }
            Job::Wait => Ok(Some(Next::Wait)),
            Job::Finished => Ok(Some(Next::Finished)),
        }
    }

    fn is_full(&self) -> bool {
        let limit = self.trial_limit.unwrap_or(u64::MAX);
        self.waiting.is_empty() && self.history.len() as u64 >= limit
    }

    /// Hands out a waiting trial, or a new one that the sampler proposes; `None` where another
    /// process was faster, so that the proposal, which is for one number, is for another's.
    fn start(&mut self, run: Option<Run>) -> Result<Option<Assignment>, AskError> {
        let mark = |trial: &mut Trial| {
            trial.started.get_or_insert_with(now);
            Run::record(run, trial);
        };
        let mut overtaken = false;
        while let Some(&number) = self.waiting.first() {
            let is_ours = self.claim(number, State::Waiting, mark)?;
            self.waiting.remove(&number);
            if is_ours {
                return Ok(Some(self.assignment(number)));
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
            target: run.map(|run| run.target),
        };
        let rng = &mut stream(self.seed, number.0, "propose");
        // A child of a population continues its parent: its configuration is the sampler's.
        let is_child = run.is_some_and(|run| run.warm_start.is_some());
        let is_open = |config: &&Config| !self.history.seen(config) && self.space.allows(config);
        let config = match self.first.iter().find(is_open).filter(|_| !is_child) {
            Some(first) => first.clone(),
            None => self.sampler.propose(&view, rng)?,
        };
        self.space.check(&config)?;
        let violation = self.space.violation(&config);
        if violation > 0.0 {
            return Err(AskError::Forbidden { number, violation });
        }
        let mut trial = Trial::waiting(number, config);
        trial.state = State::Running;
        mark(&mut trial);
        if let Some(storage) = &mut self.storage {
            let is_next = match storage.shared() {
                Some(shared) => shared.create_next(&trial)?,
                None => {
                    trial.number = storage.create(&trial)?;
                    true
                }
            };
            if !is_next {
                debug!(trial = number.0, "another worker took the number of a proposal");
                self.contended = true;
                self.end_turn();
                self.catch_up()?;
                return Ok(None);
            }
        }
        self.end_turn();
        self.history.push(trial)?;
        self.begin_lease(number);
        Ok(Some(self.assignment(number)))
    }
}
