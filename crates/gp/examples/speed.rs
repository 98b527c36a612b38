//! Times of the numerical core on one thread: `cargo run --release -p automl-gp --example speed`.
#![allow(clippy::print_stdout)]

use automl_gp::{
    GaussianProcess, GpSampler, Hyperparameters, Kernel, KernelFamily, Observations,
    RegressionError,
};
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

/// The processor time of this thread where the system reports it, so that other work on the machine
/// does not count; else wall-clock time.
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
        let number = history.next_id();
        let noise = stream(1, number.0, "noise").random::<f64>();
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
        let number = history.next_id();
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
        let config = sampler.propose(&view, &mut stream(0, number.0, "propose")).ok()?;
        times.push((seconds() - start) * 1e3);
        tell(&mut history, config);
    }
    // The first one fits hyperparameters that later ones reuse.
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
    println!("{D} dimensions, milliseconds");
    println!(
        "{:>6} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "n", "matrix", "factor", "nalgebra", "inverse", "evidence", "256 points", "one"
    );
    for n in [50, 100, 200, 500, 1000, 2000] {
        match parts(n) {
            Ok(times) => {
                println!("{n:>6} {}", times.map(|t| format!("{t:>10.4}")).join(" "));
            }
            Err(error) => println!("{n:>6} {error}"),
        }
    }
}

/// Dimensions of the parts' inputs.
const D: usize = 10;

/// Times of the parts for `n` observations.
fn parts(n: usize) -> Result<[f64; 7], RegressionError> {
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let x = DMatrix::from_fn(n, D, |_, _| random());
    let y: Vec<f64> =
        (0..n).map(|i| x.row(i).iter().map(|v| (v - 0.3) * (v - 0.3)).sum()).collect();
    let points = DMatrix::from_fn(256, D, |_, _| random());
    let row: Vec<f64> = (0..D).map(|_| random()).collect();
    let process = GaussianProcess::new(Kernel::ard(KernelFamily::Matern52, D));
    let hyper = Hyperparameters { lengths: vec![1.0; D], signal: 1.0, noise: 1e-3 };
    let data = Observations { x: &x, y: &y, noise: &[] };
    let posterior = process.posterior(&hyper, data)?;
    let mut k = process.kernel().covariance(&hyper, &x, &x)?;
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
        black_box(process.kernel().covariance(&hyper, &x, &x).ok());
    });
    let evidence = time(|| {
        black_box(process.log_evidence(&hyper, data).ok());
    });
    let batch = time(|| {
        black_box(posterior.predict(&points).ok());
    });
    let one = time(|| {
        for _ in 0..10 {
            black_box(posterior.predict_with_gradient(&row).ok());
        }
    }) / 10.0;
    Ok([matrix, factor, theirs, inverse, evidence, batch, one])
}
