//! One job of the study: the program is run, perhaps several times, and its result is recorded.

use crate::folder::{self, TrialFolder};
use crate::metrics::Observation;
use crate::plan::RunContext;
use crate::record::SECONDS;
use crate::run::{Run, RunEnd};
use crate::tuner::Tuner;
use crate::{TuneError, TuneEvent};
use automl_study::{Assignment, Outcome, TrialId, Verdict};
use serde_json::Value;
use std::fs::{self, File};
use std::time::{Duration, Instant};

/// The time between two looks at the lock of a trial.
const LOOK: Duration = Duration::from_millis(100);

impl Tuner<'_> {
    /// Runs the program for one trial as far as its job goes.
    pub(crate) fn job(
        &self,
        assignment: Assignment,
        slot: usize,
        has_failed: &dyn Fn() -> bool,
    ) -> Result<(), TuneError> {
        let number = assignment.number;
        let folder = self.folder.trial(number.0)?;
        let Some(_lock) = self.locked(&folder, has_failed)? else {
            return Ok(self.study().release(number)?);
        };
        let context = RunContext {
            number: number.0,
            config: &assignment.config,
            slot,
            target: assignment.target.map(|target| target.0),
            folder: &folder,
            has_parent: folder.parent_checkpoint().exists(),
        };
        let checkpoint = folder.checkpoint();
        fs::create_dir_all(&checkpoint).map_err(TuneError::file("create", &checkpoint))?;
        let config = Value::Object(self.plan.config_json(&assignment.config)).to_string();
        folder::write(&folder.config(), &config)?;
        let mut attempt = 0;
        loop {
            let start = Instant::now();
            let end = Run::new(self, &context, self.reached(number)).run(has_failed)?;
            match end {
                RunEnd::Crashed(reason) if attempt < self.plan.settings.retries => {
                    attempt += 1;
                    self.note(format!("trial {number} is run again ({attempt}): {reason}"));
                    continue;
                }
                RunEnd::Crashed(reason) | RunEnd::Failed(reason) => {
                    return self.fail(number, reason);
                }
                RunEnd::Result(observation) => {
                    self.add_seconds(number, start)?;
                    return self.record(number, context.target, observation);
                }
                RunEnd::Settled => return self.settled(number, None),
                RunEnd::Stopped => return Ok(self.study().release(number)?),
                RunEnd::Lost => return Ok(()),
            }
        }
    }

    /// The fidelity that a trial reported last, in this run of the program or in one before.
    fn reached(&self, number: TrialId) -> u64 {
        self.study().history().get(number).map_or(0, |trial| trial.fidelity().0)
    }

    /// Waits for the lock of a trial; `None` where the run is over first.
    fn locked(
        &self,
        folder: &TrialFolder,
        has_failed: &dyn Fn() -> bool,
    ) -> Result<Option<File>, TuneError> {
        loop {
            if let Some(lock) = folder.try_lock()? {
                return Ok(Some(lock));
            }
            if self.is_over() || has_failed() {
                return Ok(None);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Copies the checkpoints of the trial that a new one continues, in population-based training.
    /// To be called while the study is locked: then the parent goes no further than where it was
    /// chosen.
    pub(crate) fn copy_parent(&self, assignment: &Assignment) -> Result<(), TuneError> {
        let Some(parent) = assignment.warm_start else { return Ok(()) };
        if !self.plan.command.uses("parent_checkpoint") {
            return Ok(());
        }
        let number = assignment.number;
        let to = self.folder.trial(number.0)?;
        if let Err(error) = to.inherit(&self.folder.trial(parent.0)?) {
            let place = to.parent_checkpoint();
            let place = place.display();
            self.note(format!("trial {number} starts without trial {parent}: {place}: {error}"));
        }
        Ok(())
    }

    fn add_seconds(&self, number: TrialId, start: Instant) -> Result<(), TuneError> {
        let mut study = self.study();
        let trial = study.history().get(number);
        let before = trial.and_then(|trial| trial.attributes.get(SECONDS)?.as_f64());
        let seconds = before.unwrap_or(0.0) + start.elapsed().as_secs_f64();
        Ok(study.set_attribute(number, SECONDS, seconds.into())?)
    }

    /// Records the result of a run at the end of its job.
    fn record(
        &self,
        number: TrialId,
        target: Option<u64>,
        observation: Observation,
    ) -> Result<(), TuneError> {
        let Observation { fidelity, values, constraints } = observation;
        if let Some(name) = self.plan.metrics.not_a_number(&values) {
            return self.fail(number, format!("{name} is NaN"));
        }
        let Some(constraints) = constraints else {
            let names = self.plan.settings.limits.iter().map(|limit| limit.name.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            return self.fail(number, format!("the result lacks a constraint's value: {names}"));
        };
        let outcome =
            Outcome::Complete { values: values.clone(), constraints: constraints.clone() };
        let mut study = self.study();
        let Some(target) = target.filter(|_| study.ladder().is_some()) else {
            study.tell(number, outcome)?;
            drop(study);
            return self.settled(number, None);
        };
        if !constraints.is_empty() {
            study.constrain(number, constraints)?;
        }
        match study.report(number, fidelity.unwrap_or(target), values)? {
            Verdict::Pause | Verdict::Stop => {}
            // A job that reached its end without a verdict has nothing left to train.
            Verdict::Complete | Verdict::Continue => study.tell(number, outcome)?,
        }
        drop(study);
        self.settled(number, None)
    }

    pub(crate) fn tell_run(&self, context: &RunContext<'_>, line: String) {
        self.tell(&TuneEvent::Run {
            trial: context.number,
            slot: context.slot,
            target: context.target,
            line,
        });
    }
}
