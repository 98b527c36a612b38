//! Output on pipes that may be closed, and above a line of progress.

use crate::Failure;
use clap::Args;
use indicatif::ProgressBar;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The line of progress on the terminal, if there is one.
static PROGRESS: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn progress() -> MutexGuard<'static, Option<ProgressBar>> {
    PROGRESS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows notes above a line of progress from now on; `None` where it has ended.
#[cfg(feature = "train")]
pub(crate) fn set_progress(bar: Option<ProgressBar>) {
    *progress() = bar;
}

/// How much a long command shows.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct ShowArgs {
    /// Show results and notes, but no progress
    #[arg(long, short, help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Print one JSON object a line on standard output, for programs: events, then the result
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

impl ShowArgs {
    /// Whether progress is shown to a person.
    pub(crate) fn shows_progress(self) -> bool {
        !self.quiet && !self.json
    }
}

/// The columns of the terminal on standard output; `None` where it is none.
pub(crate) fn width() -> Option<usize> {
    let terminal = console::Term::stdout();
    let (_, columns) = terminal.size_checked()?;
    io::IsTerminal::is_terminal(&io::stdout()).then_some(usize::from(columns))
}

/// The exit status of wrong arguments.
pub(crate) const USAGE: u8 = 2;

/// The exit status of a command that Ctrl-C ended, as shells give it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The end of a command by Ctrl-C, with what is left to do.
#[derive(Debug)]
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "long commands train"))]
pub(crate) struct Interrupted(String);

impl Interrupted {
    #[cfg(feature = "train")]
    pub(crate) fn because(text: impl Into<String>) -> Failure {
        Box::new(Self(text.into()))
    }
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Interrupted {}

/// Prints a line on standard output. A closed pipe (`| head`) is not a failure.
pub(crate) fn say(text: impl Display) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot write the output: {error}").into())
        }
        _ => Ok(()),
    }
}

/// Prints a line on standard error, above a line of progress. A closed standard error does not end the
/// work, and no other place is left to say so.
///
/// A message may show an argument that was meant to be something else, and that may be an address.
pub(crate) fn note(text: impl Display) {
    let text = automl::storage::without_passwords(&text.to_string());
    let bar = progress().clone();
    match bar {
        Some(bar) => bar.println(text),
        None => drop(writeln!(io::stderr(), "{text}")),
    }
}
