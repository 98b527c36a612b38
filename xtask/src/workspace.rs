//! The packages of the workspace, as `cargo metadata` describes them.

use crate::shell;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The workspace.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// The folder of built files, wherever the environment or cargo's configuration put it.
    pub(crate) target: PathBuf,
    /// The packages.
    pub(crate) packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its `Cargo.toml`.
    pub(crate) manifest: PathBuf,
    /// The oldest Rust that builds it, empty if unset.
    pub(crate) rust_version: String,
    /// Whether it has a library.
    pub(crate) is_library: bool,
    /// Its features, without `default`.
    pub(crate) features: Vec<String>,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
    /// Its record in `cargo metadata`.
    pub(crate) record: Value,
}

/// A dependency of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The name of the package depended on.
    pub(crate) name: String,
    /// Whether only tests, examples and benches use it.
    pub(crate) dev: bool,
    /// Whether it is a folder of this workspace.
    pub(crate) local: bool,
    /// The requirement on its version.
    pub(crate) version: String,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Self> {
        let text = shell::output(shell::cargo(["metadata", "--format-version=1", "--no-deps"]))?;
        let metadata: Value = serde_json::from_str(&text).context("cargo metadata is not JSON")?;
        let target = metadata["target_directory"].as_str();
        let target = target.context("cargo metadata has no target directory")?.into();
        let packages = metadata["packages"].as_array();
        let packages = packages.context("cargo metadata has no packages")?;
        Ok(Self { target, packages: packages.iter().map(Package::new).collect() })
    }
}

impl Package {
    fn new(record: &Value) -> Self {
        let kinds = |target: &Value| target["kind"].as_array().cloned().unwrap_or_default();
        let features = record["features"].as_object().into_iter().flatten();
        Self {
            name: text(&record["name"]),
            manifest: text(&record["manifest_path"]).into(),
            rust_version: text(&record["rust_version"]),
            is_library: list(&record["targets"])
                .any(|target| kinds(target).contains(&"lib".into())),
            features: features.map(|(name, _)| name.clone()).filter(|n| n != "default").collect(),
            dependencies: list(&record["dependencies"]).map(Dependency::new).collect(),
            record: record.clone(),
        }
    }

    /// Whether it has features that are on unless they are turned off.
    pub(crate) fn has_default_features(&self) -> bool {
        list(&self.record["features"]["default"]).next().is_some()
    }

    /// The folder of the package.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }
}

impl Dependency {
    fn new(record: &Value) -> Self {
        Self {
            name: text(&record["name"]),
            dev: record["kind"].as_str() == Some("dev"),
            local: record["path"].is_string(),
            version: text(&record["req"]),
        }
    }
}

/// A string of the record, empty where it is absent.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
