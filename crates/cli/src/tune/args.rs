//! The options of `automl tune`.

use super::objectives::Objectives;
use crate::Failure;
use crate::output::ShowArgs;
use crate::parts::{sampler_help, scheduler_help};
use automl::registry::PartSpec;
use automl::settings::Span;
use automl::transfer::SourceSpec;
use automl::tune::{Fidelity, Limit, SpaceFile, TuneSettings};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const LONG: &str = "\
Tune any program: values in, a result out.

The command after -- is run once for each trial, with the values of the search space in place of
{NAME}. Its result is the last line of its output that is a JSON object, such as
{\"loss\": 0.31}, or a plain number.

With --fidelity the program also reports on the way, one JSON line after each epoch, and the
scheduler stops or pauses what does badly. {epochs} is the epoch to train to, {checkpoint} a folder
that keeps what the program saves until its trial goes on.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  automl tune --param 'lr=float(1e-5,1e-1,log)' --param 'layers=int(1,8)' \\
      -- python train.py --lr {lr} --layers {layers}
      100 trials that minimize \"loss\"

  automl tune --space space.toml --maximize accuracy --trials 50 -- ./train {params}
      the space from a file; {params} stands for --name value of each parameter

  automl tune --space space.toml --fidelity epochs=1..27 --workers 2 \\
      -- python train.py --lr {lr} --epochs {epochs} --checkpoint {checkpoint}
      ASHA: most trials end after an epoch or three, the best go on from their checkpoints

  automl tune --space space.json --minimize error --minimize mb --constraint 'ms<=20' \\
      --gpus 0,1,2,3 -- ./run.sh {config}
      two objectives, a constraint, one program on each GPU, the values in a JSON file

  automl tune ... --study big --storage postgresql://me@host/studies -- ...
      the same line on every machine: each adds its workers to the one study

What you get, in runs/<study>/:
  best.json      the best trial, with the command that repeats it
  study.db       every trial; Optuna and its dashboard open it: sqlite:///runs/<study>/study.db
  trials/<n>/    output.log, config.json and checkpoint/ of each trial

Ctrl-C ends a run cleanly; whatever ends it, the same command with --study <name> goes on where it
was.";

#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    /// The search space: .toml, .json (the protocol's form, ConfigSpace's or NNI's) or .yaml (NePS)
    #[arg(long, value_name = "FILE", help_heading = "Space")]
    space: Option<PathBuf>,
    /// A parameter: 'lr=float(1e-5,1e-1,log)', 'n=int(8,64,step=8)', 'opt=choice(adam,sgd)',
    /// 'm=float(0,1) when opt=sgd'; may be repeated
    #[arg(long, value_name = "NAME=TYPE", help_heading = "Space")]
    param: Vec<String>,
    /// The amount of work that the scheduler varies: epochs=1..27, or 27 for the same
    #[arg(long, value_name = "NAME=MIN..MAX", help_heading = "Space")]
    fidelity: Option<Fidelity>,

    #[command(flatten)]
    objectives: Objectives,
    /// A limit on another value of the result, as in 'mb<=512'; may be repeated
    #[arg(long, value_name = "NAME<=NUMBER", help_heading = "Result")]
    constraint: Vec<Limit>,
    /// Find a value in the output by a regular expression instead of JSON lines, as in
    /// 'loss=val_loss: ([0-9.]+)'; the last match counts; may be repeated
    #[arg(long, value_name = "NAME=PATTERN", help_heading = "Result")]
    regex: Vec<String>,
    /// Read the result from a JSON file that the program writes; placeholders are allowed [default:
    /// the file {result}, where the command has it]
    #[arg(long, value_name = "FILE", help_heading = "Result")]
    result_file: Option<String>,

    /// How many trials in all, those of earlier runs included
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Search")]
    trials: u64,
    /// The longest the whole run may take: 90s, 30m, 2h
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    timeout: Option<Span>,
    #[arg(long, value_name = "NAME", default_value = "auto", hide_default_value = true,
          help_heading = "Search", help = sampler_help("auto", 1))]
    sampler: PartSpec,
    #[arg(long, value_name = "NAME", default_value = "auto", hide_default_value = true,
          help_heading = "Search", help = scheduler_help("auto"))]
    scheduler: PartSpec,
    /// The seed of every random decision [default: that of a study that is continued, else 0]
    #[arg(long, value_name = "N", help_heading = "Search")]
    seed: Option<u64>,

    /// How many programs run at once [default: one, or one for each GPU]
    #[arg(long, value_name = "N", help_heading = "Programs")]
    workers: Option<usize>,
    /// GPUs: each program gets one by CUDA_VISIBLE_DEVICES, as in 0,1
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Programs")]
    gpus: Vec<String>,
    /// An environment variable, with placeholders; may be repeated
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Programs")]
    env: Vec<String>,
    /// The longest that a program may run for one trial: 90s, 30m, 2h
    #[arg(long, value_name = "TIME", help_heading = "Programs")]
    trial_timeout: Option<Span>,
    /// The time that a program has to end after SIGTERM, before SIGKILL [default: 10s]
    #[arg(long, value_name = "TIME", help_heading = "Programs")]
    grace: Option<Span>,
    /// How often a program that crashes is run again before its trial counts as failed
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Programs")]
    retries: u32,
    /// End the run once so many trials have failed and none has had a result
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Programs")]
    max_failures: u64,
    /// Keep the checkpoints of pruned and failed trials too
    #[arg(long, help_heading = "Programs")]
    keep_checkpoints: bool,

    /// The study's name; a study of that name is continued, or joined where another process is at
    /// work on it [default: the first free one of tune-1, tune-2, ...]
    #[arg(long, value_name = "NAME", help_heading = "Study")]
    study: Option<String>,
    /// Where the record is kept: a file, or for several machines
    /// postgresql://user:password@host/database [default: runs/<study>/study.db]
    #[arg(long, value_name = "FILE|URL", help_heading = "Study")]
    pub(crate) storage: Option<String>,
    /// The folder of all studies
    #[arg(long, value_name = "FOLDER", default_value = "runs", help_heading = "Study")]
    runs: PathBuf,
    /// Learn from earlier studies: names in the folder of studies, folders, files of databases or
    /// addresses, with #NAME for one study of several
    #[arg(long, value_name = "STUDY|FOLDER|URL", value_delimiter = ',', help_heading = "Study")]
    warm_start: Vec<String>,
    /// A parameter or choice that had another name in the earlier studies, as in
    /// 'lr=learning_rate' or 'optimizer:sgd=momentum'; may be repeated
    #[arg(long, value_name = "[NAME:]OLD=NEW", requires = "warm_start", help_heading = "Study")]
    rename: Vec<String>,
    /// Check everything, print the command of the first trial, and run nothing
    #[arg(long, help_heading = "Study")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) show: ShowArgs,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl TuneArgs {
    /// The settings of the options, with the space of the file.
    pub(crate) fn settings(&self) -> Result<TuneSettings, Failure> {
        if self.space.is_none() && self.param.is_empty() {
            return Err("no search space: give --space FILE or --param NAME=TYPE".into());
        }
        let space = SpaceFile::read(self.space.as_deref(), &self.param)?;
        let mut settings = TuneSettings::new(space.space, self.command.clone());
        settings.fidelity = self.fidelity.clone().or(space.fidelity);
        if !self.objectives.0.is_empty() {
            settings.objectives = self.objectives.0.clone();
        }
        settings.limits = self.constraint.clone();
        settings.patterns = self.regex.clone();
        settings.result_file = self.result_file.clone();
        settings.trials = self.trials;
        settings.timeout = time(self.timeout);
        settings.sampler = self.sampler.clone();
        settings.scheduler = self.scheduler.clone();
        settings.seed = self.seed;
        settings.workers = self.workers;
        settings.gpus = self.gpus.clone();
        settings.environment = self.env.clone();
        settings.trial_timeout = time(self.trial_timeout);
        settings.grace = time(self.grace).unwrap_or(settings.grace);
        settings.retries = self.retries;
        settings.max_failures = self.max_failures;
        settings.keep_checkpoints = self.keep_checkpoints;
        settings.study = self.study.clone();
        settings.storage = self.storage.clone();
        settings.runs = self.runs.clone();
        let sources = self.warm_start.iter().map(String::as_str);
        settings.warm_start = SourceSpec::parse(sources, self.rename.iter().map(String::as_str))?;
        Ok(settings)
    }
}

fn time(span: Option<Span>) -> Option<Duration> {
    span.map(|span| span.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        tune: TuneArgs,
    }

    #[test]
    fn options_become_settings() {
        let args = [
            "x",
            "--param",
            "x=float(0,1)",
            "--maximize",
            "acc",
            "--minimize",
            "mb",
            "--maximize",
            "f1",
            "--constraint",
            "ms<=20",
            "--fidelity",
            "27",
            "--gpus",
            "0,1",
            "--trial-timeout",
            "1m",
            "--",
            "prog",
            "--lr",
            "{x}",
            "--help",
        ];
        let settings = Alone::parse_from(args).tune.settings().unwrap();
        let names: Vec<&str> = settings.objectives.iter().map(|o| o.name.as_str()).collect();
        assert_eq!(names, ["acc", "mb", "f1"]);
        assert_eq!(settings.command, ["prog", "--lr", "{x}", "--help"]);
        assert_eq!(settings.slots(), 2);
        assert_eq!(settings.trial_timeout, Some(Duration::from_secs(60)));
        assert_eq!(settings.fidelity.map(|fidelity| fidelity.max), Some(27));
        let error = Alone::parse_from(["x", "--", "prog"]).tune.settings().unwrap_err();
        assert!(error.to_string().contains("--space"));
    }
}
