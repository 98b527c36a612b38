//! Solvers: our samplers in this process, others behind the ask/tell protocol.

use crate::problem::Problem;
use automl::choose::{self, Setting};
use automl::space::{Choice, Config};
use automl::study::{Direction, Study};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Why a run failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SolverError {
    /// Our side failed.
    #[error("{solver}: {reason}")]
    Ours {
        /// The sampler.
        solver: String,
        /// What happened.
        reason: String,
    },
    /// The other program cannot be run or broke the protocol.
    #[error("{solver}: {reason}")]
    Peer {
        /// The peer's sampler.
        solver: String,
        /// What happened.
        reason: String,
    },
}

/// Who solves.
#[derive(Clone, Debug, PartialEq)]
pub enum Solver {
    /// One of our samplers, by its name.
    Ours(String),
    /// A sampler of another library.
    Peer {
        /// The name that the server script knows.
        name: String,
        /// The Python to run it with.
        python: PathBuf,
    },
}

/// What a solver did.
#[derive(Clone, Debug)]
pub struct Run {
    /// The configurations in order.
    pub configs: Vec<Config>,
    /// The time of all asks and tells, without the problem's own.
    pub time: Duration,
}

impl Solver {
    /// Its name in the tables.
    pub fn name(&self) -> &str {
        match self {
            Self::Ours(name) | Self::Peer { name, .. } => name,
        }
    }

    /// Lets the solver evaluate `trials` configurations.
    ///
    /// # Errors
    /// [`SolverError`] if the sampler fails or the peer breaks the protocol.
    pub fn run(&self, problem: &Problem, seed: u64, trials: u64) -> Result<Run, SolverError> {
        match self {
            Self::Ours(name) => ours(name, problem, seed, trials),
            Self::Peer { name, python } => peer(name, python, problem, seed, trials),
        }
    }
}

fn ours(name: &str, problem: &Problem, seed: u64, trials: u64) -> Result<Run, SolverError> {
    let fail = |e: &dyn std::fmt::Display| SolverError::Ours {
        solver: name.to_owned(),
        reason: e.to_string(),
    };
    let setting = Setting {
        space: &problem.space,
        objectives: problem.objectives,
        constraints: 0,
        budget: Some(trials),
        ladder: None,
        total_cost: None,
    };
    let sampler = choose::sampler(name, &setting).map_err(|e| fail(&e))?;
    let builder = Study::builder(problem.space.clone())
        .directions(vec![Direction::Minimize; problem.objectives])
        .seed(seed)
        .budget(trials)
        .sampler(sampler);
    let mut study = builder.build().map_err(|e| fail(&e))?;
    let mut run = Run { configs: Vec::new(), time: Duration::ZERO };
    for trial in 0..trials {
        let start = Instant::now();
        let assignment = study.ask().map_err(|e| fail(&e))?;
        run.time += start.elapsed();
        let values = (problem.noisy)(&assignment.config, trial);
        let start = Instant::now();
        study.tell(assignment.number, values).map_err(|e| fail(&e))?;
        run.time += start.elapsed();
        run.configs.push(assignment.config);
    }
    Ok(run)
}

/// A running peer; it is ended when the run ends, however it ends.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Nothing can be done about a program that will not end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    fn start(name: &str, python: &PathBuf) -> Result<Self, String> {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("peers").join("server.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(name)
            .env("OMP_NUM_THREADS", "1")
            .env("OPENBLAS_NUM_THREADS", "1")
            .env("MKL_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("cannot run {}: {e}", python.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the peer has no standard streams".into());
        };
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn say(&mut self, request: &Value) -> Result<Value, String> {
        writeln!(self.input, "{request}").map_err(|e| e.to_string())?;
        self.input.flush().map_err(|e| e.to_string())?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|e| e.to_string())?;
        if line.is_empty() {
            return Err(format!("the peer ended after {request}"));
        }
        let reply: Value = serde_json::from_str(&line).map_err(|e| e.to_string())?;
        match reply.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(reply),
        }
    }
}

fn peer(
    name: &str,
    python: &PathBuf,
    problem: &Problem,
    seed: u64,
    trials: u64,
) -> Result<Run, SolverError> {
    let fail = |reason: String| SolverError::Peer { solver: name.to_owned(), reason };
    let mut peer = Peer::start(name, python).map_err(fail)?;
    let space = serde_json::to_value(&problem.space).map_err(|e| fail(e.to_string()))?;
    let init = json!({
        "cmd": "init", "protocol": 1, "space": space, "seed": seed, "budget": trials,
        "n_objectives": problem.objectives, "direction": "minimize"
    });
    peer.say(&init).map_err(fail)?;
    let mut run = Run { configs: Vec::new(), time: Duration::ZERO };
    for trial in 0..trials {
        let start = Instant::now();
        let reply = peer.say(&json!({ "cmd": "ask" })).map_err(fail)?;
        run.time += start.elapsed();
        let config = config(problem, &reply).map_err(fail)?;
        let values = (problem.noisy)(&config, trial);
        let start = Instant::now();
        peer.say(&json!({ "cmd": "tell", "id": reply["id"], "values": values })).map_err(fail)?;
        run.time += start.elapsed();
        run.configs.push(config);
    }
    Ok(run)
}

fn config(problem: &Problem, reply: &Value) -> Result<Config, String> {
    let params = reply["params"].as_object().ok_or("the reply has no params")?;
    let literals = params.iter().map(|(name, value)| {
        let choice: Choice = serde_json::from_value(value.clone()).unwrap_or(Choice::Null);
        (name.as_str(), choice)
    });
    problem.space.config(literals).map_err(|e| e.to_string())
}
