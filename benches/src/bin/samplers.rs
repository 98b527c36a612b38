//! Comparison of samplers with those of other libraries, on the same problems, seeds and budgets.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl_benches::problem::Problem;
use automl_benches::solver::{Run, Solver};
use automl_benches::stats::{mean, median, ranks};
use automl_benches::{synthetic, table, wider};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Comparison of samplers with those of other libraries.
#[derive(Debug, Parser)]
struct Args {
    /// Samplers of this project, separated by commas
    #[arg(long, default_value = "auto,gp,tpe,random")]
    samplers: String,
    /// Other libraries: optuna, botorch, hebo, or none
    #[arg(long, default_value = "optuna")]
    peers: String,
    /// Samplers of other libraries, separated by commas [default: the usual ones of each library]
    #[arg(long)]
    peer_samplers: Option<String>,
    /// Names of the problems to run or parts of them, separated by commas [default: all problems]
    #[arg(long)]
    problems: Option<String>,
    /// A folder with fcnet/, hpobench-mlp/ and nas-bench-macro/ [default: $AUTOML_DATA_DIR]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Evaluations of a run
    #[arg(long, default_value_t = 100)]
    trials: u64,
    /// Runs of each sampler on each problem
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// Evaluations at a time: so many are asked for before their results are told
    #[arg(long, default_value_t = 1)]
    batch: u64,
    /// Print the scores of each run, at half of the budget and at all of it
    #[arg(long)]
    each: bool,
    /// Print what the last so many proposals of each run are worth: the median of their own scores, and
    /// the milliseconds of a proposal of the whole run
    #[arg(long)]
    last: Option<usize>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let problems = problems(args)?;
    let solvers = solvers(args);
    // Ranks and scores at half of the budget and at all of it, over problems and seeds, by
    // [budget][solver].
    let budgets = [args.trials.div_ceil(2), args.trials];
    let mut rank = vec![vec![Vec::new(); solvers.len()]; 2];
    let mut score = vec![vec![Vec::new(); solvers.len()]; 2];
    let mut cost = vec![Vec::new(); solvers.len()];
    println!(
        "{} evaluations, {} seeds; score: 0 optimum, 1 median random draw\n",
        args.trials, args.seeds
    );
    print!("{:<28}", "median score");
    for solver in &solvers {
        print!("{:>16}", solver.name());
    }
    println!();
    for problem in &problems {
        let mut last = vec![Vec::new(); solvers.len()];
        for seed in 0..args.seeds {
            let mut at = [Vec::new(), Vec::new()];
            for (s, solver) in solvers.iter().enumerate() {
                match solver.run(problem, seed, args.trials, args.batch) {
                    Ok(run) => {
                        cost[s].push(run.time.as_secs_f64() * 1e3 / args.trials as f64);
                        for (scores, budget) in at.iter_mut().zip(budgets) {
                            scores.push(problem.judge(&run.configs, budget as usize));
                        }
                        if let Some(last) = args.last {
                            print_last(problem, solver, seed, &run, last);
                        }
                    }
                    Err(error) => {
                        eprintln!("{}: {error}", problem.name);
                        at.iter_mut().for_each(|scores| scores.push(f64::INFINITY));
                    }
                }
                last[s].push(at[1][s]);
                if args.each {
                    let (name, half, all) = (solver.name(), at[0][s], at[1][s]);
                    println!("{} {name} {seed}: {half:.4e} {all:.4e}", problem.name);
                }
            }
            for (b, scores) in at.iter().enumerate() {
                for (s, r) in ranks(scores).into_iter().enumerate() {
                    rank[b][s].push(r);
                    score[b][s].push(scores[s]);
                }
            }
        }
        print!("{:<28}", problem.name);
        for values in &last {
            print!("{:>16}", format!("{:.4e}", median(values)));
        }
        println!();
    }
    println!();
    for (b, budget) in budgets.iter().enumerate() {
        line(&format!("mean rank at {budget}"), rank[b].iter().map(|v| format!("{:.2}", mean(v))));
        line(
            &format!("mean score at {budget}"),
            score[b].iter().map(|v| format!("{:.4}", mean(v))),
        );
    }
    line("ms per ask and tell", cost.iter().map(|v| format!("{:.3}", median(v))));
    Ok(())
}

/// Prints the median score of the last proposals of a run, each alone, and the time of a proposal.
fn print_last(problem: &Problem, solver: &Solver, seed: u64, run: &Run, last: usize) {
    let from = run.configs.len().saturating_sub(last);
    let alone = run.configs[from..].chunks(1).map(|one| problem.judge(one, 1));
    let worth = median(&alone.collect::<Vec<f64>>());
    let ms = run.time.as_secs_f64() * 1e3 / run.configs.len().max(1) as f64;
    println!("{} {} {seed}: last {worth:.4e}, {ms:.2} ms", problem.name, solver.name());
}

/// Prints one line of the table.
fn line(name: &str, cells: impl Iterator<Item = String>) {
    print!("{name:<28}");
    for cell in cells {
        print!("{cell:>16}");
    }
    println!();
}

fn problems(args: &Args) -> Result<Vec<Problem>, Box<dyn std::error::Error>> {
    let mut problems = synthetic::problems()?;
    problems.extend(wider::problems()?);
    let folder =
        args.data_dir.clone().or_else(|| std::env::var_os("AUTOML_DATA_DIR").map(Into::into));
    match folder {
        Some(folder) => problems.extend(table::problems(&folder)?),
        None => eprintln!("no --data-dir: without the tabular problems"),
    }
    if let Some(filter) = &args.problems {
        problems.extend(wider::on_request()?);
        let names: Vec<String> = problems.iter().map(|problem| problem.name.clone()).collect();
        // A whole name is that problem alone, and not also those with longer names.
        let is_meant = |name: &str, part: &str| {
            name == part || !names.iter().any(|other| other == part) && name.contains(part)
        };
        problems.retain(|problem| filter.split(',').any(|part| is_meant(&problem.name, part)));
    }
    if problems.is_empty() {
        return Err("no problem has a matching name".into());
    }
    Ok(problems)
}

fn solvers(args: &Args) -> Vec<Solver> {
    let split = |text: &str| -> Vec<String> {
        text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let mut solvers: Vec<Solver> = split(&args.samplers).into_iter().map(Solver::Local).collect();
    let python = match std::env::var_os("AUTOML_PYTHON") {
        Some(python) if args.peers != "none" => PathBuf::from(python),
        _ => {
            eprintln!(
                "without other libraries: set AUTOML_PYTHON or run `cargo xtask bench samplers`"
            );
            return solvers;
        }
    };
    let names = match &args.peer_samplers {
        Some(names) => split(names),
        None => split(&args.peers)
            .iter()
            .flat_map(|peer| match peer.as_str() {
                "optuna" => vec!["optuna-tpe", "optuna-cmaes"],
                // Optuna's Gaussian process needs torch, a dependency of BoTorch.
                "botorch" => vec!["botorch-logei", "optuna-gp", "optuna-auto"],
                "hebo" => vec!["hebo"],
                _ => Vec::new(),
            })
            .map(str::to_owned)
            .collect(),
    };
    // HEBO needs older versions than the others, so it may have a separate Python.
    let hebo = std::env::var_os("AUTOML_PYTHON_HEBO").map(PathBuf::from);
    let python = |name: &str| match &hebo {
        Some(hebo) if name == "hebo" => hebo.clone(),
        _ => python.clone(),
    };
    solvers.extend(names.into_iter().map(|name| Solver::Peer { python: python(&name), name }));
    solvers
}
