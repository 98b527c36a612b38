//! Several processes on one record that are killed, stopped, cut off from the disk and set to other
//! clocks, and a check of what is left: `cargo xtask chaos`.
//!
//! Each worker writes down what was acknowledged to it, in a file of its own, and a parent plays chance.
//! At the end no worker is disturbed, the study comes to its end, and the record must hold everything that
//! was acknowledged, once; Optuna, where it is installed, must read the same.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod check;
#[path = "../../tests/common/faulty.rs"]
mod faulty;
mod optuna;
mod parent;
mod place;
mod worker;

use faulty::Fault;
use parent::Settings;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
Usage: chaos [--minutes N] [--storage sqlite|postgres|journal] [--workers N] [--seed N] [--fault NAME]

Without --storage, each kind that can be had here in turn; PostgreSQL at AUTOML_POSTGRES_URL, restarted by
the command in AUTOML_POSTGRES_RESTART. A fault is planted to see that it is found: NoOwnership,
ClaimWithoutLock, NoHeartbeat, ReportBeforeCommit, CheckpointFreedEarly; with one, finding nothing fails.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "worker") {
        return worker::main(&args[1..]);
    }
    if args.iter().any(|arg| matches!(arg.as_str(), "-h" | "--help")) {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match settings(&args) {
        Ok((settings, storages)) => {
            let runs = storages.iter().filter_map(|storage| parent::run(storage, &settings));
            let ended = runs.map(|violations| violations.is_empty() != settings.fault.is_some());
            // All of them run.
            let ended: Vec<bool> = ended.collect();
            if ended.iter().all(|ended| *ended) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// The fault of a name.
fn fault(name: &str) -> Result<Fault, String> {
    let found = Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == name);
    found.ok_or_else(|| format!("there is no fault {name:?}"))
}

fn settings(args: &[String]) -> Result<(Settings, Vec<String>), String> {
    let mut settings = Settings { time: Duration::from_secs(60), workers: 8, seed: 0, fault: None };
    let mut storages: Vec<String> = ["sqlite", "postgres", "journal"].map(str::to_owned).to_vec();
    let mut args = args.iter();
    while let Some(option) = args.next() {
        let value = args.next().ok_or_else(|| format!("{option} needs a value"))?;
        let bad = || format!("{option} cannot be {value:?}");
        match option.as_str() {
            "--minutes" => {
                let minutes: f64 = value.parse().map_err(|_| bad())?;
                settings.time = Duration::try_from_secs_f64(60.0 * minutes).map_err(|_| bad())?;
            }
            "--workers" => {
                settings.workers = value.parse().ok().filter(|n| *n > 0).ok_or_else(bad)?;
            }
            "--seed" => settings.seed = value.parse().map_err(|_| bad())?,
            "--fault" => settings.fault = Some(fault(value)?),
            "--storage" if storages.contains(value) => storages = vec![value.clone()],
            _ => return Err(format!("{option} {value} is not understood")),
        }
    }
    Ok((settings, storages))
}
