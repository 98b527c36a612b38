//! Runs targets for a time: `cargo xtask fuzz`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl_fuzz::{Target, run, targets};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const HELP: &str = "\
Usage: fuzz [--minutes N] [--target NAME] [--first N] [--out FOLDER]

Reads mutated inputs for N minutes a target, 1 unless given. An input on which a reader panics or hangs
goes into the folder, `findings` unless given; so does the one that is read, which tells what ended the
process. Put it into fuzz/testdata/NAME once it is mended.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| matches!(arg.as_str(), "-h" | "--help")) {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match fuzz(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing was found.
fn fuzz(args: &[String]) -> Result<bool, String> {
    let (mut minutes, mut first, mut out) = (1.0, 0, PathBuf::from("findings"));
    let mut chosen: Vec<&Target> = targets().iter().collect();
    for pair in args.chunks(2) {
        let [option, value] = pair else { return Err(format!("{} needs a value", pair[0])) };
        let bad = || format!("{option} cannot be {value:?}");
        match option.as_str() {
            "--minutes" => minutes = value.parse().map_err(|_| bad())?,
            "--first" => first = value.parse().map_err(|_| bad())?,
            "--out" => out = PathBuf::from(value),
            "--target" => {
                chosen.retain(|target| target.name == value);
                if chosen.is_empty() {
                    let names: Vec<&str> = targets().iter().map(|target| target.name).collect();
                    return Err(format!("there is no target {value:?}, only {}", names.join(", ")));
                }
            }
            _ => return Err(format!("there is no option {option:?}")),
        }
    }
    let time = Duration::try_from_secs_f64(60.0 * minutes).map_err(|error| error.to_string())?;
    fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    let mut is_clean = true;
    for target in chosen {
        is_clean &= one(target, first, time, &out);
    }
    Ok(is_clean)
}

fn one(target: &Target, first: u64, time: Duration, out: &Path) -> bool {
    let current = out.join(format!("{}-current", target.name));
    let start = Instant::now();
    let mut count = 0;
    let mut goes_on = |_| {
        count += 1;
        start.elapsed() < time
    };
    let findings = run(target, first, &mut goes_on, &mut |input| drop(fs::write(&current, input)));
    drop(fs::remove_file(&current));
    println!("{}: {count} inputs, {} findings", target.name, findings.len());
    for finding in &findings {
        let path = out.join(format!("{}-{}", target.name, finding.number));
        println!("  {}: {}", path.display(), finding.reason);
        drop(fs::write(path, &finding.input));
    }
    findings.is_empty()
}
