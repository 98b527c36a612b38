//! The `automl` command: arguments in, calls to the library `automl`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod compress;
mod doctor;
mod evaluate;
mod export;
mod fidelities;
mod import;
mod json;
mod latency;
mod launch;
mod live;
mod log;
mod man;
mod needs;
mod network;
mod output;
mod parts;
mod predict;
mod recipe;
mod records;
mod reference;
mod report;
mod search;
mod settings;
mod simulate;
#[cfg(test)]
mod snapshots;
mod studies;
mod train;
mod tune;

use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// A training step makes hundreds of tensors that live for a moment: the system's allocator takes 6 to
/// 13 % more CPU time for trainings of small networks.
#[cfg(feature = "train")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What this build can do, for `--version`.
const VERSION: &str = if cfg!(feature = "gpu") {
    concat!(env!("CARGO_PKG_VERSION"), " (training on CPU and GPU)")
} else if cfg!(feature = "train") {
    concat!(env!("CARGO_PKG_VERSION"), " (training on the CPU)")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " (light build)")
};

/// Finds small neural networks and good hyperparameters.
#[derive(Debug, Parser)]
#[command(name = "automl", version = VERSION, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Show on standard error what is decided and tried again; twice: everything. RUST_LOG filters
    /// in detail
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Search for light networks on a data set
    #[command(long_about = search::args::LONG, after_long_help = search::args::EXAMPLES)]
    Search(Box<search::args::SearchArgs>),
    /// Train one network of a search, or one of your own, to the end
    #[command(long_about = train::LONG, after_long_help = train::EXAMPLES)]
    Train(Box<train::TrainArgs>),
    /// Make a trained network smaller: prune channels, decompose layers
    #[command(long_about = compress::LONG, after_long_help = compress::EXAMPLES)]
    Compress(Box<compress::CompressArgs>),
    /// Measure which cheap settings rank networks as full training does
    #[command(long_about = fidelities::LONG, after_long_help = fidelities::examples())]
    Fidelities(Box<fidelities::FidelitiesArgs>),
    /// Measure how long networks take on this device, and how well that can be predicted
    Latency(Box<latency::LatencyArgs>),
    /// Classify images with a trained network
    #[command(long_about = predict::LONG, after_long_help = predict::EXAMPLES)]
    Predict(Box<predict::PredictArgs>),
    /// Evaluate a trained network on labeled images
    #[command(long_about = evaluate::LONG, after_long_help = evaluate::EXAMPLES)]
    Evaluate(Box<evaluate::EvaluateArgs>),
    /// Write a trained network for another program or a device: ONNX, C, Rust
    #[command(long_about = export::LONG, after_long_help = export::EXAMPLES)]
    Export(Box<export::ExportArgs>),
    /// Read an ONNX model as a trained network
    #[command(long_about = import::LONG, after_long_help = import::EXAMPLES)]
    Import(Box<import::ImportArgs>),
    /// Tune any program: a command with placeholders, a result in its output
    #[command(long_about = tune::args::LONG, after_long_help = tune::args::EXAMPLES)]
    Tune(Box<tune::args::TuneArgs>),
    /// Print or submit job files: one study on Slurm, on Kubernetes, or in several processes
    #[command(long_about = launch::LONG, after_long_help = launch::EXAMPLES)]
    Launch(Box<launch::LaunchArgs>),
    /// Drive the optimiser from any program, by JSON lines
    Serve {
        /// Read requests from standard input and write replies to standard output
        #[arg(long, required = true)]
        stdio: bool,
    },
    /// Run a scheduler on thousands of workers in virtual time
    Simulate(Box<simulate::SimulateArgs>),
    /// Write the report of a study as one HTML file
    #[command(long_about = report::LONG, after_long_help = report::EXAMPLES)]
    Report(report::ReportArgs),
    /// Rank the parameters of a study by their importance
    Importance(report::ImportanceArgs),
    /// Write all trials of a study as comma-separated values or as Parquet
    ExportTrials(report::ExportTrialsArgs),
    /// List samplers, schedulers, storages, data sets and blocks
    Parts(parts::PartsArgs),
    /// Look after a database of studies: list, show, check, copy, delete
    Studies(studies::StudiesArgs),
    /// Tell what this machine and this build can do
    #[command(long_about = doctor::LONG)]
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages into a folder
    Man(man::ManArgs),
    /// Tell what a build must be able to do for a command, in one line of JSON
    #[command(hide = true, disable_help_flag = true)]
    Needs {
        /// The command and its options
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    automl::study::survive_file_limit();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    log::start(cli.verbose);
    let result = match cli.command {
        Command::Search(args) => search::run(*args),
        Command::Train(args) => train::run(*args),
        Command::Compress(args) => compress::run(*args),
        Command::Fidelities(args) => fidelities::run(*args),
        Command::Latency(args) => latency::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Simulate(args) => simulate::run(*args),
        Command::Tune(args) => tune::run(*args),
        Command::Report(args) => report::run(&args),
        Command::Importance(args) => report::rank_parameters(&args),
        Command::ExportTrials(args) => report::export_trials(&args),
        Command::Launch(args) => launch::run(*args),
        Command::Parts(args) => parts::run(&args),
        Command::Studies(args) => studies::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions { shell } => {
            // Written at once: a pipe that is closed early is no failure.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "automl", &mut script);
            output::say(String::from_utf8_lossy(&script).trim_end())
        }
        Command::Man(args) => man::run(&args),
        Command::Needs { args } => needs::run(&args),
        Command::Serve { .. } => serve(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<output::Interrupted>() => {
            output::note(&error);
            ExitCode::from(output::INTERRUPTED)
        }
        Err(error) => {
            output::note(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Says what is wrong with the arguments, or shows the help that they ask for.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // The addresses in a help are examples. A pipe may be closed early.
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    let words = error.render().to_string();
    if automl::storage::without_passwords(&words) == words {
        error.exit();
    }
    output::note(words.trim_end());
    ExitCode::from(output::USAGE)
}

/// Serves one study until the end of the input, SIGTERM, Ctrl-C or a hangup.
fn serve() -> Result<(), Failure> {
    let stop = automl::study::StopFlag::on_ctrl_c()?;
    let input = std::io::BufReader::new(std::io::stdin());
    automl::serve::serve_until(input, std::io::stdout().lock(), &stop)?;
    Ok(())
}

/// Whatever ends a command: its message is what a person reads.
type Failure = Box<dyn std::error::Error>;
