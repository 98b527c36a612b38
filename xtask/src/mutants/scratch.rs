//! The copy of the workspace in which faults are made.

use super::patch::Patch;
use crate::shell;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A copy of the files that git knows, in the target folder.
#[derive(Debug)]
pub(super) struct Scratch {
    tree: PathBuf,
}

/// Where copy, output and results lie.
pub(super) fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| shell::root().join("target")).join("mutants")
}

impl Scratch {
    /// Copies the workspace as it stands, changes that are not committed included.
    pub(super) fn new() -> Result<Self> {
        let (root, tree) = (shell::root(), folder().join("tree"));
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        git.current_dir(&root);
        for name in shell::output(git)?.split('\0').filter(|name| !name.is_empty()) {
            copied(&root.join(name), &tree.join(name))?;
        }
        Ok(Self { tree })
    }

    /// Makes the fault; it is undone when the returned value is dropped.
    pub(super) fn apply(&self, patch: &Patch) -> Result<Restored> {
        let path = self.tree.join(&patch.file);
        let shown = path.display().to_string();
        let source = std::fs::read_to_string(&path).with_context(|| format!("no file {shown}"))?;
        let faulty = patch.applied(&source)?;
        let restored = Restored { path, source };
        std::fs::write(&restored.path, faulty).with_context(|| format!("cannot write {shown}"))?;
        Ok(restored)
    }

    /// A command that runs cargo in the copy. Crates from registries are compiled once for the
    /// workspace and the copy.
    pub(super) fn cargo(&self, args: &[&str]) -> Command {
        let mut cargo = shell::cargo(args);
        let target = folder().parent().map(Path::to_owned).unwrap_or_default();
        cargo.current_dir(&self.tree).env("CARGO_TARGET_DIR", target);
        cargo
    }
}

/// Copies a file of other content, so that what is unchanged is not compiled again; removes one
/// that is gone.
fn copied(from: &Path, to: &Path) -> Result<()> {
    let Ok(new) = std::fs::read(from) else {
        let _ = std::fs::remove_file(to);
        return Ok(());
    };
    if std::fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).context("cannot make a folder of the copy")?;
    }
    std::fs::write(to, new).with_context(|| format!("cannot write {}", to.display()))
}

/// Undoes a fault at its end.
#[derive(Debug)]
pub(super) struct Restored {
    path: PathBuf,
    source: String,
}

impl Drop for Restored {
    fn drop(&mut self) {
        if let Err(error) = std::fs::write(&self.path, &self.source) {
            eprintln!("{}: cannot be restored: {error}", self.path.display());
        }
    }
}
