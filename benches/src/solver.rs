//! Solvers: this project's samplers in process, those of other libraries behind the ask/tell protocol.

use crate::peer::Peer;
use crate::problem::Problem;
use automl::registry::{self, SpecError};
use automl::space::{Choice, Config, Space};
use automl::study::part::StudyContext;
use automl::study::{Direction, Study};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use thiserror::Error;

/// A failed run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SolverError {
    /// A sampler or study of this project failed.
    #[error("{solver}: {reason}")]
    Local {
        /// Name of the solver.
        solver: String,
        /// Text of the error.
        reason: String,
    },
    /// The program of another library cannot be run or violated the protocol.
    #[error("{solver}: {reason}")]
    Peer {
        /// Name of the solver.
        solver: String,
        /// Text of the error.
        reason: String,
    },
}

/// A solver under comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Solver {
    /// A sampler of the registry, by name.
    Local(String),
    /// A sampler of another library.
    Peer {
        /// Name in the server script.
        name: String,
        /// The Python interpreter of the script.
        python: PathBuf,
    },
}

/// The results of one run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The evaluated configurations in order.
    pub configs: Vec<Config>,
    /// The time of all asks and tells, without evaluations.
    pub time: Duration,
}

impl Solver {
    /// The name in the tables.
    pub fn name(&self) -> &str {
        match self {
            Self::Local(name) | Self::Peer { name, .. } => name,
        }
    }

    /// Evaluates `trials` configurations of the solver, so many at a time.
    ///
    /// # Errors
    /// [`SolverError`] if the sampler fails or a peer violates the protocol.
    pub fn run(
        &self,
        problem: &Problem,
        seed: u64,
        trials: u64,
        batch: u64,
    ) -> Result<Run, SolverError> {
        match self {
            Self::Local(name) => run_local(name, problem, seed, trials, batch.max(1)),
            Self::Peer { name, python } => {
                run_peer(name, python, problem, seed, trials, batch.max(1))
            }
        }
    }
}

fn run_local(
    name: &str,
    problem: &Problem,
    seed: u64,
    trials: u64,
    batch: u64,
) -> Result<Run, SolverError> {
    let fail = |e: &dyn std::fmt::Display| SolverError::Local {
        solver: name.to_owned(),
        reason: e.to_string(),
    };
    let context = StudyContext {
        space: &problem.space,
        objectives: problem.objectives,
        constraints: 0,
        planned_trials: Some(trials),
        ladder: None,
        total_cost: None,
        trial_limit: None,
    };
    let spec = name.parse().map_err(|e: SpecError| fail(&e))?;
    let sampler = registry::sampler(&spec, &context).map_err(|e| fail(&e))?;
    let builder = Study::builder(problem.space.clone())
        .directions(vec![Direction::Minimize; problem.objectives])
        .seed(seed)
        .planned_trials(trials)
        .sampler(sampler);
    let mut study = builder.build().map_err(|e| fail(&e))?;
    let mut run = Run { configs: Vec::new(), time: Duration::ZERO };
    for trial in (0..trials).step_by(batch as usize) {
        let mut open = Vec::new();
        for trial in trial..trials.min(trial + batch) {
            let start = Instant::now();
            let assignment = study.ask().map_err(|e| fail(&e))?;
            run.time += start.elapsed();
            open.push((assignment.number, (problem.noisy)(&assignment.config, trial)));
            run.configs.push(assignment.config);
        }
        let start = Instant::now();
        for (number, values) in open {
            study.tell(number, values).map_err(|e| fail(&e))?;
        }
        run.time += start.elapsed();
    }
    Ok(run)
}

fn run_peer(
    name: &str,
    python: &PathBuf,
    problem: &Problem,
    seed: u64,
    trials: u64,
    batch: u64,
) -> Result<Run, SolverError> {
    let fail = |reason: String| SolverError::Peer { solver: name.to_owned(), reason };
    let mut peer = Peer::start(name, python).map_err(fail)?;
    let space = serde_json::to_value(&problem.space).map_err(|e| fail(e.to_string()))?;
    let init = json!({
        "cmd": "init", "protocol": 1, "space": space, "seed": seed, "budget": trials,
        "n_objectives": problem.objectives, "direction": "minimize"
    });
    peer.request(&init).map_err(fail)?;
    let mut run = Run { configs: Vec::new(), time: Duration::ZERO };
    for trial in (0..trials).step_by(batch as usize) {
        let mut open = Vec::new();
        for trial in trial..trials.min(trial + batch) {
            let start = Instant::now();
            let reply = peer.request(&json!({ "cmd": "ask" })).map_err(fail)?;
            run.time += start.elapsed();
            let config = config(&problem.space, &reply).map_err(fail)?;
            open.push((reply["id"].clone(), (problem.noisy)(&config, trial)));
            run.configs.push(config);
        }
        let start = Instant::now();
        for (id, values) in open {
            peer.request(&json!({ "cmd": "tell", "id": id, "values": values })).map_err(fail)?;
        }
        run.time += start.elapsed();
    }
    Ok(run)
}

/// The configuration in a reply to `ask`.
pub(crate) fn config(space: &Space, reply: &Value) -> Result<Config, String> {
    let params = reply["params"].as_object().ok_or("the reply has no params")?;
    let literals = params.iter().map(|(name, value)| {
        let choice: Choice = serde_json::from_value(value.clone()).unwrap_or(Choice::Null);
        (name.as_str(), choice)
    });
    space.config(literals).map_err(|e| e.to_string())
}
