//! Comparison of schedulers with those of other libraries, on the same curves, seeds and budgets.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::simulate::{Curves, FAMILIES, Workload};
use automl_benches::fidelity::{FidelityRun, FidelitySolver, FidelityTask};
use automl_benches::pool::{self, EPOCHS};
use automl_benches::stats::mean;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Comparison of schedulers with those of other libraries.
#[derive(Debug, Parser)]
struct Args {
    /// Pairs scheduler/sampler of this project, separated by commas
    #[arg(
        long,
        alias = "players",
        default_value = "auto/auto,asha/tpe,bohb/bohb,asha/random,none/tpe,none/random"
    )]
    pairs: String,
    /// Other libraries: optuna, syne, or none
    #[arg(long, default_value = "optuna")]
    peers: String,
    /// Parts of the names of the workloads to run, separated by commas [default: all workloads]
    #[arg(long)]
    problems: Option<String>,
    /// A folder with lcbench/ [default: $AUTOML_DATA_DIR]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The budget in full trainings
    #[arg(long, default_value_t = 30)]
    budget: u64,
    /// Runs of each solver on each workload
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Two objectives: pruning with a quarter of the budget against full trainings
    #[arg(long)]
    fronts: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = if args.fronts { fronts(&args) } else { regrets(&args) };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

type Failure = Box<dyn std::error::Error>;

/// The name of a workload and its constructor for a seed.
struct Problem {
    name: String,
    make: Box<dyn Fn(u64) -> Option<Box<dyn Workload>>>,
}

fn problems(args: &Args) -> Result<Vec<Problem>, Failure> {
    let mut problems: Vec<Problem> = Vec::new();
    let folder =
        args.data_dir.clone().or_else(|| std::env::var_os("AUTOML_DATA_DIR").map(Into::into));
    match folder {
        Some(folder) => {
            let folder = folder.join("lcbench");
            for name in pool::pools(&folder)?.into_iter().map(|pool| pool.name) {
                let (folder, wanted) = (folder.clone(), name.clone());
                let make = move |_| {
                    let pools = pool::pools(&folder).ok()?;
                    let pool = pools.into_iter().find(|pool| pool.name == wanted)?;
                    Some(Box::new(pool) as Box<dyn Workload>)
                };
                problems.push(Problem { name, make: Box::new(make) });
            }
        }
        None => eprintln!("no --data-dir: without the LCBench pools"),
    }
    for family in FAMILIES {
        let make = move |seed| {
            Curves::new(family, seed).map(|curves| Box::new(curves) as Box<dyn Workload>)
        };
        problems.push(Problem { name: (*family).to_owned(), make: Box::new(make) });
    }
    if let Some(filter) = &args.problems {
        problems.retain(|problem| filter.split(',').any(|part| problem.name.contains(part)));
    }
    if problems.is_empty() {
        return Err("no workload has a matching name".into());
    }
    Ok(problems)
}

fn solvers(args: &Args) -> Result<Vec<FidelitySolver>, Failure> {
    let mut solvers = Vec::new();
    for pair in args.pairs.split(',').filter(|pair| !pair.is_empty()) {
        let (scheduler, sampler) =
            pair.split_once('/').ok_or_else(|| format!("{pair:?} is not scheduler/sampler"))?;
        let (scheduler, sampler) = (scheduler.to_owned(), sampler.to_owned());
        solvers.push(FidelitySolver::Local { scheduler, sampler });
    }
    for library in args.peers.split(',').filter(|peer| !peer.is_empty() && *peer != "none") {
        let own = format!("AUTOML_PYTHON_{}", library.to_uppercase());
        let python = std::env::var_os(own).or_else(|| std::env::var_os("AUTOML_PYTHON"));
        let Some(python) = python else {
            eprintln!("without {library}: set AUTOML_PYTHON or run `cargo xtask bench schedulers`");
            continue;
        };
        let names: &[&str] = match library {
            "optuna" => &["optuna-hyperband", "optuna-sha", "optuna-tpe"],
            "syne" => &["syne-asha", "syne-bohb"],
            other => return Err(format!("there is no peer {other:?}: optuna or syne").into()),
        };
        solvers.extend(
            names
                .iter()
                .map(|n| FidelitySolver::Peer { name: (*n).into(), python: python.clone().into() }),
        );
    }
    if solvers.is_empty() {
        return Err("no solver is selected".into());
    }
    Ok(solvers)
}

/// One objective: regret by cost.
fn regrets(args: &Args) -> Result<(), Failure> {
    let (problems, solvers) = (problems(args)?, solvers(args)?);
    let marks: Vec<u64> = (1..=args.budget).collect();
    let shown = [args.budget.div_ceil(3), args.budget];
    println!(
        "regret of the incumbent (0 best, 1 median of all) at the cost of {} and {} full trainings, \
         {} epochs each; {} seeds\n",
        shown[0], shown[1], EPOCHS, args.seeds
    );
    print!("{:<18}", "");
    solvers.iter().for_each(|solver| print!("{:>22}", solver.name()));
    println!();
    // All regrets by [solver][mark].
    let mut all = vec![vec![Vec::new(); marks.len()]; solvers.len()];
    for problem in &problems {
        let mut own = vec![vec![Vec::new(); marks.len()]; solvers.len()];
        for seed in 0..args.seeds {
            let workload = (problem.make)(seed).ok_or("a workload cannot be made")?;
            for (p, solver) in solvers.iter().enumerate() {
                let total = args.budget * EPOCHS;
                let task =
                    FidelityTask { workload: &*workload, max: EPOCHS, total, objectives: 1, seed };
                let run = solver.run(task)?;
                for (m, mark) in marks.iter().enumerate() {
                    own[p][m].push(run.regret_at(mark * EPOCHS));
                }
            }
        }
        print!("{:<18}", problem.name);
        for (p, regrets) in own.into_iter().enumerate() {
            let at = |mark: u64| mean(&regrets[mark as usize - 1]);
            print!("{:>22}", format!("{:.4}  {:.4}", at(shown[0]), at(shown[1])));
            for (m, values) in regrets.into_iter().enumerate() {
                all[p][m].extend(values);
            }
        }
        println!();
    }
    print!("{:<18}", "mean");
    let curve: Vec<Vec<f64>> =
        all.iter().map(|marks| marks.iter().map(|values| mean(values)).collect()).collect();
    for curve in &curve {
        let at = |mark: u64| curve[mark as usize - 1];
        print!("{:>22}", format!("{:.4}  {:.4}", at(shown[0]), at(shown[1])));
    }
    println!("\n");
    for (p, solver) in solvers.iter().enumerate() {
        let FidelitySolver::Peer { name, .. } = solver else { continue };
        let last = curve[p][marks.len() - 1];
        for (o, local) in solvers.iter().enumerate() {
            if matches!(local, FidelitySolver::Local { .. }) {
                let at = curve[o].iter().position(|regret| *regret <= last);
                let at = at.map_or("not within the budget".into(), |m| {
                    format!("at the cost of {} of {}", marks[m], args.budget)
                });
                println!("{} has the final mean regret of {name} ({last:.4}) {at}", local.name());
            }
        }
    }
    Ok(())
}

/// Two objectives: the hypervolume of pruning with a quarter of the budget against that of full
/// trainings with all of it.
fn fronts(args: &Args) -> Result<(), Failure> {
    let problems = problems(args)?;
    let solvers = solvers(args)?;
    let local: Vec<&FidelitySolver> =
        solvers.iter().filter(|solver| matches!(solver, FidelitySolver::Local { .. })).collect();
    println!(
        "hypervolume (regret and size, reference 1, 1) of full trainings at the cost of {}, and \
         with pruning at a quarter of it; {} seeds\n",
        args.budget, args.seeds
    );
    for solver in local {
        let FidelitySolver::Local { scheduler, sampler } = solver else { continue };
        if scheduler == "none" {
            continue;
        }
        let full = FidelitySolver::Local { scheduler: "none".into(), sampler: sampler.clone() };
        println!("{:<18}{:>22}{:>22}{:>10}", "", full.name(), solver.name(), "ratio");
        let mut reached = 0;
        for problem in &problems {
            let (mut whole, mut quarter) = (Vec::new(), Vec::new());
            for seed in 0..args.seeds {
                let workload = (problem.make)(seed).ok_or("a workload cannot be made")?;
                let run = |solver: &FidelitySolver, total| -> Result<FidelityRun, Failure> {
                    let workload = &*workload;
                    let task = FidelityTask { workload, max: EPOCHS, total, objectives: 2, seed };
                    Ok(solver.run(task)?)
                };
                let total = args.budget * EPOCHS;
                whole.push(run(&full, total)?.hypervolume(&*workload));
                quarter.push(run(solver, total / 4)?.hypervolume(&*workload));
            }
            let ratio = mean(&quarter) / mean(&whole);
            reached += usize::from(ratio >= 1.0);
            println!(
                "{:<18}{:>22.4}{:>22.4}{:>10.3}",
                problem.name,
                mean(&whole),
                mean(&quarter),
                ratio
            );
        }
        println!("at least as much on {reached} of {}\n", problems.len());
    }
    Ok(())
}
