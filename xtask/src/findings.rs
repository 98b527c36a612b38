//! What a check found.

use anyhow::{Result, bail};

/// Fails with a list of the findings, if there are any.
pub(crate) fn report(check: &str, findings: &[String]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{check}: {} found\n  {}", findings.len(), findings.join("\n  "))
}
