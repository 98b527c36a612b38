//! What a study was told has ended survives a power cut. A library that is preloaded keeps, of each file,
//! what was brought to the disk last; after the process is killed, the record is opened from that.
//! Needs Linux and gcc; skipped with a message where there is none.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use automl_space::Space;
use automl_storage::open;
use automl_study::{State, Study};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Set in the child process: the address to write to.
const CHILD: &str = "AUTOML_STORAGE_POWER_CUT_TEST";

fn study(url: &str) -> Study {
    let mut builder = Space::builder();
    builder.float("x", 0.0..=1.0).add().unwrap();
    let storage = open(url, "power").unwrap();
    Study::builder(builder.build().unwrap()).storage(storage).build().unwrap()
}

/// The child: ends trials and says which have ended.
#[test]
fn child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let mut study = study(&url);
    let mut out = std::io::stdout().lock();
    loop {
        let number = study.ask().unwrap().number;
        study.report(number, 1, vec![0.5]).unwrap();
        study.tell(number, number.0 as f64).unwrap();
        writeln!(out, "ended {number}").unwrap();
    }
}

/// The library, or `None` with a message.
fn library(folder: &Path) -> Option<PathBuf> {
    let library = folder.join("power_cut.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/power_cut.c");
    let mut gcc = Command::new("gcc");
    gcc.args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(&library);
    let built = gcc.args([source, "-ldl"]).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("skipped: gcc is not here, or cannot build the library");
        return None;
    }
    Some(library)
}

/// Ends trials at an address in a folder and cuts the power; how many ends that were told are gone, and
/// how many are left.
fn lost(library: &Path, url: impl Fn(&Path) -> String) -> (usize, usize) {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, url(folder.path()))
        .env("LD_PRELOAD", library)
        .env("POWER_CUT_DISK", disk.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = lines.map_while(Result::ok).filter_map(|line| {
        line.split_once("ended ").and_then(|(_, number)| number.parse::<u64>().ok())
    });
    let mut ended: Vec<u64> = told.by_ref().take(60).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What was said before the kill was told, too; a torn last line is no promise.
    ended.extend(told);
    ended.truncate(ended.len().saturating_sub(1).max(60));
    for entry in fs::read_dir(disk.path()).unwrap() {
        let path = entry.unwrap().path();
        // A copy that the kill interrupted was never brought to the disk.
        if path.extension().is_some_and(|end| end.to_string_lossy().parse::<u32>().is_ok()) {
            fs::remove_file(path).unwrap();
        }
    }
    let study = study(&url(disk.path()));
    let is_left = |number: &&u64| {
        let trial = study.history().get(**number);
        trial.is_some_and(|t| t.state == State::Complete && t.values[0] == **number as f64)
    };
    let left = ended.iter().filter(is_left).count();
    (ended.len() - left, left)
}

#[test]
fn ends_survive_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = library(folder.path()) else { return };
    let sqlite = |folder: &Path| format!("sqlite:///{}/study.db", folder.display());
    let (gone, left) = lost(&library, sqlite);
    assert!(gone == 0 && left >= 60, "{gone} of {left}");
    let journal = |folder: &Path| format!("journal:///{}/study.log", folder.display());
    let (gone, left) = lost(&library, journal);
    assert!(gone == 0 && left >= 60, "{gone} of {left}");
    // The test would see what does not wait for the disk.
    let hasty = |folder: &Path| format!("{}?synchronous=normal", sqlite(folder));
    let (gone, _) = lost(&library, hasty);
    assert!(gone > 0);
}
