//! What is known of a study before it starts: settings that have been checked.

use crate::command::{Command, Rendered};
use crate::folder::TrialFolder;
use crate::metrics::Metrics;
use crate::template::{Template, Values};
use crate::{TuneError, TuneSettings};
use automl_registry::Parts;
use automl_space::{Choice, Config};
use automl_study::part::StudyContext;
use automl_study::{Direction, Ladder};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Placeholders beside the parameters and the fidelity.
const PLACEHOLDERS: &[&str] =
    &["trial", "slot", "config", "checkpoint", "parent_checkpoint", "result"];

/// Checked settings.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) settings: &'a TuneSettings,
    pub(crate) command: Command,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) ladder: Option<Ladder>,
    result_file: Option<Template>,
}

/// One run of the program, as far as its placeholders go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunContext<'a> {
    pub(crate) number: u64,
    pub(crate) config: &'a Config,
    pub(crate) slot: usize,
    pub(crate) target: Option<u64>,
    pub(crate) folder: &'a TrialFolder,
    /// Whether the folder has the checkpoints of a trial that this one continues.
    pub(crate) has_parent: bool,
}

/// The most programs that run at once: each has a thread.
const MOST_WORKERS: usize = 4096;

impl<'a> Plan<'a> {
    pub(crate) fn new(settings: &'a TuneSettings) -> Result<Self, TuneError> {
        let refused = |name, reason: String| Err(TuneError::Setting { name, reason });
        if settings.objectives.is_empty() {
            return refused("objectives", "a study needs at least one".into());
        }
        if let Some(workers) = settings.workers.filter(|n| !(1..=MOST_WORKERS).contains(n)) {
            return refused("workers", format!("{workers} is outside 1 to {MOST_WORKERS}"));
        }
        let mut names: Vec<&str> = settings.objectives.iter().map(|o| o.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return refused("objectives", format!("{:?} is given twice", pair[0]));
        }
        if settings.trials == 0 {
            return refused("trials", "must be at least 1".into());
        }
        let fidelity = settings.fidelity.as_ref();
        let taken = |name: &str| {
            PLACEHOLDERS.contains(&name)
                || name == "params"
                || fidelity.is_some_and(|fidelity| fidelity.name == name)
        };
        if let Some(param) = settings.space.params().iter().find(|param| taken(param.name())) {
            let reason = format!("the parameter {:?} has the name of a placeholder", param.name());
            return refused("space", reason);
        }
        if let Some((first, second)) = same_variable(settings) {
            let name = variable(first);
            let reason =
                format!("the parameters {first:?} and {second:?} would both be passed as {name}");
            return refused("space", reason);
        }
        let command = Command::parse(&settings.command, &settings.environment)?;
        let known = placeholders(settings);
        command.check(&known)?;
        let result_file = settings.result_file.as_deref().map(Template::parse).transpose()?;
        let result_file = match result_file {
            None if command.uses("result") => Some(Template::parse("{result}")?),
            given => given,
        };
        if let Some(template) = &result_file {
            template.check(known.iter().map(String::as_str))?;
        }
        let metrics = Metrics::new(
            &settings.objectives,
            &settings.limits,
            fidelity.map(|fidelity| fidelity.name.as_str()),
            &settings.patterns,
        )?;
        let resumable = command.uses("checkpoint");
        let ladder = fidelity.map(|fidelity| fidelity.ladder(resumable)).transpose()?;
        let plan = Self { settings, command, metrics: Arc::new(metrics), ladder, result_file };
        // Names and options are refused before the study has a folder.
        plan.parts()?;
        Ok(plan)
    }

    pub(crate) fn directions(&self) -> Vec<Direction> {
        self.settings.objectives.iter().map(|objective| objective.direction).collect()
    }

    /// Sampler and scheduler.
    pub(crate) fn parts(&self) -> Result<Parts, TuneError> {
        let settings = self.settings;
        let context = StudyContext {
            space: &settings.space,
            objectives: settings.objectives.len(),
            constraints: settings.limits.len(),
            planned_trials: Some(settings.trials),
            ladder: self.ladder.as_ref(),
            total_cost: None,
            trial_limit: None,
        };
        Ok(automl_registry::pair(&settings.sampler, &settings.scheduler, &context)?)
    }

    /// Whether the program is told the fidelity that it goes to, so that it ends there by itself.
    pub(crate) fn is_told_target(&self) -> bool {
        let fidelity = self.settings.fidelity.as_ref();
        fidelity.is_some_and(|fidelity| self.command.uses(&fidelity.name))
    }

    /// What the command lacks, perhaps on purpose.
    pub(crate) fn hints(&self) -> Vec<String> {
        let command = &self.command;
        let mut hints = Vec::new();
        if !command.uses_all_params() && !command.uses("config") {
            let names = self.settings.space.params().iter().map(|param| param.name());
            hints.extend(names.filter(|name| !command.uses(name)).map(|name| {
                format!("no placeholder passes {name:?} on: the program finds it in $AUTOML_CONFIG")
            }));
        }
        let settings = self.settings;
        let is_population = [&settings.sampler, &settings.scheduler].map(|part| part.name == "pbt");
        if is_population.contains(&true) && !command.uses("parent_checkpoint") {
            hints.push(
                "without {parent_checkpoint} the children of the population start anew".into(),
            );
        }
        hints
    }

    /// The file of the result, where the program writes one.
    pub(crate) fn result_file(&self, values: &Values) -> Option<String> {
        self.result_file.as_ref()?.render(values)
    }

    /// The values of all placeholders in one run.
    pub(crate) fn values(&self, run: &RunContext<'_>) -> Values {
        let path = |path: &Path| Some(path.display().to_string());
        let parent = path(&run.folder.parent_checkpoint());
        let mut values: Values = [
            ("trial", Some(run.number.to_string())),
            ("slot", Some(run.slot.to_string())),
            ("config", path(&run.folder.config())),
            ("checkpoint", path(&run.folder.checkpoint())),
            ("parent_checkpoint", parent.filter(|_| run.has_parent)),
            ("result", path(&run.folder.result())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Some(fidelity) = &self.settings.fidelity {
            values.insert(fidelity.name.clone(), run.target.map(|target| target.to_string()));
        }
        for param in self.settings.space.params() {
            values.insert(param.name().to_owned(), None);
        }
        for (name, value) in self.params(run.config) {
            values.insert(name, Some(value));
        }
        values
    }

    /// The active parameters as texts.
    fn params(&self, config: &Config) -> Vec<(String, String)> {
        let params = self.settings.space.describe(config);
        params.map(|(name, choice)| (name.to_owned(), choice.to_string())).collect()
    }

    pub(crate) fn render(&self, values: &Values, config: &Config) -> Rendered {
        self.command.render(values, &self.params(config))
    }

    /// The variables that every run has.
    pub(crate) fn environment(
        &self,
        run: &RunContext<'_>,
        values: &Values,
    ) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = PLACEHOLDERS
            .iter()
            .filter_map(|name| {
                let value = values.get(*name)?.clone()?;
                Some((format!("AUTOML_{}", name.to_ascii_uppercase()), value))
            })
            .collect();
        if let Some(target) = run.target {
            variables.push(("AUTOML_FIDELITY".into(), target.to_string()));
        }
        let gpus = &self.settings.gpus;
        if !gpus.is_empty() {
            let gpu = gpus[run.slot % gpus.len()].clone();
            variables.push(("CUDA_VISIBLE_DEVICES".into(), gpu));
        }
        for (name, value) in self.params(run.config) {
            variables.push((variable(&name), value));
        }
        variables
    }

    /// The active parameters as a JSON object.
    pub(crate) fn config_json(&self, config: &Config) -> Map<String, Value> {
        let params = self.settings.space.describe(config);
        params.map(|(name, choice)| (name.to_owned(), json(choice))).collect()
    }
}

fn json(choice: Choice) -> Value {
    match choice {
        Choice::Null => Value::Null,
        Choice::Bool(x) => x.into(),
        Choice::Int(x) => x.into(),
        Choice::Float(x) => x.into(),
        Choice::Str(x) => x.into(),
    }
}

/// The environment variable of a parameter.
fn variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("AUTOML_PARAM_{}", name.chars().map(plain).collect::<String>())
}

/// Two parameters with the same environment variable.
fn same_variable(settings: &TuneSettings) -> Option<(&str, &str)> {
    let mut known: HashMap<String, &str> = HashMap::new();
    let mut names = settings.space.params().iter().map(|param| param.name());
    names.find_map(|name| Some((known.insert(variable(name), name)?, name)))
}

/// The names that placeholders may have.
fn placeholders(settings: &TuneSettings) -> Vec<String> {
    let params = settings.space.params().iter().map(|param| param.name().to_owned());
    let fidelity = settings.fidelity.iter().map(|fidelity| fidelity.name.clone());
    let fixed = PLACEHOLDERS.iter().map(|name| (*name).to_owned());
    params.chain(fidelity).chain(fixed).collect()
}
