//! Output on pipes that may be closed.

use crate::Failure;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Prints a line on standard output. A closed pipe (`| head`) is not a failure.
pub(crate) fn say(text: impl Display) -> Result<(), Failure> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("cannot write the output: {error}").into())
        }
        _ => Ok(()),
    }
}

/// Prints a line of progress on standard error. A closed standard error does not end the work.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
