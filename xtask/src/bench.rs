//! `cargo xtask bench`: side-by-side runs against other libraries.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Runs one of the side-by-side benches; options are handed on to it.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let Some((what, rest)) = args.split_first() else {
        bail!("`cargo xtask bench` needs samplers, schedulers, transfer, finalists or training");
    };
    match what.as_str() {
        "samplers" | "schedulers" => {
            let mut cargo = shell::cargo(["run", "--quiet", "--release", "-p", "automl-benches"]);
            cargo.args(["--bin", what, "--"]).args(rest);
            for (variable, python) in pythons(rest)? {
                cargo.env(variable, python);
            }
            shell::hand_over(cargo)
        }
        "transfer" | "finalists" => binary(what, rest),
        "training" => {
            let example = ["run", "--release", "-p", "automl-train", "--example", "throughput"];
            let mut ours = shell::cargo(example);
            ours.arg("--").args(rest);
            shell::run(ours)?;
            match pythons(&["--peers".into(), "torch".into()])?.pop() {
                Some((_, python)) => {
                    let mut theirs = Command::new(python);
                    theirs.arg(peers().join("torch_throughput.py")).args(rest);
                    shell::hand_over(theirs)
                }
                None => Ok(ExitCode::SUCCESS),
            }
        }
        other => bail!(
            "there is no bench {other:?}: samplers, schedulers, transfer, finalists or training"
        ),
    }
}

/// Runs a program of the package of benches.
pub(crate) fn binary(name: &str, args: &[String]) -> Result<ExitCode> {
    let mut cargo = shell::cargo(["run", "--quiet", "--release", "-p", "automl-benches"]);
    cargo.args(["--bin", name, "--"]).args(args);
    shell::hand_over(cargo)
}

fn peers() -> PathBuf {
    shell::root().join("benches").join("peers")
}

/// The environment variables that name a Python with the peers: one that is set already, or a virtual
/// environment that is made once from `benches/peers/requirements-*.txt`. HEBO has one of its own,
/// since it wants older versions than the others. Empty where there is no Python, for `--peers none`
/// and for `--help`.
fn pythons(args: &[String]) -> Result<Vec<(&'static str, PathBuf)>> {
    let wants = args.iter().position(|arg| arg == "--peers").and_then(|at| args.get(at + 1));
    let wants = wants.map_or("optuna", String::as_str);
    if wants == "none" || args.iter().any(|arg| arg == "-h" || arg == "--help") {
        return Ok(Vec::new());
    }
    let mut pythons: Vec<(&str, PathBuf)> = Vec::new();
    for peer in wants.split(',').filter(|peer| !peer.is_empty()) {
        let (variable, folder) = match peer {
            "hebo" => ("AUTOML_PYTHON_HEBO", ".venv-hebo"),
            _ => ("AUTOML_PYTHON", ".venv"),
        };
        let file = peers().join(format!("requirements-{peer}.txt"));
        if !file.exists() {
            bail!("there is no peer {peer:?}: see {}", peers().display());
        }
        let python = match std::env::var_os(variable) {
            Some(python) => python.into(),
            None if shell::exists("python3", &["--version"]) => {
                installed(peer, &file, &shell::root().join(folder))?
            }
            None => {
                eprintln!("no python3: running without {peer}");
                continue;
            }
        };
        if !pythons.iter().any(|(known, _)| *known == variable) {
            pythons.push((variable, python));
        }
    }
    Ok(pythons)
}

/// The Python of a virtual environment in which a peer's requirements are installed.
fn installed(peer: &str, file: &Path, folder: &Path) -> Result<PathBuf> {
    let python = folder.join("bin").join("python");
    if !python.exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv"]).arg(folder);
        shell::step("virtual environment", venv)?;
    }
    let mark = folder.join(format!("{peer}.installed"));
    let text = std::fs::read_to_string(file).context("cannot read the requirements")?;
    if !std::fs::read_to_string(&mark).is_ok_and(|installed| installed == text) {
        // uv finds in seconds what pip searches for minutes.
        let install = if shell::exists("uv", &["--version"]) {
            let mut uv = Command::new("uv");
            uv.args(["pip", "install", "--quiet", "--python"]).arg(&python).arg("-r").arg(file);
            uv
        } else {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet", "-r"]).arg(file);
            pip
        };
        shell::step(&format!("installing {peer}"), install)?;
        std::fs::write(&mark, text).context("cannot note the installed peer")?;
    }
    Ok(python)
}
