//! The state of one connection: no study yet, or one with its open trials.

use super::request::{Init, Request, Tell, Told, parse};
use automl_space::{Choice, Config, Space};
use automl_study::part::StudyContext;
use automl_study::{Assignment, Next, Outcome, State, Study, Verdict};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Answers requests one by one.
#[derive(Debug, Default)]
pub(super) struct Session {
    open: Option<Open>,
}

/// A study with the trials that were asked and not yet told.
#[derive(Debug)]
struct Open {
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

impl Session {
    /// The reply to one line; `None` ends the session.
    pub(super) fn answer(&mut self, line: &str) -> Option<Value> {
        let reply = match parse(line) {
            Ok(Request::Quit) => return None,
            Ok(Request::Init(init)) => self.init(*init),
            Ok(Request::Ask) => self.study().and_then(Open::ask),
            Ok(Request::Tell(tell)) => self.study().and_then(|open| open.tell(tell)),
            Err(error) => Err(error),
        };
        Some(reply.unwrap_or_else(|error| json!({ "error": error })))
    }

    /// Prepares the next proposal once a result has been confirmed, while the client reads on.
    pub(super) fn work_ahead(&mut self) {
        if let Some(open) = &mut self.open
            && std::mem::take(&mut open.told)
        {
            open.study.prepare();
        }
    }

    fn study(&mut self) -> Result<&mut Open, String> {
        self.open.as_mut().ok_or_else(|| "there is no study yet: send init first".into())
    }

    fn init(&mut self, init: Init) -> Result<Value, String> {
        if self.open.is_some() {
            return Err("the study has already begun: one process serves one study".into());
        }
        let has_fidelity = init.fidelity.is_some();
        let (ladder, total_cost) = match init.fidelity {
            Some(fidelity) => (Some(fidelity.ladder), fidelity.total_cost),
            None => (None, None),
        };
        let setting = StudyContext {
            space: &init.space,
            objectives: init.directions.len(),
            constraints: init.constraints,
            planned_trials: init.budget,
            ladder: ladder.as_ref(),
            total_cost,
            trial_limit: None,
        };
        let (sampler, scheduler) = automl_registry::pair(&init.sampler, &init.scheduler, &setting)
            .map_err(|e| e.to_string())?;
        let mut builder =
            Study::builder(init.space.clone()).directions(init.directions).sampler(sampler);
        if let Some(seed) = init.seed {
            builder = builder.seed(seed);
        }
        if let Some(budget) = init.budget {
            builder = builder.planned_trials(budget);
        }
        if let Some(ladder) = ladder {
            builder = match scheduler {
                Some(scheduler) => builder.scheduler(ladder, scheduler),
                None => builder.ladder(ladder),
            };
        }
        if let Some(url) = &init.storage {
            let storage = automl_storage::open(url, &init.study).map_err(|e| e.to_string())?;
            builder = builder.storage(storage);
        }
        if !init.shared {
            builder = builder.alone();
        }
        let mut study = builder.build().map_err(|e| e.to_string())?;
        study.recover().map_err(|e| e.to_string())?;
        self.open = Some(Open {
            study,
            constraints: init.constraints,
            has_fidelity,
            told: false,
            asked: BTreeMap::new(),
            continuing: VecDeque::new(),
        });
        Ok(json!({ "ok": true }))
    }
}

impl Open {
    fn ask(&mut self) -> Result<Value, String> {
        if !self.has_fidelity {
            let Assignment { number, config, .. } = self.study.ask().map_err(|e| e.to_string())?;
            self.asked.insert(number.0, (0, 0));
            return Ok(json!({ "id": number, "params": params(self.study.space(), &config) }));
        }
        let (number, from, until) = match self.continuing.pop_front() {
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
        let fidelity = self.study.next_milestone(from, until).0;
        self.asked.insert(number, (fidelity, until));
        let config = &self.study.history().trials()[number as usize].config;
        let params = params(self.study.space(), config);
        Ok(json!({ "id": number, "params": params, "fidelity": fidelity }))
    }

    fn tell(&mut self, tell: Tell) -> Result<Value, String> {
        let number = tell.id;
        let Some(&(asked, until)) = self.asked.get(&number) else {
            let finished = self.study.history().get(number).map(|trial| trial.state);
            return Err(match finished {
                Some(State::Running) | None => format!("there is no open trial {number}"),
                Some(_) => format!("trial {number} has already been told"),
            });
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

#[cfg(test)]
mod tests {
    use super::*;
    use automl_storage::MemoryStorage;
    use automl_study::{Direction, Ladder, Report, Storage, StoreError, Trial, TrialId};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// A storage that refuses to change states while the flag is set.
    #[derive(Debug, Default)]
    struct Flaky {
        inner: MemoryStorage,
        fails: Arc<AtomicBool>,
    }

    impl Storage for Flaky {
        fn attach(&mut self, space: &Space, to: &[Direction]) -> Result<Vec<Trial>, StoreError> {
            self.inner.attach(space, to)
        }
        fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
            self.inner.trials_from(number)
        }
        fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
            self.inner.create(trial)
        }
        fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
            self.inner.create_next(trial)
        }
        fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
            self.inner.report(number, report)
        }
        fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
            if self.fails.swap(false, Ordering::SeqCst) {
                return Err(StoreError::Unknown { number: trial.number });
            }
            self.inner.transition(from, trial)
        }
        fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
            self.inner.attribute(key)
        }
        fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
            self.inner.set_attribute(key, value)
        }
    }

    /// The report is written and the end of the trial is not: the client may tell again.
    #[test]
    fn a_tell_that_failed_half_way_can_be_repeated() {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let storage = Flaky::default();
        let fails = storage.fails.clone();
        let study = Study::builder(builder.build().unwrap())
            .ladder(Ladder::new("epoch", 1, 4, true).unwrap())
            .storage(storage)
            .build()
            .unwrap();
        let mut open = Open {
            study,
            constraints: 0,
            has_fidelity: true,
            told: false,
            asked: BTreeMap::new(),
            continuing: VecDeque::new(),
        };
        open.ask().unwrap();
        let mut tell = |fidelity| {
            let result = Told::Values(vec![0.5]);
            let constraints = Vec::new();
            open.tell(Tell { id: 0, result, constraints, fidelity: Some(fidelity) })
        };
        fails.store(true, Ordering::SeqCst);
        tell(4).unwrap_err();
        tell(3).unwrap_err();
        tell(4).unwrap();
        assert_eq!(open.study.history().count(State::Complete), 1);
    }
}
