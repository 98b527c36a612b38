//! One run of the program: it is listened to, answered, and ended.

use crate::TuneError;
use crate::metrics::Observation;
use crate::plan::RunContext;
use crate::program::{Answer, Ended, Log, Program, Said, Start};
use crate::tuner::Tuner;
use automl_study::{Outcome, TrialId, Verdict};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// The longest time without a look at limits and at the end of the program.
const LOOK: Duration = Duration::from_millis(25);

/// The time in which a program that reads its answers ends by itself, before SIGTERM.
const ANSWER: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RunEnd {
    /// The program has a result for the end of its job, to be recorded.
    Result(Observation),
    /// The study has recorded the end of the job already.
    Settled,
    /// The program failed in a way that may not happen again.
    Crashed(String),
    /// The program failed.
    Failed(String),
    /// The program was ended because the whole run is over.
    Stopped,
    /// The trial is another worker's now.
    Lost,
}

/// The reason for which a program is being ended.
#[derive(Clone, Debug, PartialEq)]
enum Ending {
    /// The study has its last report: the scheduler stops or pauses the trial, or it is complete.
    Settled,
    /// The whole run is over.
    Stop,
    /// The result cannot be used, or takes too long.
    Failed(String),
    /// The trial is another worker's now.
    Lost,
}

/// One run.
pub(crate) struct Run<'t, 'c> {
    tuner: &'t Tuner<'t>,
    context: &'c RunContext<'c>,
    /// The fidelity that was reported last.
    reached: u64,
    /// The result for the end of the job, which is recorded once the program has ended: then its
    /// checkpoint is complete.
    held: Option<Observation>,
    /// The last result that does not fit.
    bad: Option<String>,
    ending: Option<Ending>,
    terminate_at: Option<Instant>,
    kill_at: Option<Instant>,
    was_killed: bool,
}

impl<'t, 'c> Run<'t, 'c> {
    pub(crate) fn new(tuner: &'t Tuner<'t>, context: &'c RunContext<'c>, reached: u64) -> Self {
        Self {
            tuner,
            context,
            reached,
            held: None,
            bad: None,
            ending: None,
            terminate_at: None,
            kill_at: None,
            was_killed: false,
        }
    }

    fn number(&self) -> TrialId {
        TrialId(self.context.number)
    }

    /// Runs the program to its end.
    pub(crate) fn run(mut self, has_failed: &dyn Fn() -> bool) -> Result<RunEnd, TuneError> {
        let (plan, context) = (self.tuner.plan, self.context);
        let values = plan.values(context);
        let command = plan.render(&values, context.config);
        let result = plan.result_file(&values).map(PathBuf::from);
        let stamp = result.as_deref().and_then(stamp);
        let path = context.folder.log();
        let log = Log::open(&path, &command.line()).map_err(TuneError::file("write", &path))?;
        self.tuner.tell_run(context, command.line());
        let start = Start {
            command: &command,
            environment: &plan.environment(context, &values),
            metrics: &plan.metrics,
            log,
            is_answered: plan.ladder.is_some(),
            guard: self.tuner.guard.clone(),
            mark: self.tuner.mark.next(),
        };
        let mut program = match Program::start(start) {
            Ok(program) => program,
            Err(error) => {
                let program = command.words.first().map_or("", String::as_str);
                return Ok(RunEnd::Crashed(format!("cannot start {program:?}: {error}")));
            }
        };
        let limit = plan.settings.trial_timeout.map(|time| Instant::now() + time);
        loop {
            if let Some(said) = program.listen(LOOK) {
                if let Some(answer) = self.hear(said)? {
                    program.answer(answer);
                }
            } else if program.has_ended().map_err(TuneError::file("watch", &path))? {
                break;
            }
            self.look(&mut program, limit, has_failed);
        }
        let mut rest = Vec::new();
        let ended = program.close(|said| rest.push(said));
        let ended = ended.map_err(TuneError::file("watch", &path))?;
        for said in rest {
            self.hear(said)?;
        }
        self.explain(&ended);
        if let (Some(path), None, true) = (&result, &self.ending, ended.status.success()) {
            self.read_result(path, stamp);
        }
        Ok(self.end(&ended))
    }

    /// Takes a message in; the answer to the program, if any.
    fn hear(&mut self, said: Said) -> Result<Option<Answer>, TuneError> {
        match said {
            _ if self.ending.is_some() => Ok(None),
            Said::Closed => Ok(None),
            Said::Bad(reason) => {
                self.bad = Some(reason);
                Ok(None)
            }
            Said::Observation(observation) => {
                self.bad = None;
                match observation.fidelity.filter(|_| self.tuner.plan.ladder.is_some()) {
                    Some(fidelity) => self.report(fidelity, observation),
                    None => {
                        self.held = Some(observation);
                        Ok(None)
                    }
                }
            }
        }
    }

    /// Takes a report in: one for the end of the job is held, others are judged at once.
    fn report(
        &mut self,
        fidelity: u64,
        observation: Observation,
    ) -> Result<Option<Answer>, TuneError> {
        let plan = self.tuner.plan;
        let (name, max) =
            plan.ladder.as_ref().map_or(("", 0), |ladder| (ladder.name(), ladder.max().0));
        if fidelity > max {
            let reason = format!("a report at {name} {fidelity}, above the highest, {max}");
            self.end_with(Ending::Failed(reason), Duration::ZERO);
            return Ok(Some(Answer::Stop));
        }
        if let Some(objective) = plan.metrics.not_a_number(&observation.values) {
            let reason = format!("{objective} is NaN at {name} {fidelity}");
            self.end_with(Ending::Failed(reason), Duration::ZERO);
            return Ok(Some(Answer::Stop));
        }
        let target = self.context.target.unwrap_or(max);
        if fidelity >= target && plan.is_told_target() {
            // The program ends here by itself; every job ends in a pause or for good.
            self.held = Some(observation);
            return Ok(Some(Answer::Pause));
        }
        if fidelity <= self.reached {
            // Training from scratch passes by what is known.
            return Ok(Some(Answer::Continue));
        }
        self.reached = fidelity;
        self.judge(fidelity, target, observation).map(Some)
    }

    fn judge(
        &mut self,
        fidelity: u64,
        target: u64,
        observation: Observation,
    ) -> Result<Answer, TuneError> {
        let number = self.number();
        let Observation { values, constraints, .. } = observation;
        let mut study = self.tuner.study();
        let constraints = constraints.unwrap_or_default();
        let constrained = if constraints.is_empty() {
            Ok(())
        } else {
            study.constrain(number, constraints.clone())
        };
        let verdict = constrained.and_then(|()| study.report(number, fidelity, values.clone()));
        let verdict = match verdict {
            Err(error) if error.is_lease_lost() => {
                drop(study);
                self.tuner.note(format!("trial {number} goes on elsewhere: {error}"));
                self.end_with(Ending::Lost, Duration::ZERO);
                return Ok(Answer::Stop);
            }
            verdict => verdict?,
        };
        let answer = match verdict {
            Verdict::Continue if fidelity < target => return Ok(Answer::Continue),
            Verdict::Pause => Answer::Pause,
            Verdict::Stop => Answer::Stop,
            Verdict::Continue | Verdict::Complete => {
                study.tell(number, Outcome::Complete { values, constraints })?;
                drop(study);
                // The program is through, which it may not know: it has time to save its model.
                self.end_with(Ending::Settled, self.tuner.plan.settings.grace);
                return Ok(Answer::Pause);
            }
        };
        drop(study);
        self.end_with(Ending::Settled, ANSWER.min(self.tuner.plan.settings.grace));
        Ok(answer)
    }

    fn end_with(&mut self, ending: Ending, until_signal: Duration) {
        let signal = Instant::now() + until_signal;
        self.ending = Some(ending);
        self.terminate_at = Some(signal);
        self.kill_at = Some(signal + self.tuner.plan.settings.grace);
    }

    /// Looks at limits, and sends the signals that are due.
    fn look(
        &mut self,
        program: &mut Program,
        limit: Option<Instant>,
        has_failed: &dyn Fn() -> bool,
    ) {
        let now = Instant::now();
        if self.kill_at.is_none() {
            if self.tuner.is_over() || has_failed() {
                let ending = self.ending.take().unwrap_or(Ending::Stop);
                self.end_with(ending, Duration::ZERO);
            } else if self.ending.is_none() && self.tuner.is_doubtful(self.number()) {
                let number = self.number();
                let reason = "its heartbeats do not reach the record";
                self.tuner.note(format!("the run of trial {number} is ended: {reason}"));
                self.end_with(Ending::Stop, Duration::ZERO);
            } else if limit.is_some_and(|limit| now >= limit) {
                let time = self.tuner.plan.settings.trial_timeout.unwrap_or_default();
                let reason = format!("not ended after {} s", time.as_secs_f64());
                let ending = self.ending.take().unwrap_or(Ending::Failed(reason));
                self.end_with(ending, Duration::ZERO);
            }
        }
        if self.terminate_at.is_some_and(|at| now >= at) {
            self.terminate_at = None;
            program.terminate();
        }
        if self.kill_at.is_some_and(|at| now >= at) && !self.was_killed {
            self.was_killed = true;
            program.kill();
        }
    }

    /// Names what was unusual about the end.
    fn explain(&self, ended: &Ended) {
        let number = self.number();
        if self.was_killed {
            let grace = self.tuner.plan.settings.grace.as_secs_f64();
            let note = format!("trial {number}: killed, {grace} s after a SIGTERM without effect");
            self.tuner.note(note);
        }
        if ended.left_behind {
            let note =
                format!("trial {number}: the program left processes behind, which were ended");
            self.tuner.note(note);
        }
        if ended.omitted > 0 {
            let note = format!("trial {number}: {} bytes of output are not logged", ended.omitted);
            self.tuner.note(note);
        }
    }

    fn read_result(&mut self, path: &Path, before: Option<(SystemTime, u64)>) {
        if before.is_some() && stamp(path) == before {
            self.bad = Some(format!("{} was not written by this run", path.display()));
            return;
        }
        match self.tuner.plan.metrics.read_file(path) {
            Ok(observation) => self.held = Some(observation),
            Err(reason) => self.bad = Some(reason),
        }
    }

    fn end(self, ended: &Ended) -> RunEnd {
        match self.ending {
            Some(Ending::Settled) => return RunEnd::Settled,
            Some(Ending::Stop) => return RunEnd::Stopped,
            Some(Ending::Lost) => return RunEnd::Lost,
            Some(Ending::Failed(reason)) => return RunEnd::Failed(reason),
            None => {}
        }
        if !ended.status.success() {
            let said = if ended.last_error.is_empty() { "" } else { ": " };
            return RunEnd::Crashed(format!("{}{said}{}", ended.status, ended.last_error));
        }
        if let Some(reason) = self.bad {
            return RunEnd::Failed(reason);
        }
        let target = self.context.target.unwrap_or_default();
        match self.held {
            Some(observation) if observation.fidelity.is_none_or(|at| at >= target) => {
                RunEnd::Result(observation)
            }
            _ if self.reached > 0 => {
                let name = self.tuner.plan.ladder.as_ref().map_or("", |ladder| ladder.name());
                let reached = self.reached;
                let hint = format!("a last result without {name:?} counts for {target}");
                RunEnd::Failed(format!("ended at {name} {reached}, before {target}; {hint}"))
            }
            _ => RunEnd::Failed(self.tuner.plan.metrics.missing()),
        }
    }
}

/// What changes when a file is written.
fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = path.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
