//! Times of one ask and tell after `n` trials in ten dimensions, of the split and the fits alone, and
//! of densities.

use automl_numeric::stream;
use automl_space::{Config, Space};
use automl_study::{Direction, Study};
use automl_tpe::{Bandwidth, ParzenEstimator, TpeConfig, TpeSampler};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn space() -> Space {
    let mut builder = Space::builder();
    for i in 0..10 {
        let added = builder.float(&format!("x{i}"), 0.0..=1.0).add();
        added.map(drop).unwrap_or_else(|e| panic!("{e}"));
    }
    builder.build().unwrap_or_else(|e| panic!("{e}"))
}

/// Squared distances to `objectives` points.
fn losses(config: &Config, objectives: usize) -> Vec<f64> {
    let to = |c: f64| config.values().flatten().map(|v| (v.as_f64() - c).powi(2)).sum();
    (0..objectives).map(|i| to(0.3 + 0.2 * i as f64)).collect()
}

/// A study with `n` random trials.
fn after(n: u64, objectives: usize, config: TpeConfig) -> Study {
    let fail = |e: &dyn std::fmt::Display| -> ! { panic!("{e}") };
    let space = space();
    let mut study = Study::builder(space.clone())
        .directions(vec![Direction::Minimize; objectives])
        .sampler(TpeSampler::new(config))
        .build()
        .unwrap_or_else(|e| fail(&e));
    let mut rng = stream(1, 0, "earlier trials");
    for _ in 0..n {
        let config = space.sample(&mut rng);
        let values = losses(&config, objectives);
        study.add_trial(config, values).unwrap_or_else(|e| fail(&e));
    }
    study
}

fn ask_and_tell(study: &mut Study) {
    let asked = study.ask().unwrap_or_else(|e| panic!("{e}"));
    let values = losses(&asked.config, study.history().directions().len());
    study.tell(asked.number, values).unwrap_or_else(|e| panic!("{e}"));
}

fn ask(criterion: &mut Criterion) {
    let sizes = [(100, 1), (1_000, 1), (10_000, 1), (100_000, 1), (100, 2), (10_000, 2)];
    grow(criterion, "ask and tell", &sizes, TpeConfig::default());
}

/// With one candidate, the split of the trials and the fits of both densities dominate.
fn split(criterion: &mut Criterion) {
    let config = TpeConfig { candidates: 1, ..TpeConfig::default() };
    grow(criterion, "split and fit", &[(100, 1), (10_000, 1), (10_000, 2)], config);
}

fn grow(criterion: &mut Criterion, name: &str, sizes: &[(u64, usize)], config: TpeConfig) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    for &(n, objectives) in sizes {
        // A study that has grown by half is replaced, so that its size stays near `n`.
        let mut study = after(n, objectives, config.clone());
        group.bench_function(BenchmarkId::new(format!("{objectives} objectives"), n), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations {
                    if study.history().len() as u64 > n + n / 2 {
                        study = after(n, objectives, config.clone());
                        ask_and_tell(&mut study);
                    }
                    let start = Instant::now();
                    ask_and_tell(&mut study);
                    time += start.elapsed();
                }
                time
            });
        });
    }
    group.finish();
}

fn density(criterion: &mut Criterion) {
    let space = space();
    let mut rng = stream(1, 0, "bench");
    let configs: Vec<Config> = (0..100).map(|_| space.sample(&mut rng)).collect();
    let configs: Vec<&Config> = configs.iter().collect();
    criterion.bench_function("fit 100 kernels", |bencher| {
        bencher.iter(|| {
            ParzenEstimator::new(&space, black_box(&configs), &[], 1.0, 0.0, Bandwidth::default())
        });
    });
    let estimator = ParzenEstimator::new(&space, &configs, &[], 1.0, 0.0, Bandwidth::default());
    let point = space.sample(&mut rng);
    criterion.bench_function("log density of 100 kernels", |bencher| {
        bencher.iter(|| estimator.log_density(black_box(&point)));
    });
}

criterion_group!(benches, ask, split, density);
criterion_main!(benches);
