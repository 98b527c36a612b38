//! Finished trials a second with several processes on one record, for PostgreSQL also over a way on which a
//! journey to the server and back takes some milliseconds:
//! `cargo run --release -p automl-storage --features postgres --example shared_load -- ADDRESS PROCESSES TRIALS [MS]`.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../../tests/common/slow.rs"]
mod slow;

use automl_space::Space;
use automl_storage::open;
use automl_study::{RandomSampler, Study};
use slow::Slow;
use std::net::ToSocketAddrs;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

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

/// The address of a server behind a slow way.
fn slowed(url: &str, journey: Duration) -> (Slow, String) {
    let (before, rest) = url.rsplit_once('@').unwrap();
    let (host, after) = rest.split_once('/').unwrap();
    let way = Slow::new(host.to_socket_addrs().unwrap().next().unwrap(), journey / 2);
    let url = format!("{before}@{}/{after}", way.address);
    (way, url)
}

fn run(url: &str, processes: u64, trials: u64, journey: Option<u64>) -> ExitCode {
    drop(study(url));
    let way = journey.map(|journey| slowed(url, Duration::from_millis(journey)));
    let url = way.as_ref().map_or(url, |(_, url)| url);
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
    if let Some((way, _)) = way {
        println!("{:.1} journeys a trial", way.journeys() as f64 / done as f64);
    }
    if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &str| text.parse().unwrap();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["worker", url, trials] => {
            work(url, number(trials));
            ExitCode::SUCCESS
        }
        [url, processes, trials] => run(url, number(processes), number(trials), None),
        [url, processes, trials, journey] => {
            run(url, number(processes), number(trials), Some(number(journey)))
        }
        _ => {
            eprintln!("usage: shared_load ADDRESS PROCESSES TRIALS [MILLISECONDS OF A JOURNEY]");
            ExitCode::from(2)
        }
    }
}
