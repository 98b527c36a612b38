//! Studies over shell scripts.
#![allow(dead_code, unreachable_pub)]

use automl_study::StopFlag;
use automl_tune::{SpaceFile, TuneError, TuneEvent, TuneOutcome, TuneSettings, tune};
use std::path::Path;
use std::sync::Mutex;

/// Settings of a study over a shell script; its own braces are doubled.
pub fn script(runs: &Path, script: &str, params: &[&str], extra: &[&str]) -> TuneSettings {
    let params: Vec<String> = params.iter().map(|text| (*text).to_owned()).collect();
    let space = SpaceFile::read(None, &params).unwrap().space;
    let words = ["sh", "-c", script, "sh"].into_iter().chain(extra.iter().copied());
    let mut settings = TuneSettings::new(space, words.map(str::to_owned).collect());
    settings.runs = runs.to_owned();
    settings.study = Some("study".into());
    settings.seed = Some(3);
    settings
}

/// Runs a study; its outcome and its events as lines.
pub fn run(settings: &TuneSettings) -> (Result<TuneOutcome, TuneError>, Vec<String>) {
    run_until(settings, &StopFlag::new(), |_| {})
}

pub fn run_until(
    settings: &TuneSettings,
    stop: &StopFlag,
    on: impl Fn(&TuneEvent) + Sync,
) -> (Result<TuneOutcome, TuneError>, Vec<String>) {
    let lines = Mutex::new(Vec::new());
    let outcome = tune(settings, stop, &|event| {
        on(event);
        lines.lock().unwrap().push(event.to_string());
    });
    (outcome, lines.into_inner().unwrap())
}

pub fn has(lines: &[String], part: &str) -> bool {
    lines.iter().any(|line| line.contains(part))
}
