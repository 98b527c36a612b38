//! A study with the trials that were asked and not yet told.

mod given;
mod params;
mod queries;
#[cfg(test)]
mod tests;

use super::request::{Tell, Told};
use automl_study::{Assignment, HistoryError, Next, Outcome, State, Study, TellError, Verdict};
use params::written;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// A study with the trials that were asked and not yet told.
#[derive(Debug)]
pub(super) struct OpenStudy {
    study: Study,
    constraints: usize,
    has_fidelity: bool,
    /// Whether replies to `tell` say what becomes of the trial.
    says_verdicts: bool,
    /// Whether a result came in since the sampler last worked ahead.
    told: bool,
    /// The fidelity that each open trial was asked for, and the one its job goes to.
    asked: BTreeMap<u64, (u64, u64)>,
    /// Running trials that go on: number, fidelity so far, fidelity of the job.
    continuing: VecDeque<(u64, u64, u64)>,
}

impl OpenStudy {
    pub(super) fn new(study: Study, constraints: usize, has_fidelity: bool) -> Self {
        Self {
            study,
            constraints,
            has_fidelity,
            says_verdicts: false,
            told: false,
            asked: BTreeMap::new(),
            continuing: VecDeque::new(),
        }
    }

    /// Prepares the next proposal if a result came in.
    pub(super) fn work_ahead(&mut self) {
        if std::mem::take(&mut self.told) {
            self.study.prepare();
        }
    }

    /// Makes each reply to `tell` say what becomes of the trial.
    pub(super) fn say_verdicts(&mut self) {
        self.says_verdicts = true;
    }

    /// Hands out a trial: the next one, or a running one that goes on. With a number, that one: it
    /// goes on, or was asked before.
    pub(super) fn ask(&mut self, named: Option<u64>) -> Result<Value, String> {
        if let Some(number) = named {
            if let Some((fidelity, _)) = self.asked.get(&number) {
                return Ok(self.handed_out(number, *fidelity));
            }
            let place = self.continuing.iter().position(|(other, ..)| *other == number);
            let going_on = place.and_then(|place| self.continuing.remove(place));
            let going_on = going_on.ok_or_else(|| {
                format!("trial {number} does not go on: it was not told to continue")
            })?;
            return Ok(self.hand_out(going_on));
        }
        if !self.has_fidelity {
            let Assignment { number, .. } = self.study.ask().map_err(|e| e.to_string())?;
            self.asked.insert(number.0, (0, 0));
            return Ok(self.handed_out(number.0, 0));
        }
        let job = match self.continuing.pop_front() {
            Some(going_on) => going_on,
            None => match self.study.next_job().map_err(|e| e.to_string())? {
                Next::Run(Assignment { number, fidelity, target, .. }) => {
                    (number.0, fidelity.0, target.unwrap_or(fidelity + 1).0)
                }
                Next::Wait => {
                    return Err("nothing can start before an open trial is told".into());
                }
                Next::Finished => return Err("the scheduler has nothing left to do".into()),
            },
        };
        Ok(self.hand_out(job))
    }

    /// Opens a job: number, fidelity so far, fidelity of the job.
    fn hand_out(&mut self, (number, from, until): (u64, u64, u64)) -> Value {
        let fidelity = self.study.next_milestone(from, until).0;
        self.asked.insert(number, (fidelity, until));
        self.handed_out(number, fidelity)
    }

    /// The reply to `ask` for an open trial.
    fn handed_out(&self, number: u64, fidelity: u64) -> Value {
        let trial = &self.study.history().trials()[number as usize];
        let params = written(self.study.space(), &trial.config);
        let mut reply = json!({ "id": number, "params": params });
        if self.has_fidelity {
            reply["fidelity"] = json!(fidelity);
        }
        let parent = trial.run().and_then(|run| run.warm_start);
        if let Some(parent) = parent.filter(|_| trial.reports.is_empty()) {
            reply["parent"] = json!(parent);
        }
        reply
    }

    /// Records the result of an open trial.
    pub(super) fn tell(&mut self, tell: Tell) -> Result<Value, String> {
        let number = tell.id;
        let (asked, until) = match self.asked.get(&number) {
            Some(asked) => *asked,
            None => self.take_up(number)?,
        };
        self.check(&tell, asked)?;
        let next = match tell.result {
            Told::Failed(reason) => self.finish(number, Outcome::Failed { reason }, "stop")?,
            Told::Pruned => self.finish(number, Outcome::Pruned, "stop")?,
            Told::Values(values) if self.has_fidelity && !values.iter().any(|v| v.is_nan()) => {
                let step = tell.fidelity.unwrap_or(asked);
                self.advance(number, (step, until), values, tell.constraints)?
            }
            Told::Values(values) => {
                // A NaN is a failure.
                let next = if values.iter().any(|v| v.is_nan()) { "stop" } else { "complete" };
                let constraints = tell.constraints;
                self.finish(number, Outcome::Complete { values, constraints }, next)?
            }
        };
        self.asked.remove(&number);
        self.told = true;
        let mut reply = json!({ "ok": true });
        if self.says_verdicts {
            reply["next"] = json!(next);
            if let Some((_, from, until)) = self.continuing.back()
                && next == "continue"
            {
                reply["fidelity"] = json!(self.study.next_milestone(*from, *until));
            }
        }
        Ok(reply)
    }

    /// Records what a trial reached on the way to `until`, and says what becomes of it.
    fn advance(
        &mut self,
        number: u64,
        (step, until): (u64, u64),
        values: Vec<f64>,
        constraints: Vec<f64>,
    ) -> Result<&'static str, String> {
        if self.constraints > 0 {
            self.study.constrain(number, constraints.clone()).map_err(|e| e.to_string())?;
        }
        let verdict = self.study.report(number, step, values.clone());
        match verdict.map_err(|e| e.to_string())? {
            Verdict::Pause => Ok("pause"),
            Verdict::Stop => Ok("stop"),
            Verdict::Continue if step < until => {
                self.continuing.push_back((number, step, until));
                Ok("continue")
            }
            // A job that reached its end without a verdict has nothing left to train.
            Verdict::Continue | Verdict::Complete => {
                self.finish(number, Outcome::Complete { values, constraints }, "complete")
            }
        }
    }

    /// Takes up an open trial of a process before this one, by the number that its client knows.
    fn take_up(&mut self, number: u64) -> Result<(u64, u64), String> {
        let job = self.study.take_up(number).map_err(|error| match error {
            TellError::History(HistoryError::Finished { .. })
            | TellError::NotRunning { state: State::Paused, .. } => {
                format!("trial {number} has already been told")
            }
            TellError::LeaseLost { .. } => {
                format!("trial {number} is at work in another process, or was until just now")
            }
            TellError::History(_) | TellError::NotRunning { .. } => {
                format!("there is no open trial {number}")
            }
            error => error.to_string(),
        })?;
        let asked = match (self.has_fidelity, self.study.ladder()) {
            (true, Some(ladder)) => {
                let until = job.target.unwrap_or(ladder.max());
                (self.study.next_milestone(job.fidelity, until).0, until.0)
            }
            _ => (0, 0),
        };
        self.asked.insert(number, asked);
        Ok(asked)
    }

    /// Refuses a result that does not fit, before anything is recorded. The fidelity that was asked
    /// for may have been recorded by an earlier attempt that failed half-way.
    fn check(&self, tell: &Tell, asked: u64) -> Result<(), String> {
        self.check_counts(&tell.result, &tell.constraints)?;
        match (tell.fidelity, self.study.ladder()) {
            (Some(fidelity), Some(ladder)) if fidelity == 0 || fidelity > ladder.max().0 => {
                Err(format!("the fidelity {fidelity} lies outside 1 to {}", ladder.max()))
            }
            (Some(_), None) => Err("the study has no fidelity".into()),
            (Some(fidelity), _) if fidelity != asked && fidelity <= self.reached(tell.id) => {
                let (id, reached) = (tell.id, self.reached(tell.id));
                Err(format!(
                    "trial {id} was told at fidelity {reached} already: the next one must lie above \
                     it, not at {fidelity}"
                ))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a wrong number of values or constraints.
    fn check_counts(&self, result: &Told, constraints: &[f64]) -> Result<(), String> {
        let Told::Values(values) = result else { return Ok(()) };
        let expected = self.study.history().directions().len();
        if values.len() != expected {
            return Err(format!("{} values for {expected} objectives", values.len()));
        }
        if constraints.len() != self.constraints {
            let (found, expected) = (constraints.len(), self.constraints);
            return Err(format!("{found} constraint values where init announced {expected}"));
        }
        Ok(())
    }

    /// The fidelity that a trial was last told at.
    fn reached(&self, number: u64) -> u64 {
        self.study.history().get(number).map_or(0, |trial| trial.fidelity().0)
    }

    fn finish(
        &mut self,
        number: u64,
        outcome: Outcome,
        next: &'static str,
    ) -> Result<&'static str, String> {
        self.study.tell(number, outcome).map(|()| next).map_err(|e| e.to_string())
    }
}
