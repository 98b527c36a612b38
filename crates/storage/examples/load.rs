//! Finished trials a second with several processes on one record:
//! `cargo run --release -p automl-storage --features postgres --example load -- ADDRESS PROCESSES TRIALS`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

use automl_space::Space;
use automl_storage::open;
use automl_study::{RandomSampler, Study};
use std::process::{Command, ExitCode};
use std::time::Instant;

fn study(url: &str) -> Study {
    let mut builder = Space::builder();
    for name in ["a", "b", "c", "d"] {
        builder.float(name, 0.0..=1.0).add().unwrap();
    }
    let storage = open(url, "load").unwrap();
    let sampler = RandomSampler::uniform();
    Study::builder(builder.build().unwrap()).sampler(sampler).storage(storage).build().unwrap()
}

fn work(url: &str, trials: u64) {
    let mut study = study(url);
    for _ in 0..trials {
        let number = study.ask().unwrap().number;
        study.tell(number, 0.5).unwrap();
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["worker", url, trials] => work(url, trials.parse().unwrap()),
        [url, processes, trials] => {
            let (processes, trials): (u64, u64) =
                (processes.parse().unwrap(), trials.parse().unwrap());
            drop(study(url));
            let start = Instant::now();
            let spawn = |_| {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["worker", url, &(trials / processes).to_string()]).spawn().unwrap()
            };
            let mut children: Vec<_> = (0..processes).map(spawn).collect();
            let ended = children.iter_mut().all(|child| child.wait().unwrap().success());
            let seconds = start.elapsed().as_secs_f64();
            let done = trials / processes * processes;
            println!("{processes} processes: {:.0} trials a second", done as f64 / seconds);
            return if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        _ => {
            eprintln!("usage: load ADDRESS PROCESSES TRIALS");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
