//! A study with the trials that were asked and not yet told.

#[cfg(test)]
mod tests;

use super::request::{Tell, Told};
use automl_space::{Choice, Config, Space};
use automl_study::{Assignment, HistoryError, Next, Outcome, State, Study, TellError, Verdict};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// A study with the trials that were asked and not yet told.
#[derive(Debug)]
pub(super) struct OpenStudy {
    study: Study,
    constraints: usize,
    has_fidelity: bool,
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

    /// Hands out a trial: the next one, or a running one that goes on.
    pub(super) fn ask(&mut self) -> Result<Value, String> {
        if !self.has_fidelity {
            let Assignment { number, config, .. } = self.study.ask().map_err(|e| e.to_string())?;
            self.asked.insert(number.0, (0, 0));
            return Ok(json!({ "id": number, "params": params(self.study.space(), &config) }));
        }
        let mut parent = None;
        let (number, from, until) = match self.continuing.pop_front() {
            Some(going_on) => going_on,
            None => match self.study.next_job().map_err(|e| e.to_string())? {
                Next::Run(Assignment { number, fidelity, target, warm_start, .. }) => {
                    parent = warm_start;
                    (number.0, fidelity.0, target.unwrap_or(fidelity + 1).0)
                }
                Next::Wait => {
                    return Err("nothing can start before an open trial is told".into());
                }
                Next::Finished => return Err("the scheduler has nothing left to do".into()),
            },
        };
        let fidelity = self.study.next_milestone(from, until).0;
        self.asked.insert(number, (fidelity, until));
        let config = &self.study.history().trials()[number as usize].config;
        let params = params(self.study.space(), config);
        let mut reply = json!({ "id": number, "params": params, "fidelity": fidelity });
        if let Some(parent) = parent {
            reply["parent"] = json!(parent);
        }
        Ok(reply)
    }

    /// Records the result of an open trial.
    pub(super) fn tell(&mut self, tell: Tell) -> Result<Value, String> {
        let number = tell.id;
        let (asked, until) = match self.asked.get(&number) {
            Some(asked) => *asked,
            None => self.take_up(number)?,
        };
        self.check(&tell, asked)?;
        match tell.result {
            Told::Failed(reason) => self.finish(number, Outcome::Failed { reason })?,
            Told::Pruned => self.finish(number, Outcome::Pruned)?,
            Told::Values(values) if self.has_fidelity && !values.iter().any(|v| v.is_nan()) => {
                let step = tell.fidelity.unwrap_or(asked);
                if self.constraints > 0 {
                    let constraints = tell.constraints.clone();
                    self.study.constrain(number, constraints).map_err(|e| e.to_string())?;
                }
                let report = self.study.report(number, step, values.clone());
                match report.map_err(|e| e.to_string())? {
                    Verdict::Complete => {
                        let constraints = tell.constraints;
                        self.finish(number, Outcome::Complete { values, constraints })?;
                    }
                    Verdict::Continue if step < until => {
                        self.continuing.push_back((number, step, until));
                    }
                    // A job that reached its end without a verdict has nothing left to train.
                    Verdict::Continue => {
                        let constraints = tell.constraints;
                        self.finish(number, Outcome::Complete { values, constraints })?;
                    }
                    Verdict::Pause | Verdict::Stop => {}
                }
            }
            Told::Values(values) => {
                let constraints = tell.constraints;
                self.finish(number, Outcome::Complete { values, constraints })?;
            }
        }
        self.asked.remove(&number);
        self.told = true;
        Ok(json!({ "ok": true }))
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
        if let Told::Values(values) = &tell.result {
            let expected = self.study.history().directions().len();
            if values.len() != expected {
                return Err(format!("{} values for {expected} objectives", values.len()));
            }
            if tell.constraints.len() != self.constraints {
                let (found, expected) = (tell.constraints.len(), self.constraints);
                return Err(format!("{found} constraint values where init announced {expected}"));
            }
        }
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

    /// The fidelity that a trial was last told at.
    fn reached(&self, number: u64) -> u64 {
        self.study.history().get(number).map_or(0, |trial| trial.fidelity().0)
    }

    fn finish(&mut self, number: u64, outcome: Outcome) -> Result<(), String> {
        self.study.tell(number, outcome).map_err(|e| e.to_string())
    }
}

/// The active parameters as JSON.
fn params(space: &Space, config: &Config) -> Map<String, Value> {
    let json = |choice| match choice {
        Choice::Null => Value::Null,
        Choice::Bool(x) => x.into(),
        Choice::Int(x) => x.into(),
        Choice::Float(x) => x.into(),
        Choice::Str(x) => x.into(),
    };
    space.describe(config).map(|(name, choice)| (name.to_owned(), json(choice))).collect()
}
