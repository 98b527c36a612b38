//! Steps of the check that need programs from elsewhere.

use super::light::Light;
use crate::shell;
use anyhow::Result;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Runs the steps, and keeps what was left out.
#[derive(Debug, Default)]
pub(super) struct Tools {
    skipped: Vec<String>,
}

impl Tools {
    /// Notes a step that is left out.
    pub(super) fn skip(&mut self, step: &str, reason: &str) {
        let line = format!("{step}: {reason}");
        eprintln!("== skipped {line}");
        self.skipped.push(line);
    }

    /// Spelling, by `typos.toml`.
    pub(super) fn spelling(&mut self) -> Result<()> {
        if !shell::exists("typos", &["--version"]) {
            self.skip("spelling", "typos is not installed: `cargo install typos-cli --locked`");
            return Ok(());
        }
        let mut typos = Command::new("typos");
        typos.current_dir(shell::root());
        shell::step("spelling", typos)
    }

    /// Licenses, sources and known vulnerabilities of all dependencies, by `deny.toml`.
    pub(super) fn dependencies(&mut self) -> Result<()> {
        if !self.has_subcommand("deny") {
            return Ok(());
        }
        let deny = shell::cargo(["deny", "check", "licenses", "bans", "sources"]);
        shell::step("licenses and sources", deny)?;
        if !has_advisories() {
            self.skip("advisories", "there is no local database: `cargo deny fetch db`");
            return Ok(());
        }
        shell::step("advisories", shell::cargo(["deny", "--offline", "check", "advisories"]))
    }

    /// Each feature of the light crates alone, and none.
    pub(super) fn features(&mut self, light: &Light<'_>) -> Result<()> {
        if !self.has_subcommand("hack") {
            return Ok(());
        }
        for (package, heavy) in light.features()? {
            let mut hack = shell::cargo(["hack", "clippy", "--release", "--each-feature"]);
            hack.args(["--package", package, "--exclude-all-features"]);
            hack.args(["--exclude-features", &heavy.join(","), "--", "-D", "warnings"]);
            shell::step(&format!("features of {package}"), hack)?;
        }
        Ok(())
    }

    /// Says again what was left out; in continuous integration so that it is not overlooked.
    pub(super) fn sum_up(&self) {
        let mark = if std::env::var_os("CI").is_some() { "WARNING: " } else { "" };
        for skipped in &self.skipped {
            eprintln!("{mark}skipped {skipped}");
        }
    }

    fn has_subcommand(&mut self, name: &str) -> bool {
        let program = format!("cargo-{name}");
        // The programs read the name of the subcommand first.
        let exists = shell::exists(&program, &[name, "--version"]);
        if !exists {
            self.skip(&program, &format!("not installed: `cargo install {program} --locked`"));
        }
        exists
    }
}

/// Whether cargo-deny has a database of advisories on this machine.
fn has_advisories() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let databases = home.and_then(|home| fs::read_dir(home.join("advisory-dbs")).ok());
    databases.into_iter().flatten().flatten().any(|database| database.path().is_dir())
}
