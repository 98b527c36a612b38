//! `automl studies`: what a database of studies holds.

use crate::Failure;
use crate::output::say;
use automl::report::address;
use automl::storage::{self, Address, StudyRecord};
use clap::{Args, Subcommand};

/// Options of `automl studies`.
#[derive(Debug, Args)]
pub(crate) struct StudiesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the studies of a database with their numbers of trials
    List {
        /// File or address of the database, such as runs/digits-1/study.db
        #[arg(value_name = "FILE|URL")]
        place: String,
    },
    /// Show a study: its trials, and the rows of other programs that were set aside
    Show {
        /// File or address of the database, such as runs/digits-1/study.db
        #[arg(value_name = "FILE|URL")]
        place: String,
        /// The study's name; needed where the database holds several
        #[arg(long, value_name = "NAME")]
        study: Option<String>,
    },
    /// Copy a study with everything that is recorded of it into another database or journal
    Copy {
        /// File or address of the database
        #[arg(value_name = "FROM")]
        from: String,
        /// File or address of the other one, such as journal:///all.log; a file is created where there is
        /// none
        #[arg(value_name = "TO")]
        to: String,
        /// The study's name; needed where the database holds several
        #[arg(long, value_name = "NAME")]
        study: Option<String>,
        /// The name of the copy [default: the same]
        #[arg(long = "as", value_name = "NAME")]
        name: Option<String>,
    },
    /// Remove a study with everything that is recorded of it
    Delete {
        /// File or address of the database
        #[arg(value_name = "FILE|URL")]
        place: String,
        /// The study's name
        #[arg(long, value_name = "NAME")]
        study: String,
        /// Remove it: without, only what would be removed is shown
        #[arg(long)]
        yes: bool,
    },
    /// Check every page of an SQLite file for damage
    Check {
        /// The database, such as runs/digits-1/study.db
        file: String,
    },
}

pub(crate) fn run(args: &StudiesArgs) -> Result<(), Failure> {
    match &args.action {
        Action::List { place } => {
            for study in StudyRecord::list(&address(place))? {
                say(line(&study))?;
            }
            Ok(())
        }
        Action::Show { place, study } => {
            let place = address(place);
            let record = StudyRecord::read(&place, study.as_deref())?;
            let studies = StudyRecord::list(&place)?;
            for study in studies.iter().filter(|known| known.name == record.name) {
                say(line(study))?;
            }
            for entry in record.set_aside() {
                say(format_args!("trial {} was set aside: {}", entry.number, entry.reason))?;
            }
            Ok(())
        }
        Action::Copy { from, to, study, name } => {
            let (from, to) = (address(from), address(to));
            let study = StudyRecord::read(&from, study.as_deref())?.name;
            let name = name.as_ref().unwrap_or(&study);
            let trials = storage::copy_study(&from, &study, &to, name)?;
            let to = storage::without_password(&to);
            say(format_args!("{trials} trials of {study:?} are in {to} as {name:?}"))
        }
        Action::Delete { place, study, yes } => {
            let place = &address(place);
            if !yes {
                let trials = StudyRecord::read(place, Some(study))?.trials.len();
                let reason = format!("{study:?} has {trials} trials, which --yes removes for good");
                return Err(reason.into());
            }
            let trials = storage::delete_study(place, study)?;
            say(format_args!("{study:?} with {trials} trials is removed"))
        }
        Action::Check { file } => {
            let place = address(file);
            let Ok(Address::File(file)) = Address::parse(&place) else {
                let place = storage::without_password(file);
                let reason = "is no file of SQLite; `studies show` reads all of a journal";
                return Err(format!("{place} {reason}").into());
            };
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
