//! What earlier studies are worth: regret with and without sources, leaving one task out.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::registry::PartSpec;
use automl_benches::stats::mean;
use automl_benches::transfer::{Earlier, Proposer, Task, Twist, run, shifted};
use automl_benches::{pool, table};
use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;

/// What earlier studies are worth: regret with and without sources, leaving one task out.
#[derive(Debug, Parser)]
struct Args {
    /// Sampler, a name with options
    #[arg(long, default_value = "auto")]
    sampler: PartSpec,
    /// Families: lcbench, fcnet, hpobench, nas and shifted, separated by commas
    #[arg(long, default_value = "lcbench,fcnet,hpobench,nas,shifted", value_delimiter = ',')]
    families: Vec<String>,
    /// Earlier studies as STUDIESxTRIALS, separated by commas, with "r" behind for reversed losses, "s"
    /// for shuffled ones and "m" for mirrored configurations; 0 for none
    #[arg(long, default_value = "0,8x50,2x30,8x50r", value_delimiter = ',')]
    earlier: Vec<String>,
    /// Parts of the names of the target tasks, separated by commas [default: all tasks]
    #[arg(long, value_delimiter = ',')]
    tasks: Vec<String>,
    /// Evaluations of a run
    #[arg(long, default_value_t = 40)]
    evaluations: usize,
    /// Runs on each task
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// Choose among the configurations of the table where a task is a list of them (lcbench), instead of
    /// moving each proposal to the nearest one; samplers auto and gp
    #[arg(long)]
    among: bool,
    /// Print a line for each task
    #[arg(long)]
    each: bool,
    /// A folder with lcbench/, fcnet/, hpobench-mlp/ and nas-bench-macro/ [default: $AUTOML_DATA_DIR]
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// The evaluations after which regrets are shown.
const MARKS: [usize; 12] = [1, 3, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150];

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

/// The tasks of a family; none where its data is absent.
fn tasks(family: &str, folder: Option<&PathBuf>) -> Result<Vec<Vec<Task>>, Failure> {
    let tables = |prefix: &str| -> Result<Vec<Task>, Failure> {
        let problems = folder.map_or(Ok(Vec::new()), |folder| table::problems(folder))?;
        let own = problems.into_iter().filter(|problem| problem.name.starts_with(prefix));
        Ok(own.map(Task::from).collect())
    };
    Ok(match family {
        "lcbench" => match folder.map(|folder| folder.join("lcbench")) {
            Some(folder) if folder.join("final_accuracy.f32").exists() => {
                vec![pool::final_tasks(&folder)?]
            }
            _ => Vec::new(),
        },
        "fcnet" => vec![tables("fcnet-")?],
        "hpobench" => vec![tables("hpobench-mlp-")?],
        "nas" => vec![tables("nas-macro-")?],
        "shifted" => vec![shifted(2, 6)?, shifted(5, 6)?],
        other => {
            return Err(
                format!("no family {other:?}: lcbench, fcnet, hpobench, nas or shifted").into()
            );
        }
    })
}

fn earlier(text: &str) -> Result<Earlier, Failure> {
    if text == "0" {
        return Ok(Earlier::NONE);
    }
    let twisted = Twist::LETTERS
        .iter()
        .find_map(|(letter, twist, _)| Some((text.strip_suffix(letter)?, *twist)));
    let (numbers, twist) = twisted.unwrap_or((text, Twist::None));
    let (studies, trials) =
        numbers.split_once('x').ok_or_else(|| format!("{text:?} is not STUDIESxTRIALS"))?;
    Ok(Earlier { studies: studies.parse()?, trials: trials.parse()?, twist })
}

fn compare(args: &Args) -> Result<(), Failure> {
    let folder =
        args.data_dir.clone().or_else(|| std::env::var_os("AUTOML_DATA_DIR").map(Into::into));
    let settings: Vec<Earlier> =
        args.earlier.iter().map(|text| earlier(text)).collect::<Result<_, _>>()?;
    let marks: Vec<usize> = MARKS.into_iter().filter(|mark| *mark <= args.evaluations).collect();
    for family in &args.families {
        for tasks in tasks(family, folder.as_ref())? {
            if tasks.len() < 2 {
                eprintln!("no data of {family}");
                continue;
            }
            report(args, family, &tasks, &settings, &marks)?;
        }
    }
    Ok(())
}

/// Prints the mean score of each setting over the tasks of a family.
fn report(
    args: &Args,
    family: &str,
    tasks: &[Task],
    settings: &[Earlier],
    marks: &[usize],
) -> Result<(), Failure> {
    let is_target = |task: &Task| {
        args.tasks.is_empty() || args.tasks.iter().any(|part| task.name.contains(part.as_str()))
    };
    let proposer = Proposer { sampler: &args.sampler, among: args.among };
    let targets: Vec<usize> = (0..tasks.len()).filter(|i| is_target(&tasks[*i])).collect();
    println!(
        "{family}: {} tasks of {} parameters, leave one out, {} seeds, sampler {}",
        targets.len(),
        tasks[0].space.len(),
        args.seeds,
        args.sampler
    );
    print!("{:<28}", "evaluations");
    marks.iter().for_each(|mark| print!("{mark:>9}"));
    println!();
    for setting in settings {
        let mut all = vec![Vec::new(); marks.len()];
        for &target in &targets {
            let mut own = vec![Vec::new(); marks.len()];
            for seed in 0..args.seeds {
                let losses = run(tasks, target, *setting, (&proposer, seed, args.evaluations))?;
                for (scores, mark) in own.iter_mut().zip(marks) {
                    scores.push(tasks[target].judge(&losses, *mark));
                }
            }
            if args.each {
                line(&format!("  {} {}", tasks[target].name, setting.name()), &own);
            }
            all.iter_mut().zip(own).for_each(|(all, own)| all.extend(own));
        }
        line(&setting.name(), &all);
    }
    println!();
    Ok(())
}

fn line(name: &str, scores: &[Vec<f64>]) {
    print!("{name:<28}");
    scores.iter().for_each(|scores| print!("{:>9.4}", mean(scores)));
    println!();
}
