//! Runs with fidelities: our schedulers in this process, others behind the ask/tell protocol.

use crate::peer::Peer;
use crate::solver::SolverError;
use automl::simulate::Workload;
use automl::space::Config;
use automl::{
    numeric::pareto,
    study::{Direction, Ladder, Next, Outcome, Study, Verdict},
};
use automl::{registry, study::part::StudyContext};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

/// Who decides what is trained and how long.
#[derive(Clone, Debug, PartialEq)]
pub enum Player {
    /// One of our schedulers with one of our samplers.
    Ours {
        /// The scheduler.
        scheduler: String,
        /// The sampler.
        sampler: String,
    },
    /// Another library's.
    Peer {
        /// The name that the server script knows.
        name: String,
        /// The Python to run it with.
        python: PathBuf,
    },
}

/// What is played: a workload, up to `max` epochs a trial, `total` epochs in all.
#[derive(Clone, Copy, Debug)]
pub struct Game<'a> {
    /// What is trained.
    pub workload: &'a dyn Workload,
    /// The highest fidelity.
    pub max: u64,
    /// The whole budget.
    pub total: u64,
    /// The number of objectives: the loss, or the loss and the size.
    pub objectives: usize,
    /// The seed.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Played {
    /// After each report the epochs spent, and the regret of the incumbent (the trial with the
    /// lowest reported loss): 0 is the best, 1 the median final loss.
    pub trace: Vec<(u64, f64)>,
    /// The last report of each trial.
    pub last: Vec<(Config, Vec<f64>)>,
}

impl Player {
    /// Its name in the tables.
    pub fn name(&self) -> String {
        match self {
            Self::Ours { scheduler, sampler } => format!("{scheduler}/{sampler}"),
            Self::Peer { name, .. } => name.clone(),
        }
    }

    /// Plays until the budget is spent or nothing is left to do.
    ///
    /// # Errors
    /// [`SolverError`] if our side fails or the peer breaks the protocol.
    pub fn play(&self, game: Game<'_>) -> Result<Played, SolverError> {
        let name = self.name();
        match self {
            Self::Ours { scheduler, sampler } => Ours::new(scheduler, sampler, game)
                .and_then(|ours| run(ours, game))
                .map_err(|reason| SolverError::Ours { solver: name, reason }),
            Self::Peer { name: peer, python } => Theirs::new(peer, python, game)
                .and_then(|theirs| run(theirs, game))
                .map_err(|reason| SolverError::Peer { solver: name, reason }),
        }
    }
}

/// One side: who is asked and told.
trait Side {
    /// A trial with its configuration and the fidelity to train it to; `None` if nothing is left.
    fn ask(&mut self) -> Result<Option<(u64, Config, u64)>, String>;
    fn tell(&mut self, id: u64, fidelity: u64, values: Vec<f64>) -> Result<(), String>;
}

fn run(mut side: impl Side, game: Game<'_>) -> Result<Played, String> {
    let Game { workload, max, total, objectives, .. } = game;
    let (mut spent, mut best) = (0, (f64::INFINITY, 1.5));
    let mut done: HashMap<u64, u64> = HashMap::new();
    let mut last: HashMap<u64, (Config, Vec<f64>)> = HashMap::new();
    let mut trace = Vec::new();
    let scale = workload.median() - workload.optimum();
    while let Some((id, config, fidelity)) = side.ask()? {
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
        side.tell(id, fidelity, values)?;
    }
    let mut last: Vec<_> = last.into_iter().collect();
    last.sort_by_key(|(id, _)| *id);
    Ok(Played { trace, last: last.into_iter().map(|(_, both)| both).collect() })
}

impl Played {
    /// The regret when so many epochs were spent: 1.5 before the first report.
    pub fn regret_at(&self, epochs: u64) -> f64 {
        let at = self.trace.partition_point(|(spent, _)| *spent <= epochs);
        at.checked_sub(1).map_or(1.5, |at| self.trace[at].1)
    }

    /// The hypervolume of what the last reports show: regret (cut at 1) and size, both within
    /// `[0, 1]`. A trial counts with the loss that it had when it was stopped.
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

/// Our side, as `automl serve` plays it.
struct Ours {
    study: Study,
    continuing: VecDeque<(u64, u64, u64)>,
    until: HashMap<u64, u64>,
}

impl Ours {
    fn new(scheduler: &str, sampler: &str, game: Game<'_>) -> Result<Self, String> {
        let ladder = Ladder::new("epoch", 1, game.max, true).map_err(|e| e.to_string())?;
        let setting = StudyContext {
            space: game.workload.space(),
            objectives: game.objectives,
            constraints: 0,
            planned_trials: None,
            ladder: Some(&ladder),
            total_cost: Some(game.total as f64),
            trial_limit: None,
        };
        let (sampler, scheduler) =
            registry::pair(sampler, scheduler, &setting).map_err(|e| e.to_string())?;
        let builder = Study::builder(game.workload.space().clone())
            .directions(vec![Direction::Minimize; game.objectives])
            .seed(game.seed)
            .sampler(sampler);
        let builder = match scheduler {
            Some(scheduler) => builder.scheduler(ladder, scheduler),
            None => builder.ladder(ladder),
        };
        let study = builder.build().map_err(|e| e.to_string())?;
        Ok(Self { study, continuing: VecDeque::new(), until: HashMap::new() })
    }
}

impl Side for Ours {
    fn ask(&mut self) -> Result<Option<(u64, Config, u64)>, String> {
        let (number, from, until) = match self.continuing.pop_front() {
            Some(going_on) => going_on,
            None => match self.study.next_job().map_err(|e| e.to_string())? {
                Next::Run(job) => (job.number, job.from, job.until.unwrap_or(job.from + 1)),
                _ => return Ok(None),
            },
        };
        self.until.insert(number, until);
        let fidelity = self.study.next_milestone(from, until);
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

/// Another library.
struct Theirs<'a> {
    peer: Peer,
    workload: &'a dyn Workload,
}

impl<'a> Theirs<'a> {
    fn new(name: &str, python: &PathBuf, game: Game<'a>) -> Result<Self, String> {
        let mut peer = Peer::start(name, python)?;
        let space = serde_json::to_value(game.workload.space()).map_err(|e| e.to_string())?;
        peer.say(&json!({
            "cmd": "init", "protocol": 1, "space": space, "seed": game.seed, "budget": null,
            "n_objectives": game.objectives, "direction": "minimize",
            "fidelity": {
                "name": "epoch", "type": "int", "min": 1, "max": game.max, "resumable": true,
                "total_cost": game.total
            }
        }))?;
        Ok(Self { peer, workload: game.workload })
    }
}

impl Side for Theirs<'_> {
    fn ask(&mut self) -> Result<Option<(u64, Config, u64)>, String> {
        let reply = self.peer.say(&json!({ "cmd": "ask" }))?;
        let config = crate::solver::config(self.workload.space(), &reply)?;
        let number = |name: &str| reply[name].as_u64().ok_or(format!("the reply has no {name}"));
        Ok(Some((number("id")?, config, number("fidelity")?)))
    }

    fn tell(&mut self, id: u64, fidelity: u64, values: Vec<f64>) -> Result<(), String> {
        // JSON has no NaN.
        let values: Vec<Value> =
            values.iter().map(|v| if v.is_nan() { Value::Null } else { json!(v) }).collect();
        let value = json!({ "cmd": "tell", "id": id, "fidelity": fidelity, "values": values });
        self.peer.say(&value).map(|_| ())
    }
}
