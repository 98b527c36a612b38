//! `cargo xtask bench`: side-by-side runs against other libraries.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Runs one of the side-by-side benches; options are handed on to it.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let Some((what, rest)) = args.split_first() else {
        bail!("`cargo xtask bench` needs samplers, schedulers or training");
    };
    match what.as_str() {
        "samplers" | "schedulers" => {
            let mut cargo = shell::cargo(["run", "--quiet", "--release", "-p", "automl-benches"]);
            cargo.args(["--bin", what, "--"]).args(rest);
            if let Some(python) = python(rest)? {
                cargo.env("AUTOML_PYTHON", python);
            }
            shell::hand_over(cargo)
        }
        "training" => {
            let example = ["run", "--release", "-p", "automl-train", "--example", "throughput"];
            let mut ours = shell::cargo(example);
            ours.arg("--").args(rest);
            shell::run(ours)?;
            match python(&["--peers".into(), "torch".into()])? {
                Some(python) => {
                    let mut theirs = Command::new(python);
                    theirs.arg(peers().join("torch_throughput.py")).args(rest);
                    shell::hand_over(theirs)
                }
                None => Ok(ExitCode::SUCCESS),
            }
        }
        other => bail!("there is no bench {other:?}: samplers, schedulers or training"),
    }
}

fn peers() -> PathBuf {
    shell::root().join("benches").join("peers")
}

/// A Python that has the peers: `$AUTOML_PYTHON`, or a virtual environment that is made once from
/// `benches/peers/requirements.txt`. `None` where there is no Python or `--peers none`.
fn python(args: &[String]) -> Result<Option<PathBuf>> {
    if let Some(python) = std::env::var_os("AUTOML_PYTHON") {
        return Ok(Some(python.into()));
    }
    let wants = args.iter().position(|arg| arg == "--peers").and_then(|at| args.get(at + 1));
    if wants.is_some_and(|peers| peers == "none") {
        return Ok(None);
    }
    if !shell::exists("python3", &["--version"]) {
        eprintln!("no python3: running without the peers");
        return Ok(None);
    }
    let wants = wants.map_or("optuna", String::as_str);
    let folder = shell::root().join(".venv");
    let python = folder.join("bin").join("python");
    if !python.exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(&folder);
        shell::step("virtual environment", venv)?;
    }
    for peer in wants.split(',').filter(|peer| !peer.is_empty()) {
        let file = peers().join(format!("requirements-{peer}.txt"));
        if !file.exists() {
            bail!("there is no peer {peer:?}: see {}", peers().display());
        }
        let mark = folder.join(format!("{peer}.installed"));
        let text = std::fs::read_to_string(&file).context("cannot read the requirements")?;
        if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == text) {
            continue;
        }
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "-r"]).arg(&file);
        shell::step(&format!("installing {peer}"), pip)?;
        std::fs::write(&mark, text).context("cannot note the installed peer")?;
    }
    Ok(Some(python))
}
