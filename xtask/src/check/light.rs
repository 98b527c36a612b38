//! The crates that are checked without the deep-learning framework.

use crate::shell;
use crate::workspace::Package;
use anyhow::Result;
use std::process::Command;

/// What the framework is called.
const FRAMEWORK: &str = "burn";

/// The crates of the workspace that do not reach the framework without their default features.
#[derive(Clone, Debug)]
pub(super) struct Light<'a> {
    packages: Vec<&'a Package>,
    /// The names of those that reach it with their default features.
    gated: Vec<String>,
}

impl<'a> Light<'a> {
    /// Asks cargo which crates reach the framework.
    pub(super) fn of(packages: &'a [Package]) -> Result<Self> {
        let heavy = reaching(&["--workspace", "--no-default-features"])?;
        let packages = packages.iter().filter(|package| !heavy.contains(&package.name));
        Ok(Self { packages: packages.collect(), gated: reaching(&["--workspace"])? })
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

    /// Clippy, without default features, for the crates that reach the framework through them.
    pub(super) fn clippy_gated(&self) -> Command {
        let mut cargo = shell::cargo(["clippy", "--release", "--no-default-features"]);
        for package in self.featured().filter(|package| self.gated.contains(&package.name)) {
            cargo.args(["--package", &package.name]);
        }
        cargo.args(["--", "-D", "warnings"]);
        cargo
    }

    /// The crates with features, and the names of the features that bring the framework.
    pub(super) fn features(&self) -> Result<Vec<(&'a str, Vec<&'a str>)>> {
        let mut features = Vec::new();
        for package in self.featured() {
            let mut heavy = vec!["default"];
            for feature in &package.features {
                let selected = ["--package", &package.name, "--no-default-features", "--features"];
                if !reaching(&[&selected[..], &[feature]].concat())?.is_empty() {
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

/// The packages that reach the framework in a selection; tests count only below others.
fn reaching(selection: &[&str]) -> Result<Vec<String>> {
    let mut cargo = shell::cargo(["tree", "--prefix=none", "--edges=normal,build", "--invert"]);
    cargo.arg(FRAMEWORK).args(selection);
    let output = cargo.output()?;
    // Cargo reports a package that nothing reaches as unknown.
    Ok(names(&String::from_utf8_lossy(&output.stdout)))
}

/// The names of a tree, one in each line.
fn names(tree: &str) -> Vec<String> {
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn the_names_of_a_tree_are_read() {
        let tree = "burn v0.22.1\nautoml-models v0.1.0 (/a)\nautoml-train v0.1.0 (/b) (*)\n";
        assert_eq!(names(tree), ["burn", "automl-models", "automl-train"]);
        assert!(names("").is_empty());
    }
}
