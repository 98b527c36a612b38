//! `automl studies`: what a database of studies holds.

use crate::Failure;
use crate::output::say;
use automl::storage;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Options of `automl studies`.
#[derive(Debug, Args)]
pub(crate) struct StudiesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the studies of an SQLite file with their numbers of trials
    List {
        /// The database, such as runs/digits-1/study.db
        file: PathBuf,
    },
    /// Show a study: its trials, and the rows of other programs that were set aside
    Show {
        /// The database, such as runs/digits-1/study.db
        file: PathBuf,
        /// The study's name; needed where the file holds several
        #[arg(long, value_name = "NAME")]
        study: Option<String>,
    },
    /// Check every page of an SQLite file for damage
    Check {
        /// The database, such as runs/digits-1/study.db
        file: PathBuf,
    },
}

pub(crate) fn run(args: &StudiesArgs) -> Result<(), Failure> {
    match &args.action {
        Action::List { file } => {
            for study in storage::studies(file)? {
                say(line(&study))?;
            }
            Ok(())
        }
        Action::Show { file, study } => {
            let studies = storage::studies(file)?;
            let name = match (study, studies.as_slice()) {
                (Some(name), _) => name.as_str(),
                (None, [only]) => &only.name,
                (None, all) => {
                    let names: Vec<&str> = all.iter().map(|study| study.name.as_str()).collect();
                    return Err(format!("give --study, one of: {}", names.join(", ")).into());
                }
            };
            let found = studies.iter().find(|study| study.name == name);
            say(line(found.ok_or_else(|| format!("there is no study {name:?}"))?))?;
            for entry in storage::set_aside(file, name)? {
                say(format_args!("trial {} was set aside: {}", entry.number, entry.reason))?;
            }
            Ok(())
        }
        Action::Check { file } => {
            let found = storage::integrity(file)?;
            if found.is_empty() {
                return say(format_args!("{}: ok", file.display()));
            }
            for line in &found {
                say(line)?;
            }
            Err(format!("{} is damaged", file.display()).into())
        }
    }
}

/// A study in one line.
fn line(study: &storage::StudySummary) -> String {
    format!("{}: {} trials, {} complete", study.name, study.trials, study.complete)
}
