//! The size of crates.

use crate::source;
use crate::workspace::Package;
use anyhow::Result;

/// The most lines below `src`, so that a crate can be read in a day.
const MOST_LINES: usize = 6_500;

/// The crates with more lines.
pub(crate) fn findings(packages: &[Package]) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for package in packages {
        let mut lines = 0;
        for file in source::files(&package.folder().join("src"))? {
            lines += source::read(&file)?.lines().count();
        }
        if lines > MOST_LINES {
            findings.push(format!("{} has {lines} lines, more than {MOST_LINES}", package.name));
        }
    }
    Ok(findings)
}
