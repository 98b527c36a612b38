//! Times of the numerical core on one thread: `cargo run --release -p automl-gp --example speed`.
#![allow(clippy::print_stdout)]

use automl_gp::GpSampler;
use automl_gp::regression::{
    Column, Distance, Evidence, Family, Hyper, Kernel, Observations, Posterior,
};
use automl_gp::regression::{Prediction, Scratch};
use automl_numeric::linalg;
use automl_numeric::stream;
use automl_space::{Config, Space};
use automl_study::{Direction, History, Sampler, State, Trial, View, sobol_point};
use nalgebra::DMatrix;
use rand::RngExt;
use std::hint::black_box;
use std::time::Instant;

/// The least time of a few runs, in milliseconds.
fn time(mut work: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    let start = Instant::now();
    let mut runs = 0;
    while runs < 3 || (start.elapsed().as_secs_f64() < 0.3 && runs < 1000) {
        let one = Instant::now();
        work();
        least = least.min(one.elapsed().as_secs_f64() * 1e3);
        runs += 1;
    }
    least
}

/// The processor time of this thread where the system tells it, else the time of the wall clock:
/// other work on the machine should not count.
fn seconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split_whitespace().next()?.parse::<f64>().ok());
    let wall = || {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_secs_f64()
    };
    nanoseconds.map_or_else(wall, |n| n * 1e-9)
}

/// One proposal with everything that belongs to it, on a history of quasi-random trials that grows
/// by each proposal: median, mean and largest, in milliseconds.
fn ask(earlier: u64, d: usize, asks: u64) -> Option<(f64, f64, f64)> {
    let mut builder = Space::builder();
    for i in 0..d {
        builder.float(&format!("x{i}"), 0.0..=1.0).add().ok()?;
    }
    let space = builder.build().ok()?;
    let mut history = History::new(vec![Direction::Minimize]);
    let tell = |history: &mut History, config: Config| {
        let unit = space.encode(&config).unit;
        let loss: f64 =
            unit.iter().enumerate().map(|(i, u)| (u - 0.3).powi(2) * (i + 1) as f64).sum();
        let number = history.len() as u64;
        let noise = stream(1, number, "noise").random::<f64>();
        let values = vec![loss + 0.01 * noise];
        let trial = Trial { state: State::Complete, values, ..Trial::waiting(number, config) };
        history.push(trial).is_ok()
    };
    for number in 0..earlier {
        // Some at random, the others ever closer to the optimum, as in a real study.
        let at = stream(2, number, "at").random::<f64>();
        let point = sobol_point(number, d, 1)
            .iter()
            .map(|u| if at < 0.3 { *u } else { 0.3 + (u - 0.3) * at })
            .collect::<Vec<_>>();
        tell(&mut history, space.decode(&point));
    }
    let mut sampler = GpSampler::default();
    let mut times = Vec::new();
    for _ in 0..asks {
        let number = history.len() as u64;
        let view = View {
            space: &space,
            history: &history,
            number,
            seed: 0,
            planned_trials: None,
            ladder: None,
            target: None,
        };
        let start = seconds();
        let config = sampler.propose(&view, &mut stream(0, number, "propose")).ok()?;
        times.push((seconds() - start) * 1e3);
        tell(&mut history, config);
    }
    // The first has to learn what later ones know already.
    times.remove(0);
    times.sort_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    Some((times[times.len() / 2], mean, times[times.len() - 1]))
}

fn main() {
    println!("one proposal of GpSampler with its refit, milliseconds");
    for (earlier, d, asks) in [
        (100, 10, 33),
        (200, 10, 33),
        (200, 20, 33),
        (500, 10, 33),
        (1000, 10, 65),
        (2000, 10, 33),
        (20_000, 10, 4),
    ] {
        if let Some((median, mean, most)) = ask(earlier, d, asks) {
            println!(
                "{earlier:>6} trials, {d:>2} dimensions: median {median:>8.2}  mean {mean:>8.2}  largest {most:>8.2}"
            );
        }
    }
    core();
}

/// The parts.
fn core() {
    let d = 10;
    println!("10 dimensions, milliseconds");
    println!(
        "{:>6} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "n", "matrix", "factor", "nalgebra", "inverse", "evidence", "256 points", "one", "append"
    );
    for n in [50, 100, 200, 500, 1000, 2000] {
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let x = DMatrix::from_fn(n, d, |_, _| random());
        let y: Vec<f64> =
            (0..n).map(|i| x.row(i).iter().map(|v| (v - 0.3) * (v - 0.3)).sum()).collect();
        let points = DMatrix::from_fn(256, d, |_, _| random());
        let columns = (0..d).map(|scale| Column { distance: Distance::Square, scale }).collect();
        let kernel = Kernel::new(Family::Matern52, columns);
        let hyper = Hyper { lengths: vec![1.0; d], signal: 1.0, noise: 1e-3 };
        let data = Observations { x: &x, y: &y, noise: &[] };
        let mut k = kernel.cross(&hyper, &x, &x);
        (0..n).for_each(|i| k[(i, i)] += hyper.noise);
        let mut work = k.clone();
        let factor = time(|| {
            work.copy_from(&k);
            black_box(linalg::cholesky_in_place(&mut work));
        });
        let theirs = time(|| {
            black_box(k.clone().cholesky());
        });
        let inverse = time(|| {
            black_box(linalg::inverse_lower(&work));
        });
        let matrix = time(|| {
            black_box(kernel.cross(&hyper, &x, &x));
        });
        let mut evidence = Evidence::new(&kernel, data, 1.0);
        let mut log = vec![0.0; d];
        log.extend([0.0, 1e-3_f64.ln()]);
        let mut gradient = vec![0.0; d + 2];
        let whole = time(|| {
            black_box(evidence.evaluate(&log, &mut gradient));
        });
        let Ok(posterior) = Posterior::new(&kernel, &hyper, data, 1.0) else { continue };
        let batch = time(|| {
            black_box(posterior.predict(&points));
        });
        let row: Vec<f64> = (0..d).map(|_| random()).collect();
        let (mut scratch, mut out) = (Scratch::default(), Prediction::default());
        let one = time(|| {
            for _ in 0..10 {
                posterior.predict_one(&row, &mut scratch, &mut out);
            }
        }) / 10.0;
        let mut grown = posterior.clone();
        let _ = grown.append(&row, 0.0);
        let append = time(|| {
            let row: Vec<f64> = (0..d).map(|_| random()).collect();
            let _ = grown.append(&row, 0.0);
        });
        println!(
            "{n:>6} {matrix:>10.3} {factor:>10.3} {theirs:>10.3} {inverse:>10.3} {whole:>10.3} {batch:>10.3} {one:>10.4} {append:>10.3}"
        );
    }
}
