//! The project's runner: `cargo xtask <command>`. It builds what a command needs and runs it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod arrows;
mod automl;
mod bench;
mod chaos;
mod check;
mod device;
mod findings;
mod fuzz;
mod modules;
mod msrv;
mod mutants;
mod package;
mod prose;
mod shell;
mod size;
mod source;
mod workspace;

use anyhow::{Result, bail};
use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "\
The runner of the project. It builds what a command needs and runs it.

Usage: cargo xtask <command> [options]

Find small networks
  search [options]     search for light networks on a data set (--help shows every option)
  train NETWORK --out FOLDER
                       train one network of a search, or one of your own, to the end
  compress NETWORK --out FOLDER
                       make a trained network smaller: prune channels, decompose layers
  predict NETWORK IMAGE...
                       classify images with a trained network
  evaluate NETWORK     accuracy, metrics by class and the worst errors on a data set
  export NETWORK --to onnx --out FILE
                       write a trained network for another program or a device
  import FILE --out FOLDER
                       read an ONNX model, to be evaluated, trained, compressed, exported
  fidelities [options] measure which cheap settings rank networks as full training does
  latency [options]    how long networks take on this device, measured and predicted
  tune [options] -- COMMAND
                       tune any program in any language
  launch SYSTEM -- COMMAND
                       job files for Slurm, Kubernetes and this machine
  serve --stdio        drive the optimiser from any program, by JSON lines
  simulate [options]   schedulers on thousands of simulated workers
  report STUDY         the page of any study, ours or Optuna's
  importance STUDY     which parameters decide
  export-trials STUDY  all trials as CSV or Parquet
  studies COMMAND      list, show, check, copy and delete studies
  doctor               what this machine and this build can do
  parts [NAME]         samplers and schedulers with their options
  completions SHELL    a completion script for a shell
  man FOLDER           manual pages

Work on the project
  check [--fast]       format, spelling, dependencies, arrows, clippy, rustdoc, every test;
                       --fast leaves out what needs the deep-learning framework
  arrows               only the arrows between crates and modules, and the size of crates
  prose                only the wording of doc comments
  package              whether the libraries can be published
  chaos [--minutes N] [--storage sqlite|postgres|journal]
                       workers on one record, killed, stopped and cut off, and a check of it
  fuzz [--minutes N] [--target NAME]
                       mutated inputs for everything that reads files or requests
  mutants [options]    whether the tests notice faults: the patches in mutants/, or with
                       --generated MINUTES those of cargo-mutants; hours, not in `check`
  bench samplers       our samplers against other libraries, in one run
  bench schedulers     our schedulers against other libraries, in one run
  bench transfer       what earlier studies are worth, leaving one task out
  bench finalists      candidates under noise, chosen by their losses or by their regions
  bench training       training speed on the CPU against PyTorch

  portfolio FOLDER=CHANNELSxSIDE...
                       the networks that every search tries first, from records of searches

Each command explains itself: `cargo xtask <command> --help`.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = args.split_first() else {
        return help();
    };
    // `bench samplers --help` is answered by the bench itself.
    let own = matches!(
        (command.as_str(), rest),
        ("check" | "arrows" | "prose" | "package" | "mutants" | "bench", [_])
    );
    let asks = |arg: &String| matches!(arg.as_str(), "-h" | "--help" | "help");
    if asks(command) || own && rest.iter().any(asks) {
        return help();
    }
    match command.as_str() {
        "check" => check::run(rest),
        "arrows" => {
            check::arrows(&workspace::Workspace::read()?.packages).map(|()| ExitCode::SUCCESS)
        }
        "prose" => findings::report("prose", &prose::findings()?).map(|()| ExitCode::SUCCESS),
        "package" => package::run(rest),
        "mutants" => mutants::run(rest),
        "bench" => bench::run(rest),
        "chaos" => chaos::run(rest),
        "fuzz" => fuzz::run(rest),
        "portfolio" => bench::binary("portfolio", rest),
        "search" | "train" | "compress" | "fidelities" | "latency" | "tune" | "serve"
        | "launch" | "simulate" | "predict" | "evaluate" | "export" | "import" | "parts"
        | "report" | "importance" | "export-trials" | "studies" | "doctor" | "completions"
        | "man" => automl::run(args),
        flag if flag.starts_with('-') => bail!("unknown option {flag:?}; try `cargo xtask --help`"),
        other => bail!("there is no command {other:?}; try `cargo xtask --help`"),
    }
}

fn help() -> Result<ExitCode> {
    // A reader that has gone (`| head`) is no failure.
    let _ = writeln!(std::io::stdout(), "{HELP}");
    Ok(ExitCode::SUCCESS)
}
