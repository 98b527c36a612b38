//! What a check found, and whether it fails.

use anyhow::{Result, bail};

/// Whether findings fail the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// They are printed and counted.
    Warn,
    /// They fail it.
    Deny,
}

/// Prints the findings of a check, and fails if it is denied to have any.
pub(crate) fn report(check: &str, level: Level, findings: &[String]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let list = findings.join("\n  ");
    match level {
        Level::Deny => bail!("{check}: {} found\n  {list}", findings.len()),
        Level::Warn => eprintln!("{check}: {} found, which only warn\n  {list}", findings.len()),
    }
    Ok(())
}
