//! The crates that are checked without the deep-learning framework.

use crate::workspace::Package;
use crate::{shell, source};
use anyhow::{Result, anyhow, bail};
use std::collections::BTreeSet;
use std::process::Command;

/// What the framework is called.
const FRAMEWORK: &str = "burn";

/// The crates of the workspace that do not reach the framework without their default features.
#[derive(Clone, Debug)]
pub(super) struct Light<'a> {
    packages: Vec<&'a Package>,
    /// The names of those that reach it with their default features.
    gated: Vec<&'a str>,
}

impl<'a> Light<'a> {
    /// Asks cargo, crate by crate: together, one may turn on the features of another. The questions run
    /// at the same time.
    pub(super) fn of(packages: &'a [Package]) -> Result<Self> {
        let ask = |package: &Package| -> Result<(bool, bool)> {
            let alone = ["--package", package.name.as_str()];
            if reaches_framework(&[&alone[..], &["--no-default-features"]].concat())? {
                return Ok((false, false));
            }
            Ok((true, package.has_default_features() && reaches_framework(&alone)?))
        };
        let answers = std::thread::scope(|scope| {
            let asked: Vec<_> = packages.iter().map(|p| scope.spawn(move || ask(p))).collect();
            let answers = asked.into_iter().map(|asked| asked.join());
            answers
                .map(|answer| answer.map_err(|_| anyhow!("a question to cargo panicked"))?)
                .collect()
        });
        let answers: Result<Vec<(bool, bool)>> = answers;
        let mut light = Self { packages: Vec::new(), gated: Vec::new() };
        for (package, (is_light, is_gated)) in packages.iter().zip(answers?) {
            light.packages.extend(is_light.then_some(package));
            light.gated.extend(is_gated.then_some(package.name.as_str()));
        }
        Ok(light)
    }

    /// Cargo for all of them, with studies in PostgreSQL.
    pub(super) fn cargo(&self, command: &[&str]) -> Command {
        let mut cargo = shell::cargo(command);
        cargo.args(["--release", "--no-default-features", "--features", "postgres"]);
        for package in &self.packages {
            cargo.args(["--package", &package.name]);
        }
        cargo
    }

    /// Dependencies that the full check compiles with other features than the fast one, so that neither
    /// profits from the other.
    pub(super) fn compiled_twice(&self) -> Result<Vec<String>> {
        let options = ["tree", "--prefix=none", "--edges=normal,build,dev", "--format={p} [{f}]"];
        let external = |text: String| -> BTreeSet<String> {
            let lines = text.lines().map(|line| line.trim_end_matches(" (*)"));
            lines.filter(|line| !line.contains(" (/")).map(str::to_owned).collect()
        };
        let mut whole = shell::cargo(options);
        whole.args(["--workspace", "--features", "postgres"]);
        let whole = external(shell::output(whole)?);
        let mut light = shell::cargo(options);
        light.args(["--no-default-features", "--features", "postgres"]);
        for package in &self.packages {
            light.args(["--package", &package.name]);
        }
        let light = external(shell::output(light)?);
        let pinned = "pin the features of the full check in benches/Cargo.toml";
        Ok(light.difference(&whole).map(|package| format!("{package}: {pinned}")).collect())
    }

    /// Clippy, without default features, for the crates that reach the framework through them.
    pub(super) fn clippy_gated(&self) -> Command {
        let mut cargo = shell::cargo(["clippy", "--release", "--no-default-features"]);
        for package in self.featured().filter(|package| self.gated.contains(&package.name.as_str()))
        {
            cargo.args(["--package", &package.name]);
        }
        cargo.args(["--", "-D", "warnings"]);
        cargo
    }

    /// The crates with code for some features, and the names of the features that bring the framework.
    /// Features that are only handed on to dependencies select no code of their own.
    pub(super) fn features(&self) -> Result<Vec<(&'a str, Vec<&'a str>)>> {
        let mut features = Vec::new();
        for package in self.featured() {
            if !has_conditional_code(package)? {
                continue;
            }
            let mut heavy = vec!["default"];
            for feature in &package.features {
                let selected = ["--package", &package.name, "--no-default-features", "--features"];
                if reaches_framework(&[&selected[..], &[feature]].concat())? {
                    heavy.push(feature);
                }
            }
            features.push((package.name.as_str(), heavy));
        }
        Ok(features)
    }

    fn featured(&self) -> impl Iterator<Item = &'a Package> {
        self.packages.iter().copied().filter(|package| !package.features.is_empty())
    }
}

/// Whether the code of a package depends on its features.
fn has_conditional_code(package: &Package) -> Result<bool> {
    let folder = package.manifest.parent().unwrap_or(&package.manifest);
    for file in source::files(&folder.join("src"))? {
        if source::read(&file)?.contains("feature = \"") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a selection of packages and features reaches the framework, tests aside.
fn reaches_framework(selection: &[&str]) -> Result<bool> {
    let mut cargo = shell::cargo(["tree", "--prefix=none", "--edges=normal,build", "--invert"]);
    let output = cargo.arg(FRAMEWORK).args(selection).output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    // What nothing reaches is an unknown package to cargo.
    if !output.status.success() && !error.contains("did not match any packages") {
        bail!("cargo tree {}: {error}", selection.join(" "));
    }
    Ok(output.status.success())
}
