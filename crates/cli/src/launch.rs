//! `automl launch`: job files that run one study on many machines.

mod kubernetes;
mod local;
mod slurm;
mod target;

use crate::Failure;
use crate::output::say;
use automl::settings::{AmountError, Bytes};
use automl::storage::Address;
use clap::{Args, ValueEnum};
use std::io::Write;
use std::process::{Command, Stdio};
use target::{Target, quoted};

pub(crate) const LONG: &str = "\
Print a job file that runs a search or a tune on many machines, or submit it.

Every task runs the same command on one study; there is no coordinator. The record lies in a
PostgreSQL database, or for `local` also in the folder of the study. A task that gets SIGTERM, as at
preemption, ends its programs within their grace period and frees its trials, which other tasks go on
with.";

pub(crate) const EXAMPLES: &str = "\
Examples:
  automl launch slurm --tasks 16 --cpus 4 --gpus 1 --time 4h -- \\
      tune --study big --storage postgresql://me@db/studies --runs /shared/runs \\
      --space space.toml -- python train.py {params}
      an array of 16 jobs, to be read, or with --submit to be handed to sbatch

  automl launch kubernetes --tasks 8 --image registry/automl:1 -- search --study big
      a PostgreSQL, a volume for runs/ and a job of 8 workers: | kubectl apply -f -

  automl launch local --tasks 4 -- search --study digits-1
      four processes on this machine";

/// The system that runs the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    /// A job array for sbatch
    Slurm,
    /// Manifests for kubectl: a PostgreSQL, a volume and a job
    Kubernetes,
    /// A shell script for this machine
    Local,
}

/// Options of `automl launch`.
#[derive(Debug, Args)]
pub(crate) struct LaunchArgs {
    /// The system
    system: System,
    /// How many processes work on the study
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    tasks: u32,
    /// CPU cores of each task
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    cpus: u32,
    /// Memory of each task, as in 8G
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = memory)]
    memory: u64,
    /// GPUs of each task
    #[arg(long, value_name = "N", default_value_t = 0)]
    gpus: u32,
    /// The longest that a task may run: 30m, 4h [default: the system's]
    #[arg(long, value_name = "TIME")]
    time: Option<automl::settings::Span>,
    /// The container image (kubernetes); `Dockerfile` of the project builds one
    #[arg(long, value_name = "IMAGE", default_value = "automl:latest")]
    image: String,
    /// Hand the file to sbatch, kubectl or sh instead of printing it
    #[arg(long)]
    submit: bool,
    /// The command: search or tune with its options, --study among them
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Prints or submits.
pub(crate) fn run(args: LaunchArgs) -> Result<(), Failure> {
    let target = target(&args)?;
    let (text, program): (String, &[&str]) = match args.system {
        System::Slurm => (slurm::script(&target), &["sbatch"]),
        System::Kubernetes => {
            (kubernetes::manifests(&target, &args.image), &["kubectl", "apply", "-f", "-"])
        }
        System::Local => (local::script(&target), &["sh"]),
    };
    if args.submit { submit(program, &text) } else { say(text.trim_end()) }
}

fn target(args: &LaunchArgs) -> Result<Target, Failure> {
    let command = &args.command;
    match command.first().map(String::as_str) {
        Some("search" | "tune") => {}
        other => {
            let other = other.unwrap_or_default();
            return Err(format!("launch runs `search` or `tune`, not {other:?}").into());
        }
    }
    let option = |name: &str| {
        // What follows `--` belongs to the program that is tuned.
        let own = command.iter().take_while(|word| *word != "--");
        let own: Vec<&String> = own.collect();
        let joined = own.iter().find_map(|word| word.strip_prefix(&format!("{name}=")));
        let after = || own.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].as_str());
        joined.or_else(after).map(str::to_owned)
    };
    let study = option("--study").ok_or("the tasks need one study: give --study NAME")?;
    let storage = option("--storage");
    let is_shared = storage.as_deref().is_some_and(|url| {
        matches!(Address::parse(url), Ok(Address::Postgres(_) | Address::Journal(_)))
    });
    match args.system {
        System::Slurm if !is_shared => {
            let reason = "tasks on several machines need --storage postgresql://user@host/database or journal:///FILE";
            return Err(reason.into());
        }
        System::Kubernetes if storage.is_some() => {
            return Err("the manifests hold a PostgreSQL of their own: leave --storage out".into());
        }
        _ => {}
    }
    if study.contains(char::is_control) {
        return Err(format!("the study {study:?} cannot stand in a script").into());
    }
    if args.system == System::Kubernetes && !is_label(&study) {
        let rule = "up to 50 lower-case letters, digits and hyphens, from a letter on";
        return Err(format!("the study {study:?} cannot name a job: {rule}").into());
    }
    let minutes = args.time.map(|time| time.0.as_secs().div_ceil(60).max(1));
    Ok(Target {
        study,
        command: command.clone(),
        tasks: args.tasks,
        cpus: args.cpus,
        memory: args.memory,
        gpus: args.gpus,
        minutes,
    })
}

/// Whether a study can name a job, and with a suffix a service.
fn is_label(study: &str) -> bool {
    let is_known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = study.starts_with(|c: char| c.is_ascii_lowercase());
    begins && !study.ends_with('-') && study.len() <= 50 && study.chars().all(is_known)
}

/// Mebibytes, rounded up.
fn memory(text: &str) -> Result<u64, String> {
    let bytes: Bytes = text.parse().map_err(|error: AmountError| error.to_string())?;
    match bytes.0.div_ceil(1 << 20) {
        mebibytes @ 64.. => Ok(mebibytes),
        _ => Err("a task needs at least 64M".to_owned()),
    }
}

/// Writes the file to a program's standard input.
fn submit(program: &[&str], text: &str) -> Result<(), Failure> {
    let name = program[0];
    let mut child = Command::new(name)
        .args(&program[1..])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", quoted(name)))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        launch: LaunchArgs,
    }

    fn parsed(line: &str) -> Result<Target, String> {
        let args = ["x"].into_iter().chain(line.split(' '));
        target(&Alone::parse_from(args).launch).map_err(|error| error.to_string())
    }

    #[test]
    fn commands_that_cannot_share_a_study_are_refused() {
        for (line, part) in [
            ("local -- train a.yaml", "not \"train\""),
            ("local -- search", "--study"),
            ("local -- tune -- prog --study x", "--study"),
            ("slurm -- search --study a", "postgresql://"),
            ("slurm -- search --study a --storage a.db", "postgresql://"),
            ("kubernetes -- search --study a --storage postgresql://me@h/d", "of their own"),
            ("kubernetes -- search --study A_1", "lower-case"),
            ("kubernetes -- search --study 1a", "from a letter on"),
            ("local -- search --study a\nb", "script"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
        let target =
            parsed("slurm --time 90s -- tune --study=a --storage postgres://h/d -- p").unwrap();
        assert_eq!((target.study.as_str(), target.minutes), ("a", Some(2)));
    }

    #[test]
    fn memory_is_read_with_its_unit() {
        for (text, mebibytes) in [("4G", 4096), ("8GiB", 8192), ("1GB", 954), ("512m", 512)] {
            assert_eq!(memory(text), Ok(mebibytes), "{text}");
        }
        for (text, part) in [("8", "64M"), ("4 cores", "number of bytes"), ("", "number of bytes")]
        {
            assert!(memory(text).unwrap_err().contains(part), "{text}");
        }
    }

    /// A stand-in for sbatch gets the script.
    #[test]
    #[cfg(unix)]
    fn scripts_are_submitted_on_standard_input() {
        submit(&["grep", "-q", "needle"], "hay\nneedle\n").unwrap();
        assert!(submit(&["grep", "-q", "needle"], "hay\n").is_err());
        let error = submit(&["no-such-sbatch"], "").unwrap_err().to_string();
        assert!(error.contains("no-such-sbatch"), "{error}");
    }
}
