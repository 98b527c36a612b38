//! A study for Python. Every call releases the interpreter's lock while the study works.

use crate::StudyError;
use crate::convert::{self, value_error};
use automl_registry::PartSpec;
use automl_space::Space;
use automl_study::part::StudyContext;
use automl_study::{Assignment, Ladder, Next, Outcome, State, Study, Verdict};
use pyo3::prelude::*;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

/// A study, shared by the threads of a program.
#[pyclass(frozen, module = "automl_rs._native")]
#[derive(Debug)]
pub(crate) struct NativeStudy {
    space: Space,
    study: Mutex<Study>,
}

fn failed(error: impl std::fmt::Display) -> PyErr {
    StudyError::new_err(error.to_string())
}

impl NativeStudy {
    /// Calls the study without the interpreter's lock, so that other threads go on.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut Study) -> PyResult<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| call(&mut self.study.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn assignment(&self, assignment: &Assignment) -> String {
        json!({
            "number": assignment.number.0,
            "params": convert::params(&self.space, &assignment.config),
            "fidelity": assignment.fidelity.0,
            "target": assignment.target.map(|target| target.0),
            "parent": assignment.warm_start.map(|parent| parent.0),
        })
        .to_string()
    }
}

#[pymethods]
impl NativeStudy {
    #[new]
    #[pyo3(signature = (space, directions, sampler, scheduler, *, seed=None, planned=None,
                        fidelity=None, constraints=0, storage=None, name="study", shared=true,
                        trial_limit=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        space: &str,
        directions: Vec<String>,
        sampler: &str,
        scheduler: &str,
        seed: Option<u64>,
        planned: Option<u64>,
        fidelity: Option<(String, u64, u64, bool)>,
        constraints: usize,
        storage: Option<&str>,
        name: &str,
        shared: bool,
        trial_limit: Option<u64>,
    ) -> PyResult<Self> {
        let json: Value = serde_json::from_str(space).map_err(value_error)?;
        let space = Space::from_json(&json).map_err(value_error)?;
        let directions =
            directions.iter().map(|text| convert::direction(text)).collect::<PyResult<Vec<_>>>()?;
        let ladder = fidelity
            .map(|(name, min, max, resumable)| Ladder::new(&name, min, max, resumable))
            .transpose()
            .map_err(value_error)?;
        let context = StudyContext {
            objectives: directions.len(),
            constraints,
            planned_trials: planned,
            ladder: ladder.as_ref(),
            ..StudyContext::new(&space)
        };
        let sampler: PartSpec = sampler.parse().map_err(value_error)?;
        let scheduler: PartSpec = scheduler.parse().map_err(value_error)?;
        let (sampler, scheduler) =
            automl_registry::pair(&sampler, &scheduler, &context).map_err(value_error)?;
        let mut builder = Study::builder(space.clone()).directions(directions).sampler(sampler);
        if let Some(seed) = seed {
            builder = builder.seed(seed);
        }
        if let Some(planned) = planned {
            builder = builder.planned_trials(planned);
        }
        builder = match (ladder, scheduler) {
            (Some(ladder), Some(scheduler)) => builder.scheduler(ladder, scheduler),
            (Some(ladder), None) => builder.ladder(ladder),
            (None, _) => builder,
        };
        if let Some(url) = storage {
            builder = builder.storage(automl_storage::open(url, name).map_err(failed)?);
        }
        if !shared {
            builder = builder.alone();
        }
        let study = py.detach(|| {
            let mut study = builder.build().map_err(failed)?;
            study.recover().map_err(failed)?;
            study.set_trial_limit(trial_limit);
            Ok::<_, PyErr>(study)
        })?;
        Ok(Self { space, study: Mutex::new(study) })
    }

    /// The next trial as JSON.
    fn ask(&self, py: Python<'_>) -> PyResult<String> {
        let asked = self.with(py, |study| study.ask().map_err(failed))?;
        Ok(self.assignment(&asked))
    }

    /// The next job as JSON; `"wait"` or `"finished"` where there is none.
    fn next_job(&self, py: Python<'_>) -> PyResult<String> {
        match self.with(py, |study| study.next_job().map_err(failed))? {
            Next::Run(assignment) => Ok(self.assignment(&assignment)),
            Next::Wait => Ok("\"wait\"".into()),
            Next::Finished => Ok("\"finished\"".into()),
        }
    }

    /// Records values at a fidelity; the verdict.
    fn report(
        &self,
        py: Python<'_>,
        number: u64,
        fidelity: u64,
        values: Vec<f64>,
        constraints: Vec<f64>,
    ) -> PyResult<&'static str> {
        self.with(py, move |study| {
            if !constraints.is_empty() {
                study.constrain(number, constraints).map_err(failed)?;
            }
            Ok(match study.report(number, fidelity, values).map_err(failed)? {
                Verdict::Continue => "continue",
                Verdict::Pause => "pause",
                Verdict::Stop => "stop",
                Verdict::Complete => "complete",
            })
        })
    }

    /// Records the end of a trial: complete with values, pruned, or failed with a reason.
    fn tell(
        &self,
        py: Python<'_>,
        number: u64,
        state: &str,
        values: Vec<f64>,
        constraints: Vec<f64>,
        reason: &str,
    ) -> PyResult<()> {
        let outcome = outcome(state, values, constraints, reason)?;
        self.with(py, move |study| study.tell(number, outcome).map_err(failed))
    }

    /// Adds a trial that was evaluated elsewhere; its number.
    fn add_trial(
        &self,
        py: Python<'_>,
        params: &str,
        state: &str,
        values: Vec<f64>,
        constraints: Vec<f64>,
    ) -> PyResult<u64> {
        let config = convert::config(&self.space, params)?;
        let outcome = outcome(state, values, constraints, "failed elsewhere")?;
        let add = move |study: &mut Study| study.add_trial(config, outcome).map_err(failed);
        self.with(py, add).map(|number| number.0)
    }

    /// Adds a trial with given parameters, to be handed out next; its number.
    fn enqueue(&self, py: Python<'_>, params: &str) -> PyResult<u64> {
        let config = convert::config(&self.space, params)?;
        self.with(py, move |study| study.enqueue(config).map_err(failed)).map(|number| number.0)
    }

    /// Takes a running trial back, to be handed out again.
    fn release(&self, py: Python<'_>, number: u64) -> PyResult<()> {
        self.with(py, move |study| study.release(number).map_err(failed))
    }

    /// From now on starts no new trial once there are this many.
    fn set_trial_limit(&self, py: Python<'_>, limit: Option<u64>) -> PyResult<()> {
        self.with(py, move |study| {
            study.set_trial_limit(limit);
            Ok(())
        })
    }

    /// The next fidelity at which the scheduler wants a report.
    fn next_milestone(&self, py: Python<'_>, fidelity: u64, target: u64) -> PyResult<u64> {
        self.with(py, move |study| Ok(study.next_milestone(fidelity, target).0))
    }

    /// The number of trials.
    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |study| Ok(study.history().len()))
    }

    /// All trials as a JSON list, after a look at what other processes wrote.
    fn trials(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |study| {
            study.refresh().map_err(failed)?;
            let trials = study.history().trials().iter();
            let trials: Vec<Value> =
                trials.map(|trial| convert::trial(&self.space, trial)).collect();
            Ok(Value::Array(trials).to_string())
        })
    }

    /// The numbers of the trials on the Pareto front; with one objective, of the best.
    fn best(&self, py: Python<'_>) -> PyResult<Vec<u64>> {
        self.with(py, |study| {
            let front = match study.history().directions().len() {
                1 => study.best().into_iter().collect(),
                _ => study.front(),
            };
            Ok(front.iter().map(|trial| trial.number.0).collect())
        })
    }

    /// The state of a trial; `None` where there is no such trial.
    fn state(&self, py: Python<'_>, number: u64) -> PyResult<Option<&'static str>> {
        self.with(py, move |study| {
            let state: Option<State> = study.history().get(number).map(|trial| trial.state);
            Ok(state.map(convert::state_name))
        })
    }
}

fn outcome(
    state: &str,
    values: Vec<f64>,
    constraints: Vec<f64>,
    reason: &str,
) -> PyResult<Outcome> {
    match state {
        "complete" => Ok(Outcome::Complete { values, constraints }),
        "pruned" => Ok(Outcome::Pruned),
        "failed" => Ok(Outcome::failed(reason)),
        other => Err(value_error(format!("unknown state {other:?}: complete, pruned or failed"))),
    }
}
