//! `automl needs`: what a build must be able to do for a command, told to the program that builds it.
//!
//! One line of JSON on standard output: `{"device":"auto","postgres":false,"training":true}`. Wrong
//! options and settings are errors, as they are to the command itself.

use crate::output::say;
use crate::report::StudyArgs;
use crate::{Cli, Command, Failure};
use automl::search::{Device, Settings};
use automl::storage::Address;
use clap::Parser;
use serde_json::json;

/// What a build must be able to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Needs {
    /// Whether networks are trained or run.
    training: bool,
    /// The device on which they are.
    device: Device,
    /// Whether the record lies in a PostgreSQL database.
    postgres: bool,
}

/// Prints what the command of these arguments needs.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let needs = needs(args)?;
    say(json!({
        "training": needs.training,
        "device": needs.device,
        "postgres": needs.postgres,
    }))
}

fn needs(args: &[String]) -> Result<Needs, Failure> {
    let name = "automl".to_owned();
    let command = match Cli::try_parse_from(std::iter::once(&name).chain(args)) {
        Ok(cli) => cli.command,
        Err(error) if error.use_stderr() => error.exit(),
        // Help, which every build prints.
        Err(_) => return Ok(Needs::default()),
    };
    let (settings, dry_run) = match command {
        Command::Search(args) => (args.load()?, args.settings.dry_run),
        Command::Train(args) if args.print_grammar => return Ok(Needs::default()),
        Command::Train(args) => (args.load()?, args.settings.dry_run),
        Command::Compress(args) => (args.load()?, args.settings.dry_run),
        Command::Fidelities(args) => (args.load()?, args.settings.dry_run),
        Command::Latency(args) => {
            let device = args.device();
            return Ok(Needs { training: !args.dry_run, device, postgres: false });
        }
        Command::Tune(args) => {
            let postgres = args.storage.as_deref().is_some_and(is_postgres) && !args.dry_run;
            return Ok(Needs { postgres, ..Needs::default() });
        }
        Command::Report(args) => return Ok(reads(&args.study)),
        Command::Importance(args) => return Ok(reads(&args.study)),
        Command::ExportTrials(args) => return Ok(reads(&args.study)),
        Command::Studies(_) => {
            let postgres = args.iter().any(|arg| is_postgres(arg));
            return Ok(Needs { postgres, ..Needs::default() });
        }
        _ => return Ok(Needs::default()),
    };
    if dry_run {
        return Ok(Needs::default());
    }
    Ok(of(&settings, begun(&settings).as_ref()))
}

/// What reading a study needs.
fn reads(study: &StudyArgs) -> Needs {
    Needs { postgres: study.needs_postgres(), ..Needs::default() }
}

/// What a training with these settings needs. A setting at its default is taken from the study that
/// is continued.
fn of(settings: &Settings, begun: Option<&Settings>) -> Needs {
    let device = match settings.device {
        Device::Auto => begun.map_or(Device::Auto, |begun| begun.device),
        given => given,
    };
    let storage = settings.storage.as_deref();
    let storage = storage.or_else(|| begun.and_then(|begun| begun.storage.as_deref()));
    Needs { training: true, device, postgres: storage.is_some_and(is_postgres) }
}

fn is_postgres(url: &str) -> bool {
    matches!(Address::parse(url), Ok(Address::Postgres(_)))
}

/// The settings with which the study of these settings began. A file that cannot be read counts as
/// none: the command reports it.
fn begun(settings: &Settings) -> Option<Settings> {
    let folder = settings.runs.join(settings.study.as_ref()?);
    serde_json::from_str(&std::fs::read_to_string(folder.join("settings.json")).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Needs, needs};
    use automl::search::Device;

    const TRAINING: Needs = Needs { training: true, device: Device::Auto, postgres: false };

    fn asked(line: &[&str]) -> Needs {
        needs(&line.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn only_commands_with_networks_need_training() {
        assert_eq!(asked(&["search"]), TRAINING);
        assert_eq!(asked(&["train", "a.yaml", "--out", "b"]), TRAINING);
        assert_eq!(asked(&["compress", "a", "--keep", "0.5", "--out", "b"]), TRAINING);
        assert_eq!(asked(&["fidelities"]), TRAINING);
        assert_eq!(asked(&["latency"]), TRAINING);
        let lines: [&[&str]; 6] = [
            &["serve", "--stdio"],
            &["simulate"],
            &["search", "--help"],
            &["--version"],
            &["search", "--dry-run"],
            &["latency", "--dry-run"],
        ];
        for line in lines {
            assert!(!asked(line).training, "{line:?}");
        }
    }

    #[test]
    fn the_device_is_read_from_options_and_settings() {
        let gpu = Needs { device: Device::Gpu, ..TRAINING };
        assert_eq!(asked(&["search", "--device", "gpu"]), gpu);
        assert_eq!(asked(&["search", "--set", "device=gpu"]), gpu);
        assert_eq!(asked(&["latency", "--device=gpu"]), gpu);
        assert_eq!(asked(&["search", "--device", "cpu", "--set=device=gpu"]).device, Device::Cpu);
    }

    #[test]
    fn databases_of_many_machines_are_seen() {
        let postgres = Needs { postgres: true, ..TRAINING };
        assert_eq!(asked(&["search", "--storage", "postgresql://me@host/x"]), postgres);
        assert_eq!(asked(&["search", "--set=storage=\"postgres://me@host/x\""]), postgres);
        assert_eq!(asked(&["search", "--storage", "sqlite:///postgres.db"]), TRAINING);
        let reads = Needs { postgres: true, ..Needs::default() };
        assert_eq!(asked(&["report", "postgresql://me@host/x"]), reads);
        assert_eq!(asked(&["studies", "copy", "a.db", "postgresql://me@host/x"]), reads);
        assert_eq!(asked(&["importance", "studies.db"]), Needs::default());
        let tuned = asked(&["tune", "--storage", "postgresql://me@host/x", "--", "prog"]);
        assert_eq!(tuned, Needs { postgres: true, ..Needs::default() });
    }

    #[test]
    fn a_continued_study_goes_on_with_its_settings() {
        let runs = std::env::temp_dir().join(format!("automl-needs-{}", std::process::id()));
        std::fs::create_dir_all(runs.join("far")).unwrap();
        let kept = r#"{"device": "gpu", "storage": "postgresql://me@host/x"}"#;
        std::fs::write(runs.join("far").join("settings.json"), kept).unwrap();
        let path = runs.display().to_string();
        let far = Needs { device: Device::Gpu, postgres: true, ..TRAINING };
        assert_eq!(asked(&["search", "--study", "far", "--runs", &path]), far);
        let other = ["search", "--study", "far", "--runs", &path, "--device=cpu"];
        assert_eq!(asked(&other).device, Device::Cpu);
        assert_eq!(asked(&["search", "--study", "near", "--runs", &path]), TRAINING);
        std::fs::remove_dir_all(&runs).unwrap();
    }

    #[test]
    fn wrong_settings_are_errors() {
        let wrong = ["search", "--set", "training.epoch=3"].map(str::to_owned);
        assert!(needs(&wrong).unwrap_err().to_string().contains("epoch"));
        let aimless = ["compress", "a", "--out", "b"].map(str::to_owned);
        assert!(needs(&aimless).unwrap_err().to_string().contains("--keep"));
    }
}
