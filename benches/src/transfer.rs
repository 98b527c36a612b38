//! Transfer between studies: tasks that share a space, and runs of a sampler with and without sources.

use crate::problem::{Problem, Score};
use crate::solver::SolverError;
use automl::gp::GpSampler;
use automl::numeric::{pareto, stream};
use automl::registry::{self, PartSpec};
use automl::space::{Config, Space};
use automl::study::part::StudyContext;
use automl::study::{Direction, History, Sampler, Sources, State, Trial, TrialId, View};
use automl::transfer::{Renames, WarmStart};
use rand::RngExt;
use std::fmt;

/// One task of a family.
pub struct Task {
    /// Name in the tables.
    pub name: String,
    /// The search space, that of all tasks of the family.
    pub space: Space,
    /// Number of objectives.
    pub objectives: usize,
    /// The configuration that is evaluated in place of a proposal, and its losses.
    pub evaluate: Box<Evaluate>,
    /// The score.
    pub score: Score,
    /// The configurations that have losses, where they are a list.
    pub table: Vec<Config>,
}

/// Evaluates a proposal after these trials.
type Evaluate = dyn Fn(&Config, &History) -> (Config, Vec<f64>) + Send + Sync;

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("name", &self.name).field("score", &self.score).finish()
    }
}

impl From<Problem> for Task {
    fn from(problem: Problem) -> Self {
        let exact = problem.exact;
        Self {
            name: problem.name,
            space: problem.space,
            objectives: problem.objectives,
            evaluate: Box::new(move |config, _| (config.clone(), exact(config, 0))),
            score: problem.score,
            table: Vec::new(),
        }
    }
}

/// The studies before the new one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Earlier {
    /// Number of earlier studies, each of another task.
    pub studies: usize,
    /// Random trials of each.
    pub trials: usize,
    /// How they mislead.
    pub twist: Twist,
}

/// What is wrong with earlier studies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Twist {
    /// Nothing.
    None,
    /// Losses are negated: the worst that a source can be.
    Reversed,
    /// Losses belong to other trials of the same study: a source that says nothing.
    Shuffled,
    /// Losses belong to configurations mirrored at the center of the space: a smooth function of its own.
    Mirrored,
}

impl Twist {
    /// The letter behind the number of trials.
    pub const LETTERS: [(&'static str, Self, &'static str); 3] = [
        ("r", Self::Reversed, " reversed"),
        ("s", Self::Shuffled, " shuffled"),
        ("m", Self::Mirrored, " mirrored"),
    ];
}

impl Earlier {
    /// A study from nothing.
    pub const NONE: Self = Self { studies: 0, trials: 0, twist: Twist::None };

    /// The name in the tables.
    pub fn name(&self) -> String {
        match self {
            Self { studies: 0, .. } => "without".into(),
            Self { studies, trials, twist } => {
                let named = Twist::LETTERS.iter().find(|(_, known, _)| known == twist);
                format!("{studies}x{trials}{}", named.map_or("", |(.., name)| name))
            }
        }
    }
}

/// How a run proposes.
#[derive(Clone, Debug)]
pub struct Proposer<'a> {
    /// Sampler.
    pub sampler: &'a PartSpec,
    /// Whether the Gaussian process chooses among the configurations of the task's table, where it has one.
    pub among: bool,
}

impl Proposer<'_> {
    fn build(&self, task: &Task) -> Result<Box<dyn Sampler>, String> {
        if self.among && !task.table.is_empty() {
            return match self.sampler.to_string().as_str() {
                "auto" | "gp" => Ok(Box::new(GpSampler::default().among(task.table.clone()))),
                other => Err(format!("{other} does not choose among a list: auto and gp do")),
            };
        }
        let context =
            StudyContext { objectives: task.objectives, ..StudyContext::new(&task.space) };
        registry::sampler(self.sampler, &context).map_err(|e| e.to_string())
    }
}

/// One run on `tasks[target]` with earlier studies of other tasks; the losses in the order of evaluation.
///
/// # Errors
/// [`SolverError`] if the sampler fails.
pub fn run(
    tasks: &[Task],
    target: usize,
    earlier: Earlier,
    (proposer, seed, evaluations): (&Proposer<'_>, u64, usize),
) -> Result<Vec<Vec<f64>>, SolverError> {
    let fail = |e: &dyn fmt::Display| SolverError::Local {
        solver: proposer.sampler.to_string(),
        reason: e.to_string(),
    };
    let task = &tasks[target];
    let sources = sources(tasks, target, earlier, seed).map_err(|e| fail(&e))?;
    let mut built = proposer.build(task).map_err(|e| fail(&e))?;
    let sources = match sources.studies() {
        [] => sources,
        _ => {
            built.warm_start(&sources);
            let wanted = built.first_wanted(&sources);
            sources.with_first(wanted)
        }
    };
    let mut history = History::new(vec![Direction::Minimize; task.objectives]);
    let mut losses = Vec::new();
    for number in 0..evaluations as u64 {
        let view = View {
            space: &task.space,
            history: &history,
            number: TrialId(number),
            seed,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        // By number: what is evaluated may be another configuration than the first one.
        let proposal = match sources.first().get(number as usize) {
            Some(first) => first.clone(),
            None => {
                built.propose(&view, &mut stream(seed, number, "propose")).map_err(|e| fail(&e))?
            }
        };
        let (config, values) = (task.evaluate)(&proposal, &history);
        losses.push(values.clone());
        let state = State::Complete;
        let trial = Trial { state, values, ..Trial::waiting(number, config) };
        history.push(trial).map_err(|e| fail(&e))?;
    }
    Ok(losses)
}

/// Sources from other tasks than the target, drawn by the seed.
fn sources(
    tasks: &[Task],
    target: usize,
    earlier: Earlier,
    seed: u64,
) -> Result<Sources, automl::transfer::TransferError> {
    let task = &tasks[target];
    let directions = vec![Direction::Minimize; task.objectives];
    let mut warm_start = WarmStart::new(&task.space, &directions);
    let mut others: Vec<usize> = (0..tasks.len()).filter(|i| *i != target).collect();
    let mut rng = stream(seed, target as u64, "sources");
    for _ in 0..earlier.studies.min(others.len()) {
        let other = others.swap_remove(rng.random_range(0..others.len()));
        let mut history = History::new(directions.clone());
        for number in 0..earlier.trials as u64 {
            let (mut config, mut values) =
                (tasks[other].evaluate)(&task.space.sample(&mut rng), &history);
            match earlier.twist {
                Twist::None => {}
                Twist::Reversed => values.iter_mut().for_each(|value| *value = -*value),
                // The sample is independent of the configuration that was evaluated.
                Twist::Shuffled => config = task.space.sample(&mut rng),
                Twist::Mirrored => {
                    let unit: Vec<f64> =
                        task.space.encode(&config).unit.iter().map(|x| 1.0 - x).collect();
                    config = task.space.decode(&unit);
                }
            }
            let trial = Trial { state: State::Complete, values, ..Trial::waiting(number, config) };
            // Numbers follow each other.
            let _ = history.push(trial);
        }
        warm_start.add_history(&tasks[other].name, &task.space, &history, &Renames::default())?;
    }
    Ok(warm_start.sources())
}

impl Task {
    /// The score after the first `n` evaluations: 0 for the optimum, 1 for the median of the table (for
    /// one objective), or 1 for none of the hypervolume.
    pub fn judge(&self, losses: &[Vec<f64>], n: usize) -> f64 {
        let losses = &losses[..n.min(losses.len())];
        match &self.score {
            Score::Regret { optimum, median } => {
                let best = losses.iter().map(|l| l[0]).fold(f64::INFINITY, f64::min);
                (best - optimum) / (median - optimum)
            }
            Score::Hypervolume { reference, best } => {
                1.0 - pareto::hypervolume(losses, reference) / best
            }
        }
    }
}

/// Tasks of quadratic functions in `d` parameters with optima that are shifted against each other by a
/// standard deviation of about a tenth of the range.
///
/// # Errors
/// Never: the space is valid.
pub fn shifted(d: usize, count: u64) -> Result<Vec<Task>, automl::space::SpaceError> {
    let mut builder = Space::builder();
    for i in 0..d {
        builder.float(&format!("x{i}"), 0.0..=1.0).add()?;
    }
    let space = builder.build()?;
    let task = |number: u64| {
        let mut rng = stream(number, 0, "shifted");
        let mut near =
            |center: f64| center + 0.2 * (rng.random::<f64>() + rng.random::<f64>() - 1.0);
        let center: Vec<f64> = (0..d).map(|i| near(if i % 2 == 0 { 0.3 } else { 0.65 })).collect();
        let scale = 10.0_f64.powf(near(0.0) * 5.0);
        let function = move |config: &Config| {
            let square = |(i, c): (usize, &f64)| {
                let x = config.value(i).map_or(0.5, |value| value.as_f64());
                (1.0 + i as f64) * (x - c).powi(2)
            };
            let sum: f64 = center.iter().enumerate().map(square).sum();
            scale * (sum + 0.05 * (1.0 - (9.0 * sum).cos()))
        };
        Task::from(Problem::single(&format!("shifted-{d}-{number}"), space.clone(), 0.0, function))
    };
    Ok((0..count).map(task).collect())
}
