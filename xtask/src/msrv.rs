//! The oldest Rust that builds the workspace: said in one place, and kept.

use crate::shell;
use crate::source;
use crate::workspace::Package;
use anyhow::Result;
use std::process::Command;

/// Manifests that do not inherit the version, and files that name another one.
pub(crate) fn findings(packages: &[Package]) -> Result<Vec<String>> {
    let root = shell::root();
    let manifest = source::read(&root.join("Cargo.toml"))?;
    let Some(version) = assigned(&manifest, "rust-version") else {
        return Ok(vec!["Cargo.toml names no rust-version".into()]);
    };
    let mut findings = Vec::new();
    for package in packages {
        let text = source::read(&package.manifest)?;
        if package.rust_version != version || !text.contains("rust-version.workspace = true") {
            findings.push(format!("{} does not inherit rust-version", package.name));
        }
    }
    if !source::read(&root.join("README.md"))?.contains(&format!("Rust {version}")) {
        findings.push(format!("README.md does not say \"Rust {version}\""));
    }
    if let Some(msrv) = assigned(&source::read(&root.join("clippy.toml"))?, "msrv")
        && msrv != version
    {
        findings.push(format!("clippy.toml has msrv {msrv}, Cargo.toml {version}"));
    }
    Ok(findings)
}

/// Whether the compiler at hand is of that version, so that the other steps prove it.
pub(crate) fn is_proved(packages: &[Package]) -> Result<bool> {
    let mut rustc = Command::new("rustc");
    rustc.arg("--version").current_dir(shell::root());
    let text = shell::output(rustc)?;
    let version = text.split(' ').nth(1).unwrap_or_default();
    Ok(packages.iter().all(|package| version.starts_with(&package.rust_version)))
}

/// The string that a line of a TOML file assigns to a key.
fn assigned<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, value) = lines.find(|(name, _)| name.trim() == key)?;
    Some(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::assigned;

    #[test]
    fn the_value_of_a_key_is_read() {
        let text = "[workspace.package]\nedition = \"2024\"\nrust-version = \"1.95\"\n";
        assert_eq!(assigned(text, "rust-version"), Some("1.95"));
        assert_eq!(assigned(text, "msrv"), None);
    }
}
