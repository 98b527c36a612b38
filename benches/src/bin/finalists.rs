//! Which candidates to train to the end: those with the least losses, or those in the best regions.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::gp::region_losses;
use automl::numeric::stream;
use automl::registry::{self, PartSpec};
use automl::study::part::StudyContext;
use automl::study::{History, Study};
use automl_benches::problem::{Problem, Score};
use automl_benches::stats::mean;
use automl_benches::{synthetic, table};
use clap::Parser;
use rand::RngExt;
use std::f64::consts::TAU;
use std::path::PathBuf;
use std::process::ExitCode;

/// Which candidates to train to the end: those with the least losses, or those in the best regions.
///
/// A study under noise; of its candidates the first K are chosen by their own losses and by the posterior
/// mean of a Gaussian process. Shown is the regret of the best of the K without noise, relative to a median
/// random draw, beside that of the best candidate of all.
#[derive(Debug, Parser)]
struct Args {
    /// Samplers that make the candidates, separated by commas
    #[arg(long, default_value = "auto", value_delimiter = ',')]
    samplers: Vec<PartSpec>,
    /// Parts of the names of problems with one objective, separated by commas
    #[arg(long, default_value = "hartmann-6,levy-8,fcnet,hpobench,macro", value_delimiter = ',')]
    problems: Vec<String>,
    /// Standard deviations of the noise, as shares of the distance from a median draw to the optimum
    #[arg(long, default_value = "0.05,0.2", value_delimiter = ',')]
    noise: Vec<f64>,
    /// Candidates of a study
    #[arg(long, default_value_t = 60)]
    trials: u64,
    /// How many are chosen
    #[arg(long, default_value = "1,3", value_delimiter = ',')]
    chosen: Vec<usize>,
    /// Runs on each problem
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// A folder with fcnet/, hpobench-mlp/ and nas-bench-macro/ [default: $AUTOML_DATA_DIR]
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match compare(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(args: &Args) -> Result<(), Failure> {
    let folder =
        args.data_dir.clone().or_else(|| Some(std::env::var_os("AUTOML_DATA_DIR")?.into()));
    let mut problems = synthetic::problems()?;
    if let Some(folder) = folder {
        problems.extend(table::problems(&folder)?);
    }
    problems.retain(|problem| {
        problem.objectives == 1 && args.problems.iter().any(|part| problem.name.contains(part))
    });
    println!("| problem | candidates | noise | K | by loss | by region | best of all |");
    println!("|---|---|---|---|---|---|---|");
    for problem in &problems {
        let Score::Regret { optimum, median } = problem.score else { continue };
        for sampler in &args.samplers {
            for noise in &args.noise {
                let mut regrets = vec![[const { Vec::new() }; 3]; args.chosen.len()];
                for seed in 0..args.seeds {
                    let history =
                        studied(problem, sampler, noise * (median - optimum), args.trials, seed)?;
                    let orders = [by_loss(&history), by_region(problem, &history)];
                    for (k, regrets) in args.chosen.iter().zip(&mut regrets) {
                        let all = history.trials().len();
                        let sets = [&orders[0][..*k], &orders[1][..*k], &orders[0][..all]];
                        for (set, regrets) in sets.iter().zip(regrets) {
                            let configs: Vec<_> =
                                set.iter().map(|i| history.trials()[*i].config.clone()).collect();
                            regrets.push(problem.judge(&configs, configs.len()));
                        }
                    }
                }
                for (k, [loss, region, best]) in args.chosen.iter().zip(&regrets) {
                    let [loss, region, best] = [loss, region, best].map(|regrets| mean(regrets));
                    let name = &problem.name;
                    println!(
                        "| {name} | {sampler} | {noise} | {k} | {loss:.4} | {region:.4} | {best:.4} |"
                    );
                }
            }
        }
    }
    Ok(())
}

/// A study under normal noise of this standard deviation.
fn studied(
    problem: &Problem,
    sampler: &PartSpec,
    noise: f64,
    trials: u64,
    seed: u64,
) -> Result<History, Failure> {
    let context = StudyContext {
        space: &problem.space,
        objectives: 1,
        constraints: 0,
        planned_trials: Some(trials),
        ladder: None,
        total_cost: None,
        trial_limit: None,
    };
    let builder = Study::builder(problem.space.clone()).seed(seed).planned_trials(trials);
    let mut study = builder.sampler(registry::sampler(sampler, &context)?).build()?;
    for trial in 0..trials {
        let asked = study.ask()?;
        let (u, v): (f64, f64) = stream(seed, trial, "finalists").random();
        let normal = (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos();
        let loss = (problem.noisy)(&asked.config, trial)[0] + noise * normal;
        study.tell(asked.number, vec![loss])?;
    }
    Ok(study.history().clone())
}

/// The trials from the best on.
fn by_loss(history: &History) -> Vec<usize> {
    let losses: Vec<f64> = history.trials().iter().map(|trial| trial.values[0]).collect();
    sorted(&losses)
}

/// The trials from the one in the best region on.
fn by_region(problem: &Problem, history: &History) -> Vec<usize> {
    let losses = region_losses(&problem.space, history, None, 0);
    sorted(&losses.into_values().collect::<Vec<_>>())
}

fn sorted(losses: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    order
}
