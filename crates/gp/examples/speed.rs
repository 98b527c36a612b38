//! Times of the numerical core on one thread: `cargo run --release -p automl-gp --example speed`.
#![allow(clippy::print_stdout)]

use automl_gp::linalg;
use automl_gp::model::{
    Column, Distance, Evidence, Family, Hyper, Kernel, Observations, Posterior,
};
use automl_gp::model::{Prediction, Scratch};
use nalgebra::DMatrix;
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

fn main() {
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
