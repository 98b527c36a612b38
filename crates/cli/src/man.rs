//! `automl man`: manual pages.

use crate::output::say;
use crate::{Cli, Failure};
use clap::{Args, CommandFactory};
use std::path::PathBuf;

/// Options of `automl man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Folder for the pages, such as ~/.local/share/man/man1
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Writes a page for the program and one for each command.
pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    let folder = &args.folder;
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|error| format!("cannot write into {}: {error}", folder.display()))?;
    say(format!(
        "{}: read them with `man -l {}`",
        folder.display(),
        folder.join("automl.1").display()
    ))
}
