//! One ask and tell after n trials in ten dimensions (the split is part of it); densities.

use automl_space::{Config, Space, stream};
use automl_study::{Direction, Study};
use automl_tpe::{Bandwidth, ParzenEstimator, TpeSampler};
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

/// Squared distances to as many points.
fn losses(config: &Config, objectives: usize) -> Vec<f64> {
    let to = |c: f64| config.values().flatten().map(|v| (v.as_f64() - c).powi(2)).sum();
    (0..objectives).map(|i| to(0.3 + 0.2 * i as f64)).collect()
}

/// A study with `n` random trials: how they came about does not matter to the time.
fn after(n: u64, objectives: usize) -> Study {
    let fail = |e: &dyn std::fmt::Display| -> ! { panic!("{e}") };
    let space = space();
    let mut study = Study::builder(space.clone())
        .directions(vec![Direction::Minimize; objectives])
        .sampler(TpeSampler::default())
        .build()
        .unwrap_or_else(|e| fail(&e));
    let mut rng = stream(1, 0, "earlier trials");
    for _ in 0..n {
        study.enqueue(space.sample(&mut rng)).unwrap_or_else(|e| fail(&e));
        let asked = study.ask().unwrap_or_else(|e| fail(&e));
        study.tell(asked.number, losses(&asked.config, objectives)).unwrap_or_else(|e| fail(&e));
    }
    study
}

fn ask_and_tell(study: &mut Study) {
    let asked = study.ask().unwrap_or_else(|e| panic!("{e}"));
    let values = losses(&asked.config, study.history().directions().len());
    study.tell(asked.number, values).unwrap_or_else(|e| panic!("{e}"));
}

fn ask(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ask and tell");
    group.sample_size(10);
    let sizes = [(100u64, 1), (1_000, 1), (10_000, 1), (100_000, 1), (100, 2), (10_000, 2)];
    for (n, objectives) in sizes {
        // A study that has grown by a half is replaced, so that `n` stays about `n`.
        let mut study = after(n, objectives);
        group.bench_function(BenchmarkId::new(format!("{objectives} objectives"), n), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations {
                    if study.history().len() as u64 > n + n / 2 {
                        study = after(n, objectives);
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

criterion_group!(benches, ask, density);
criterion_main!(benches);
