//! `cargo xtask mutants`: whether the tests notice faults.

mod patch;
mod scratch;

use crate::shell;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use patch::Patch;
use scratch::Scratch;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The crates of which `--generated` changes the code.
const GENERATED: &[&str] = &["automl-tpe", "automl-gp", "automl-evolution", "automl-scheduler"];

/// The profile of generated faults: the crates of the project are compiled quickly.
const PROFILE: &str = "mutants";

/// Tests of one fault may take ten minutes, with the compilation.
const LIMIT: Duration = Duration::from_secs(600);

/// Applies each fault of a folder to a copy of the workspace and runs the tests of its crate.
///
/// - `--from FOLDER`: the patches, by default those in `mutants/`.
/// - `--only TEXT`: only patches with the text in their names.
/// - `--generated MINUTES`: instead, a random sample of the faults that cargo-mutants makes, for so
///   long.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let (mut folder, mut only) = (shell::root().join("mutants"), String::new());
    let mut rest = args.iter();
    while let Some(option) = rest.next() {
        let value = rest.next().with_context(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--from" => folder = PathBuf::from(value),
            "--only" => only.clone_from(value),
            "--generated" => return generated(value.parse().context("--generated MINUTES")?),
            other => bail!("`cargo xtask mutants` has --from, --only and --generated, not {other}"),
        }
    }
    let patches = patches(&folder, &only)?;
    let scratch = Scratch::new()?;
    let mut missed = Vec::new();
    for (number, patch) in patches.iter().enumerate() {
        let place = format!("{}/{}", number + 1, patches.len());
        let start = Instant::now();
        let outcome = judge(&scratch, patch)?;
        let seconds = start.elapsed().as_secs();
        println!("{place} {}: {} ({seconds} s)", patch.name, outcome.describe());
        if matches!(outcome, Outcome::Missed | Outcome::Broken) {
            missed.push(format!("{}: {}", patch.name, patch.about));
        }
    }
    println!("{} of {} faults caught", patches.len() - missed.len(), patches.len());
    missed.iter().for_each(|fault| println!("missed {fault}"));
    Ok(if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What became of one fault.
#[derive(Debug)]
enum Outcome {
    /// The tests that failed.
    Caught(Vec<String>),
    /// The tests did not end in time.
    TimedOut,
    Missed,
    Broken,
}

impl Outcome {
    fn describe(&self) -> String {
        match self {
            Self::Caught(tests) => match tests.split_first() {
                None => "caught".into(),
                Some((first, [])) => format!("caught by {first}"),
                Some((first, more)) => format!("caught by {first} and {} more", more.len()),
            },
            Self::TimedOut => format!("caught: no end after {} s", LIMIT.as_secs()),
            Self::Missed => "MISSED".into(),
            Self::Broken => "does not compile".into(),
        }
    }
}

/// The patches of a folder with a text in their names, by name.
fn patches(folder: &Path, only: &str) -> Result<Vec<Patch>> {
    let shown = folder.display();
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {shown}"))? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    paths.sort();
    let patches = paths.iter().map(|path| Patch::read(path)).collect::<Result<Vec<_>>>()?;
    let patches: Vec<Patch> = patches.into_iter().filter(|p| p.name.contains(only)).collect();
    if patches.is_empty() {
        bail!("there is no such patch in {shown}");
    }
    Ok(patches)
}

/// Runs the tests of the patched crate.
fn judge(scratch: &Scratch, patch: &Patch) -> Result<Outcome> {
    let package = package_of(&patch.file)?;
    let _restored = scratch.apply(patch)?;
    let build = scratch.cargo(&["test", "--release", "--no-run", "-p", &package]);
    if !quiet(build, None)?.is_some_and(|(success, _)| success) {
        return Ok(Outcome::Broken);
    }
    let nextest = shell::exists("cargo", &["nextest", "--version"]);
    let run: &[&str] = if nextest { &["nextest", "run", "--no-fail-fast"] } else { &["test"] };
    let tests = scratch.cargo(&[run, &["--release", "-p", &package]].concat());
    Ok(match quiet(tests, Some(LIMIT))? {
        None => Outcome::TimedOut,
        Some((true, _)) => Outcome::Missed,
        Some((false, output)) => Outcome::Caught(failures(&output)),
    })
}

/// The package with a file of the workspace.
fn package_of(file: &str) -> Result<String> {
    let packages = Workspace::read()?.packages;
    let path = shell::root().join(file);
    let owner = packages
        .iter()
        .filter(|package| package.manifest.parent().is_some_and(|folder| path.starts_with(folder)));
    let owner = owner.max_by_key(|package| package.manifest.as_os_str().len());
    owner.map(|package| package.name.clone()).with_context(|| format!("{file} is of no crate"))
}

/// Runs a command without showing what it says: whether it succeeded, and its output; `None` where it
/// did not end in time.
fn quiet(mut command: Command, limit: Option<Duration>) -> Result<Option<(bool, String)>> {
    let log = tempfile()?;
    let output = std::fs::File::create(&log).context("cannot write the output of the tests")?;
    let errors = output.try_clone().context("cannot write the output of the tests")?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().context("cannot run cargo")?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if limit.is_some_and(|limit| start.elapsed() > limit) {
            end(&mut child)?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    let text = std::fs::read(&log).context("cannot read the output of the tests")?;
    Ok(Some((status.success(), String::from_utf8_lossy(&text).into_owned())))
}

/// Ends a child with the tests that it runs.
fn end(child: &mut Child) -> Result<()> {
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// The file for the output of the tests.
fn tempfile() -> Result<PathBuf> {
    let folder = scratch::folder();
    std::fs::create_dir_all(&folder).context("cannot make the folder of the faults")?;
    Ok(folder.join("output.txt"))
}

/// The names of the tests that failed, each once.
fn failures(output: &str) -> Vec<String> {
    let nextest = output.lines().filter_map(|line| {
        let (mark, rest) = line.trim().split_once(" [")?;
        let name = rest.split_once("] ")?.1.rsplit(' ').next()?;
        matches!(mark, "FAIL" | "SIGABRT" | "TIMEOUT").then(|| name.to_owned())
    });
    let plain = output.lines().filter_map(|line| {
        line.strip_prefix("test ")?.strip_suffix(" ... FAILED").map(str::to_owned)
    });
    let mut names: Vec<String> = nextest.chain(plain).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A sample of the faults that cargo-mutants makes in the algorithms: as many as so many minutes allow,
/// in random order.
fn generated(minutes: u64) -> Result<ExitCode> {
    if !shell::exists("cargo", &["mutants", "--version"]) {
        bail!("cargo-mutants is not installed: cargo install cargo-mutants --locked");
    }
    let mut cargo =
        shell::cargo(["mutants", "--shuffle", "--timeout", "120", "--profile", PROFILE]);
    if shell::exists("cargo", &["nextest", "--version"]) {
        cargo.args(["--test-tool", "nextest"]);
    }
    std::fs::create_dir_all(scratch::folder()).context("cannot make the folder of the faults")?;
    cargo.arg("--output").arg(scratch::folder());
    for package in GENERATED {
        cargo.args(["--package", package]);
    }
    // A group of its own, so that all of it ends when the time is over.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut cargo, 0);
    let mut child = cargo.stdin(Stdio::null()).spawn().context("cannot run cargo mutants")?;
    let limit = Instant::now() + Duration::from_secs(60 * minutes);
    loop {
        // 2 and 3: some faults were missed, or made tests run out of time.
        match child.try_wait()? {
            Some(status) if matches!(status.code(), Some(0 | 2 | 3)) => break,
            Some(status) => bail!("cargo mutants failed ({status})"),
            None if Instant::now() > limit => {
                end(&mut child)?;
                break;
            }
            None => std::thread::sleep(Duration::from_millis(200)),
        }
    }
    let folder = scratch::folder().join("mutants.out");
    let lines = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let caught = lines("caught.txt") + &lines("timeout.txt");
    for (krate, [caught, all]) in scores(&caught, &lines("missed.txt")) {
        let share = 100.0 * caught as f64 / all as f64;
        println!("{krate}: {caught} of {all} generated faults caught, {share:.0} %");
    }
    println!("those that were missed: {}", folder.join("missed.txt").display());
    Ok(ExitCode::SUCCESS)
}

/// Of each crate, and of all together, the number of caught faults and of all. A line of cargo-mutants
/// begins with the path of the file.
fn scores(caught: &str, missed: &str) -> BTreeMap<String, [usize; 2]> {
    let mut scores: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for (lines, is_caught) in [(caught, 1), (missed, 0)] {
        for line in lines.lines() {
            let krate = line.split('/').nth(1).unwrap_or_default().to_owned();
            for name in [krate, "together".to_owned()] {
                let [caught, all] = scores.entry(name).or_default();
                (*caught, *all) = (*caught + is_caught, *all + 1);
            }
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::{failures, scores};

    #[test]
    fn failed_tests_are_named_once() {
        let output = "
        PASS [   0.005s] (1/3) automl-tpe::laws a
        FAIL [   0.012s] (2/3) automl-tpe::laws b
        FAIL [   0.012s] (2/3) automl-tpe::laws b
test c::d ... FAILED
test e ... ok";
        assert_eq!(failures(output), ["b", "c::d"]);
    }

    #[test]
    fn scores_are_counted_by_crate() {
        let caught =
            "crates/gp/src/a.rs:1:2: replace f\ncrates/tpe/src/b.rs:3:4: replace + with -\n";
        let found = scores(caught, "crates/gp/src/a.rs:5:6: replace - with +\n");
        let expected = [("gp", [1, 2]), ("together", [2, 3]), ("tpe", [1, 1])];
        assert_eq!(found, expected.map(|(name, score)| (name.to_owned(), score)).into());
    }
}
