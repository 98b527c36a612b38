//! One proposal after n trials in ten dimensions; densities; the split.

use automl_space::{Config, Space, stream};
use automl_study::{RandomSampler, Study};
use automl_tpe::{Bandwidth, ParzenEstimator, TpeSampler};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

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

fn ask(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ask and tell");
    for n in [100u64, 1_000, 10_000, 100_000] {
        // The trials before are random: how they came about does not matter to the time.
        let built = Study::builder(space()).sampler(RandomSampler::uniform()).build();
        let mut random = built.unwrap_or_else(|e| panic!("{e}"));
        random.optimize(n, loss).unwrap_or_else(|e| panic!("{e}"));
        let built = Study::builder(space()).sampler(TpeSampler::default()).build();
        let mut study = built.unwrap_or_else(|e| panic!("{e}"));
        for trial in random.history().trials() {
            let number = study.enqueue(trial.config.clone()).unwrap_or_else(|e| panic!("{e}"));
            let asked = study.ask().unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(asked.number, number);
            study.tell(number, trial.values[0]).unwrap_or_else(|e| panic!("{e}"));
        }
        group.bench_function(BenchmarkId::from_parameter(n), |bencher| {
            bencher.iter(|| {
                let asked = study.ask().unwrap_or_else(|e| panic!("{e}"));
                let value = loss(&asked.config);
                study.tell(asked.number, value).unwrap_or_else(|e| panic!("{e}"));
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
