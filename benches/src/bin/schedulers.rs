//! Our schedulers against those of other libraries: same curves, seeds and budgets, one run.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::simulate::{Curves, FAMILIES, Workload};
use automl_benches::fidelity::{Game, Played, Player};
use automl_benches::pool::{self, EPOCHS};
use automl_benches::stats::mean;
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// Our schedulers against those of other libraries.
#[derive(Debug, Parser)]
struct Args {
    /// Our pairs of scheduler/sampler, separated by commas
    #[arg(long, default_value = "auto/auto,asha/tpe,bohb/bohb,asha/random,none/tpe,none/random")]
    players: String,
    /// Other libraries: optuna, syne, or none
    #[arg(long, default_value = "optuna")]
    peers: String,
    /// Only workloads whose name contains one of these, separated by commas
    #[arg(long)]
    problems: Option<String>,
    /// A folder with lcbench/ [default: $AUTOML_DATA_DIR]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// The budget in full trainings
    #[arg(long, default_value_t = 30)]
    budget: u64,
    /// Runs of each player on each workload
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// Two objectives: what pruning reaches with a quarter of the budget
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

/// The name of a workload, and how to make it for a seed.
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
        return Err("no workload has such a name".into());
    }
    Ok(problems)
}

fn players(args: &Args) -> Result<Vec<Player>, Failure> {
    let mut players = Vec::new();
    for pair in args.players.split(',').filter(|pair| !pair.is_empty()) {
        let (scheduler, sampler) =
            pair.split_once('/').ok_or_else(|| format!("{pair:?} is not scheduler/sampler"))?;
        let (scheduler, sampler) = (scheduler.to_owned(), sampler.to_owned());
        players.push(Player::Ours { scheduler, sampler });
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
        players.extend(
            names.iter().map(|n| Player::Peer { name: (*n).into(), python: python.clone().into() }),
        );
    }
    if players.is_empty() {
        return Err("nobody plays".into());
    }
    Ok(players)
}

/// One objective: regret against cost.
fn regrets(args: &Args) -> Result<(), Failure> {
    let (problems, players) = (problems(args)?, players(args)?);
    let marks: Vec<u64> = (1..=args.budget).collect();
    let shown = [args.budget.div_ceil(3), args.budget];
    println!(
        "regret of the incumbent (0 best, 1 median of all) at the cost of {} and {} full trainings, \
         {} epochs each; {} seeds\n",
        shown[0], shown[1], EPOCHS, args.seeds
    );
    print!("{:<18}", "");
    players.iter().for_each(|player| print!("{:>22}", player.name()));
    println!();
    // [player][mark]: all regrets.
    let mut all = vec![vec![Vec::new(); marks.len()]; players.len()];
    for problem in &problems {
        let mut own = vec![vec![Vec::new(); marks.len()]; players.len()];
        for seed in 0..args.seeds {
            let workload = (problem.make)(seed).ok_or("a workload cannot be made")?;
            for (p, player) in players.iter().enumerate() {
                let total = args.budget * EPOCHS;
                let game = Game { workload: &*workload, max: EPOCHS, total, objectives: 1, seed };
                let played = player.play(game)?;
                for (m, mark) in marks.iter().enumerate() {
                    own[p][m].push(played.regret_at(mark * EPOCHS));
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
    for (p, player) in players.iter().enumerate() {
        let Player::Peer { name, .. } = player else { continue };
        let last = curve[p][marks.len() - 1];
        for (o, ours) in players.iter().enumerate() {
            if matches!(ours, Player::Ours { .. }) {
                let at = curve[o].iter().position(|regret| *regret <= last);
                let at = at.map_or("not within the budget".into(), |m| {
                    format!("at the cost of {} of {}", marks[m], args.budget)
                });
                println!("{} has the final mean regret of {name} ({last:.4}) {at}", ours.name());
            }
        }
    }
    Ok(())
}

/// Two objectives: the hypervolume that pruning reaches with a quarter of the budget, against that
/// of full trainings with the whole of it.
fn fronts(args: &Args) -> Result<(), Failure> {
    let problems = problems(args)?;
    let players = players(args)?;
    let ours: Vec<&Player> =
        players.iter().filter(|player| matches!(player, Player::Ours { .. })).collect();
    println!(
        "hypervolume (regret and size, reference 1, 1) of full trainings at the cost of {}, and \
         with pruning at a quarter of it; {} seeds\n",
        args.budget, args.seeds
    );
    for player in ours {
        let Player::Ours { scheduler, sampler } = player else { continue };
        if scheduler == "none" {
            continue;
        }
        let full = Player::Ours { scheduler: "none".into(), sampler: sampler.clone() };
        println!("{:<18}{:>22}{:>22}{:>10}", "", full.name(), player.name(), "ratio");
        let mut reached = 0;
        for problem in &problems {
            let (mut whole, mut quarter) = (Vec::new(), Vec::new());
            for seed in 0..args.seeds {
                let workload = (problem.make)(seed).ok_or("a workload cannot be made")?;
                let play = |player: &Player, total| -> Result<Played, Failure> {
                    let workload = &*workload;
                    let game = Game { workload, max: EPOCHS, total, objectives: 2, seed };
                    Ok(player.play(game)?)
                };
                let total = args.budget * EPOCHS;
                whole.push(play(&full, total)?.hypervolume(&*workload));
                quarter.push(play(player, total / 4)?.hypervolume(&*workload));
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
