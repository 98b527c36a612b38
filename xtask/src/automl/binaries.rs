//! The binaries that earlier builds left.

use super::build::{self, Build};
use crate::shell;
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// Where the binaries with and without training lie.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    target: PathBuf,
}

impl Binaries {
    /// Those below a target folder.
    pub(super) fn new(target: &Path) -> Self {
        Self { target: target.to_owned() }
    }

    /// The binary with training.
    pub(super) fn training(&self) -> PathBuf {
        binary(&self.target)
    }

    /// An up-to-date binary for commands without training; built if there is none.
    pub(super) fn answering(&self) -> Result<PathBuf> {
        let target = self.target.join("light");
        let light = binary(&target);
        if let Some(fresh) = [self.training(), light.clone()].into_iter().find(|b| is_fresh(b)) {
            return Ok(fresh);
        }
        build::run(&Build::Light { target })?;
        Ok(light)
    }
}

/// A command that runs a binary.
pub(super) fn command(binary: &Path, args: &[String]) -> Command {
    let mut command = Command::new(binary);
    command.args(args);
    command
}

/// Whether a binary is newer than the sources and the dependencies that it was built from.
pub(super) fn is_fresh(binary: &Path) -> bool {
    let Some(built) = modified(binary) else { return false };
    let Ok(rule) = fs::read_to_string(binary.with_extension("d")) else { return false };
    let is_older = |source: &PathBuf| modified(source).is_some_and(|time| time <= built);
    let sources = sources(&rule);
    !sources.is_empty()
        && sources.iter().all(is_older)
        && is_older(&shell::root().join("Cargo.lock"))
}

/// The sources in a rule that cargo writes for make, `binary: source source`.
fn sources(rule: &str) -> Vec<PathBuf> {
    let Some((_, sources)) = rule.split_once(": ") else { return Vec::new() };
    // A space in a name stands behind a backslash.
    let names = sources.trim_end().replace("\\ ", "\0");
    names.split(' ').map(|name| name.replace('\0', " ").into()).collect()
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|file| file.modified()).ok()
}

fn binary(target: &Path) -> PathBuf {
    target.join("release").join(format!("automl{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::{is_fresh, sources};
    use std::fs::{self, File};
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    #[test]
    fn sources_are_read_from_a_rule() {
        let found = sources("/t/automl: /a/main.rs /a/with\\ space.rs\n");
        assert_eq!(found, [PathBuf::from("/a/main.rs"), PathBuf::from("/a/with space.rs")]);
        assert!(sources("").is_empty());
    }

    #[test]
    fn a_binary_is_fresh_until_a_source_changes() {
        let folder = std::env::temp_dir().join(format!("automl-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (binary, source) = (folder.join("automl"), folder.join("main.rs"));
        assert!(!is_fresh(&binary));
        fs::write(&source, "").unwrap();
        fs::write(&binary, "").unwrap();
        assert!(!is_fresh(&binary));
        let rule = format!("{}: {}\n", binary.display(), source.display());
        fs::write(binary.with_extension("d"), rule).unwrap();
        assert!(is_fresh(&binary));
        let later = SystemTime::now() + Duration::from_secs(60);
        File::options().write(true).open(&source).unwrap().set_modified(later).unwrap();
        assert!(!is_fresh(&binary));
        fs::remove_dir_all(&folder).unwrap();
    }
}
