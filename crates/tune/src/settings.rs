//! The settings of a study over a program.

use crate::{Fidelity, Limit, Objective};
use automl_registry::PartSpec;
use automl_space::Space;
use automl_transfer::SourceSpec;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of a study over a program.
///
/// # Examples
/// ```
/// use automl_tune::{SpaceFile, TuneSettings, preview};
///
/// let space = SpaceFile::read(None, &["x=float(0,1)".into()])?.space;
/// let command = ["echo", "{x}"].map(str::to_owned).to_vec();
/// let settings = TuneSettings::new(space, command);
/// assert!(preview(&settings)?.starts_with("echo 0."));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TuneSettings {
    /// The search space.
    pub space: Space,
    /// The program and its arguments, with placeholders.
    pub command: Vec<String>,
    /// Environment variables as `NAME=VALUE`, with placeholders.
    pub environment: Vec<String>,
    /// The fidelity, for schedulers that stop and pause trials. Absent by default.
    pub fidelity: Option<Fidelity>,
    /// The objectives, at least one. The default minimizes `loss`.
    pub objectives: Vec<Objective>,
    /// Limits on other values of the results. None by default.
    pub limits: Vec<Limit>,
    /// Regular expressions as `NAME=PATTERN` that find values in the output; the first group, or
    /// the whole match, is the value. Without any, the output is searched for JSON lines.
    pub patterns: Vec<String>,
    /// A file, with placeholders, from which the result is read when the program has ended.
    pub result_file: Option<String>,
    /// The sampler. The default is `auto`.
    pub sampler: PartSpec,
    /// The scheduler. The default is `auto`.
    pub scheduler: PartSpec,
    /// Trials in all, those of earlier runs included. The default is 100.
    pub trials: u64,
    /// The longest time of the whole run. Unlimited by default.
    pub timeout: Option<Duration>,
    /// The longest time of one run of the program. Unlimited by default.
    pub trial_timeout: Option<Duration>,
    /// The time between SIGTERM and SIGKILL. The default is 10 s.
    pub grace: Duration,
    /// Repetitions of a run that crashed, before its trial counts as failed. The default is 0.
    pub retries: u32,
    /// Failed trials in a row, without any success, that end the run. The default is 10.
    pub max_failures: u64,
    /// Programs that run at once, in `1..=4096`. The default is one, or one for each GPU.
    pub workers: Option<usize>,
    /// GPUs, one for each slot in turn, for `CUDA_VISIBLE_DEVICES`. None by default.
    pub gpus: Vec<String>,
    /// The name of the study. The default is the first free one of `tune-1`, `tune-2`, ...
    pub study: Option<String>,
    /// The folder of all studies. The default is `runs`.
    pub runs: PathBuf,
    /// The storage. The default is `study.db` in the folder of the study.
    pub storage: Option<String>,
    /// The seed. The default is that of a study that is continued, else 0.
    pub seed: Option<u64>,
    /// Earlier studies to learn from. None by default.
    pub warm_start: Vec<SourceSpec>,
    /// Whether checkpoints of pruned and failed trials are kept. They are removed by default.
    pub keep_checkpoints: bool,
}

impl TuneSettings {
    /// The defaults for a program over a space.
    pub fn new(space: Space, command: Vec<String>) -> Self {
        Self {
            space,
            command,
            environment: Vec::new(),
            fidelity: None,
            objectives: vec![Objective::minimize("loss")],
            limits: Vec::new(),
            patterns: Vec::new(),
            result_file: None,
            sampler: PartSpec::named("auto"),
            scheduler: PartSpec::named("auto"),
            trials: 100,
            timeout: None,
            trial_timeout: None,
            grace: Duration::from_secs(10),
            retries: 0,
            max_failures: 10,
            workers: None,
            gpus: Vec::new(),
            study: None,
            runs: PathBuf::from("runs"),
            storage: None,
            seed: None,
            warm_start: Vec::new(),
            keep_checkpoints: false,
        }
    }

    /// The number of programs that run at once, at least one.
    pub fn slots(&self) -> usize {
        self.workers.unwrap_or(self.gpus.len()).max(1)
    }
}
