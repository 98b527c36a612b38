//! One ask and tell after n trials in ten dimensions (the split is part of it); densities.

use automl_space::{Config, Space, stream};
use automl_study::Study;
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

fn loss(config: &Config) -> f64 {
    config.values().flatten().map(|v| (v.as_f64() - 0.3).powi(2)).sum()
}

/// A study with `n` random trials: how they came about does not matter to the time.
fn after(n: u64) -> Study {
    let fail = |e: &dyn std::fmt::Display| -> ! { panic!("{e}") };
    let space = space();
    let mut study = Study::builder(space.clone())
        .sampler(TpeSampler::default())
        .build()
        .unwrap_or_else(|e| fail(&e));
    let mut rng = stream(1, 0, "earlier trials");
    for _ in 0..n {
        study.enqueue(space.sample(&mut rng)).unwrap_or_else(|e| fail(&e));
        let asked = study.ask().unwrap_or_else(|e| fail(&e));
        study.tell(asked.number, loss(&asked.config)).unwrap_or_else(|e| fail(&e));
    }
    study
}

fn ask_and_tell(study: &mut Study) {
    let asked = study.ask().unwrap_or_else(|e| panic!("{e}"));
    let value = loss(&asked.config);
    study.tell(asked.number, value).unwrap_or_else(|e| panic!("{e}"));
}

fn ask(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ask and tell");
    group.sample_size(10);
    for n in [100u64, 1_000, 10_000, 100_000] {
        // A study that has grown by a half is replaced, so that `n` stays about `n`.
        let mut study = after(n);
        group.bench_function(BenchmarkId::from_parameter(n), |bencher| {
            bencher.iter_custom(|iterations| {
                let mut time = Duration::ZERO;
                for _ in 0..iterations {
                    if study.history().len() as u64 > n + n / 2 {
                        study = after(n);
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
