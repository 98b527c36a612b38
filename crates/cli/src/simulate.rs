//! `automl simulate`: schedulers on thousands of workers in virtual time.

use crate::Failure;
use crate::output::say;
use crate::parts::{sampler_help, scheduler_help};
use automl::registry::{self, PartSpec};
use automl::simulate::{Cluster, Curves, FAMILIES, Runtimes, Summary, Workload};
use automl::study::part::StudyContext;
use automl::study::{Direction, Ladder, Study};
use clap::Args;
use std::path::PathBuf;

/// Options of `automl simulate`.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(crate) struct SimulateArgs {
    /// Workers
    #[arg(long, default_value_t = 10_000)]
    workers: usize,
    /// Jobs that are handed out
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    jobs: u64,
    /// Scheduler, perhaps with options
    #[arg(long, default_value = "asha", hide_default_value = true, help = scheduler_help("asha"))]
    scheduler: PartSpec,
    /// Sampler, perhaps with options
    #[arg(long, default_value = "random", hide_default_value = true, help = sampler_help("random", 1))]
    sampler: PartSpec,
    /// The family of learning curves
    #[arg(long, default_value = "power", value_parser = clap::builder::PossibleValuesParser::new(FAMILIES))]
    family: String,
    /// The lowest fidelity
    #[arg(long, default_value_t = 1)]
    min: u64,
    /// The highest fidelity
    #[arg(long, default_value_t = 27)]
    max: u64,
    /// Objectives: the loss, and the size as a second one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=2))]
    objectives: u64,
    /// Training starts again from scratch when a trial is resumed
    #[arg(long)]
    not_resumable: bool,
    /// The spread of log-normal runtimes (standard deviation of the logarithm)
    #[arg(long, default_value_t = 0.5)]
    spread: f64,
    /// A file with measured runtimes, one number a line, in place of log-normal ones
    #[arg(long)]
    runtimes: Option<PathBuf>,
    /// The share of jobs that take much longer
    #[arg(long, default_value_t = 0.001)]
    stragglers: f64,
    /// How many times as long those take
    #[arg(long, default_value_t = 10.0)]
    straggle: f64,
    /// The probability that a worker dies during a job
    #[arg(long, default_value_t = 0.01)]
    crashes: f64,
    /// The time until a dead worker is replaced, in epochs
    #[arg(long, default_value_t = 0.2)]
    restart: f64,
    /// The seed of everything
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) fn run(args: SimulateArgs) -> Result<(), Failure> {
    let curves = Curves::new(&args.family, args.seed).ok_or("there is no such family")?;
    let ladder = Ladder::new("epoch", args.min, args.max, !args.not_resumable)?;
    let setting = StudyContext {
        space: curves.space(),
        objectives: args.objectives as usize,
        constraints: 0,
        planned_trials: None,
        ladder: Some(&ladder),
        total_cost: None,
        trial_limit: None,
    };
    let (sampler, scheduler) = registry::pair(&args.sampler, &args.scheduler, &setting)?;
    let mut builder = Study::builder(curves.space().clone())
        .directions(vec![Direction::Minimize; args.objectives as usize])
        .seed(args.seed)
        .sampler(sampler);
    builder = match scheduler {
        Some(scheduler) => builder.scheduler(ladder, scheduler),
        None => builder.ladder(ladder),
    };
    let mut study = builder.build()?;
    let runtimes = match &args.runtimes {
        Some(path) => Runtimes::read(path)?,
        None => Runtimes::log_normal(args.spread)?,
    };
    let cluster = Cluster {
        workers: args.workers,
        jobs: args.jobs,
        runtimes,
        stragglers: args.stragglers,
        straggle: args.straggle,
        crashes: args.crashes,
        restart: args.restart,
        seed: args.seed,
    };
    let summary = cluster.run(&mut study, &curves)?;
    say(report(&args, &summary, curves.median() - curves.optimum()))
}

fn report(args: &SimulateArgs, summary: &Summary, median: f64) -> String {
    let [complete, pruned, paused, failed] = summary.states;
    let head = format!(
        "{} on {} workers: {} jobs of {} trials, {} workers died\n\
         trials: {complete} complete, {pruned} pruned, {paused} paused, {failed} failed\n\n\
         {:>12}{:>12}{:>12}{:>12}{:>14}\n",
        args.scheduler,
        args.workers,
        summary.jobs,
        summary.states.iter().sum::<usize>(),
        summary.crashes,
        "virtual time",
        "jobs",
        "trials",
        "regret",
        "us/decision"
    );
    let rows = summary.glances.iter().map(|glance| {
        format!(
            "{:>12.1}{:>12}{:>12}{:>12.5}{:>14.2}\n",
            glance.time, glance.jobs, glance.trials, glance.regret, glance.decision
        )
    });
    let seconds = summary.decision_time.as_secs_f64();
    let tail = format!(
        "(regret: the incumbent's final loss above the optimum; a median random draw has {median:.3})\n\n\
         utilisation  {:.2} % until the last job was handed out, {:.2} % until the last one ended\n\
         decisions    {:.0} a second: {} in {seconds:.2} s\n\
         wall time    {:.2} s",
        100.0 * summary.utilisation,
        100.0 * summary.utilisation_with_end,
        summary.decisions as f64 / seconds,
        summary.decisions,
        summary.wall.as_secs_f64()
    );
    head + &rows.collect::<String>() + &tail
}
