//! Solvers with fidelities: this project's schedulers in process, those of other libraries behind the
//! ask/tell protocol.

use crate::peer::Peer;
use crate::solver::SolverError;
use automl::registry::{self, PartSpec};
use automl::simulate::Workload;
use automl::space::Config;
use automl::study::part::StudyContext;
use automl::{
    numeric::pareto,
    study::{Direction, Ladder, Next, Outcome, Study, Verdict},
};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

/// A solver under comparison that chooses configurations and the fidelities of their trials.
#[derive(Clone, Debug, PartialEq)]
pub enum FidelitySolver {
    /// A scheduler and a sampler of the registry.
    Local {
        /// Name of the scheduler.
        scheduler: String,
        /// Name of the sampler.
        sampler: String,
    },
    /// A solver of another library.
    Peer {
        /// Name in the server script.
        name: String,
        /// The Python interpreter of the script.
        python: PathBuf,
    },
}

/// A task: a workload with a budget.
#[derive(Clone, Copy, Debug)]
pub struct FidelityTask<'a> {
    /// Simulated learning curves.
    pub workload: &'a dyn Workload,
    /// The highest fidelity of a trial, in epochs.
    pub max: u64,
    /// The budget of all trials together, in epochs.
    pub total: u64,
    /// The number of objectives: 1 for the loss, 2 for loss and size.
    pub objectives: usize,
    /// Seed of the solver.
    pub seed: u64,
}

/// The results of one run.
#[derive(Clone, Debug)]
pub struct FidelityRun {
    /// After each report the epochs spent, and the regret of the incumbent (the trial with the
    /// smallest reported loss): 0 for the optimum, 1 for the median final loss.
    pub trace: Vec<(u64, f64)>,
    /// Configuration and last report of each trial.
    pub last: Vec<(Config, Vec<f64>)>,
}

impl FidelitySolver {
    /// The name in the tables.
    pub fn name(&self) -> String {
        match self {
            Self::Local { scheduler, sampler } => format!("{scheduler}/{sampler}"),
            Self::Peer { name, .. } => name.clone(),
        }
    }

    /// Runs until the budget is spent or the solver has no further trial.
    ///
    /// # Errors
    /// [`SolverError`] if the solver fails or a peer violates the protocol.
    pub fn run(&self, task: FidelityTask<'_>) -> Result<FidelityRun, SolverError> {
        let name = self.name();
        match self {
            Self::Local { scheduler, sampler } => Local::new(scheduler, sampler, task)
                .and_then(|local| run(local, task))
                .map_err(|reason| SolverError::Local { solver: name, reason }),
            Self::Peer { name: peer, python } => Remote::new(peer, python, task)
                .and_then(|remote| run(remote, task))
                .map_err(|reason| SolverError::Peer { solver: name, reason }),
        }
    }
}

/// The ask/tell interface of a solver.
trait AskTell {
    /// A trial, its configuration and the fidelity to train it to; `None` without a further trial.
    fn ask(&mut self) -> Result<Option<(u64, Config, u64)>, String>;
    /// Reports the values of a trial at a fidelity.
    fn tell(&mut self, id: u64, fidelity: u64, values: Vec<f64>) -> Result<(), String>;
}

/// Runs one solver on one task.
fn run(mut solver: impl AskTell, task: FidelityTask<'_>) -> Result<FidelityRun, String> {
    let FidelityTask { workload, max, total, objectives, .. } = task;
    let (mut spent, mut best) = (0, (f64::INFINITY, 1.5));
    let mut done: HashMap<u64, u64> = HashMap::new();
    let mut last: HashMap<u64, (Config, Vec<f64>)> = HashMap::new();
    let mut trace = Vec::new();
    let scale = workload.median() - workload.optimum();
    while let Some((id, config, fidelity)) = solver.ask()? {
        let reached = done.entry(id).or_default();
        let cost = fidelity.saturating_sub(*reached);
        if spent + cost > total {
            break;
        }
        spent += cost;
        *reached = fidelity.max(*reached);
        let loss = workload.loss(&config, id, fidelity, max);
        let mut values = vec![loss];
        if objectives > 1 {
            values.push(workload.size(&config));
        }
        if loss < best.0 {
            let regret = (workload.final_loss(&config) - workload.optimum()) / scale;
            best = (loss, regret);
        }
        trace.push((spent, best.1));
        last.insert(id, (config, values.clone()));
        solver.tell(id, fidelity, values)?;
    }
    let mut last: Vec<_> = last.into_iter().collect();
    last.sort_by_key(|(id, _)| *id);
    Ok(FidelityRun { trace, last: last.into_iter().map(|(_, both)| both).collect() })
}

impl FidelityRun {
    /// The regret after `epochs` spent epochs; 1.5 before the first report.
    pub fn regret_at(&self, epochs: u64) -> f64 {
        let at = self.trace.partition_point(|(spent, _)| *spent <= epochs);
        at.checked_sub(1).map_or(1.5, |at| self.trace[at].1)
    }

    /// The hypervolume of regret and size in the last reports, in `[0, 1]`, below the reference point
    /// `(1, 1)`. A stopped trial counts with its last loss.
    pub fn hypervolume(&self, workload: &dyn Workload) -> f64 {
        let scale = workload.median() - workload.optimum();
        let points: Vec<Vec<f64>> = self
            .last
            .iter()
            .map(|(config, values)| {
                vec![(values[0] - workload.optimum()) / scale, workload.size(config)]
            })
            .collect();
        pareto::hypervolume(&points, &[1.0, 1.0])
    }
}

/// A study in this process, driven in the same way as `automl serve`.
struct Local {
    study: Study,
    /// Running trials with reached and target fidelity.
    continuing: VecDeque<(u64, u64, u64)>,
    /// Target fidelities by trial.
    until: HashMap<u64, u64>,
}

impl Local {
    fn new(scheduler: &str, sampler: &str, task: FidelityTask<'_>) -> Result<Self, String> {
        let ladder = Ladder::new("epoch", 1, task.max, true).map_err(|e| e.to_string())?;
        let context = StudyContext {
            space: task.workload.space(),
            objectives: task.objectives,
            constraints: 0,
            planned_trials: None,
            ladder: Some(&ladder),
            total_cost: Some(task.total as f64),
            trial_limit: None,
        };
        let spec = |text: &str| text.parse::<PartSpec>().map_err(|e| e.to_string());
        let (sampler, scheduler) = registry::pair(&spec(sampler)?, &spec(scheduler)?, &context)
            .map_err(|e| e.to_string())?;
        let builder = Study::builder(task.workload.space().clone())
            .directions(vec![Direction::Minimize; task.objectives])
            .seed(task.seed)
            .sampler(sampler);
        let builder = match scheduler {
            Some(scheduler) => builder.scheduler(ladder, scheduler),
            None => builder.ladder(ladder),
        };
        let study = builder.build().map_err(|e| e.to_string())?;
        Ok(Self { study, continuing: VecDeque::new(), until: HashMap::new() })
    }
}

impl AskTell for Local {
    fn ask(&mut self) -> Result<Option<(u64, Config, u64)>, String> {
        let (number, from, until) = match self.continuing.pop_front() {
            Some(continuing) => continuing,
            None => match self.study.next_job().map_err(|e| e.to_string())? {
                Next::Run(job) => {
                    (job.number.0, job.fidelity.0, job.target.unwrap_or(job.fidelity + 1).0)
                }
                _ => return Ok(None),
            },
        };
        self.until.insert(number, until);
        let fidelity = self.study.next_milestone(from, until).0;
        let config = self.study.history().trials()[number as usize].config.clone();
        Ok(Some((number, config, fidelity)))
    }

    fn tell(&mut self, id: u64, fidelity: u64, values: Vec<f64>) -> Result<(), String> {
        if values.iter().any(|value| value.is_nan()) {
            return self.study.tell(id, Outcome::failed("diverged")).map_err(|e| e.to_string());
        }
        let until = self.until.get(&id).copied().unwrap_or(fidelity);
        match self.study.report(id, fidelity, values.clone()).map_err(|e| e.to_string())? {
            Verdict::Continue if fidelity < until => {
                self.continuing.push_back((id, fidelity, until));
                Ok(())
            }
            Verdict::Complete | Verdict::Continue => {
                self.study.tell(id, values).map_err(|e| e.to_string())
            }
            Verdict::Pause | Verdict::Stop => Ok(()),
        }
    }
}

/// A solver of another library behind the protocol.
struct Remote<'a> {
    peer: Peer,
    workload: &'a dyn Workload,
}

impl<'a> Remote<'a> {
    fn new(name: &str, python: &PathBuf, task: FidelityTask<'a>) -> Result<Self, String> {
        let mut peer = Peer::start(name, python)?;
        let space = serde_json::to_value(task.workload.space()).map_err(|e| e.to_string())?;
        peer.request(&json!({
            "cmd": "init", "protocol": 1, "space": space, "seed": task.seed, "budget": null,
            "n_objectives": task.objectives, "direction": "minimize",
            "fidelity": {
                "name": "epoch", "type": "int", "min": 1, "max": task.max, "resumable": true,
                "total_cost": task.total
            }
        }))?;
        Ok(Self { peer, workload: task.workload })
    }
}

impl AskTell for Remote<'_> {
    fn ask(&mut self) -> Result<Option<(u64, Config, u64)>, String> {
        let reply = self.peer.request(&json!({ "cmd": "ask" }))?;
        let config = crate::solver::config(self.workload.space(), &reply)?;
        let number = |name: &str| reply[name].as_u64().ok_or(format!("the reply has no {name}"));
        Ok(Some((number("id")?, config, number("fidelity")?)))
    }

    fn tell(&mut self, id: u64, fidelity: u64, values: Vec<f64>) -> Result<(), String> {
        // JSON has no NaN.
        let values: Vec<Value> =
            values.iter().map(|v| if v.is_nan() { Value::Null } else { json!(v) }).collect();
        let value = json!({ "cmd": "tell", "id": id, "fidelity": fidelity, "values": values });
        self.peer.request(&value).map(|_| ())
    }
}
