//! Variants of TPE on the bench's problems: mean rank and mean score of each, paired by seed.
//!
//! `cargo run --release -p automl-benches --bin tpe_ablation -- [SEEDS] [TRIALS]`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::space::{Config, Space};
use automl::study::{Direction, Study, pareto};
use automl::tpe::{Bandwidth, TpeOptions, TpeSampler};
use automl_benches::problem::{Problem, Score};
use automl_benches::stats::{mean, median, ranks};
use automl_benches::{synthetic, table};

fn variants() -> Vec<(&'static str, TpeOptions)> {
    let base = TpeOptions::default();
    let _narrow = |narrowest, exponent| Bandwidth { narrowest, exponent, cells: 0.0 };
    let e = |exponent: f64| TpeOptions {
        good_bandwidth: Bandwidth { exponent, ..base.good_bandwidth },
        ..base
    };
    vec![
        ("default", base),
        ("cand 48", TpeOptions { candidates: 48, ..base }),
        ("cand 12+3d", TpeOptions { candidates: 12, per_dim: 3.0, ..base }),
        ("cand 12+6d", TpeOptions { candidates: 12, per_dim: 6.0, ..base }),
        ("loo 1.2", TpeOptions { loo: 1.2, ..base }),
        ("e1.5", e(1.5)),
        ("e2", e(2.0)),
        ("j1.5", TpeOptions { jitter: 1.5, ..base }),
        ("pw.5", TpeOptions { prior_weight: 0.5, ..base }),
        ("pw1.5", TpeOptions { prior_weight: 1.5, ..base }),
        ("share .12", TpeOptions { good_share: 0.12, ..base }),
        ("mo most25", TpeOptions { mo_most: 25, ..base }),
        ("mo.3", TpeOptions { mo_share: 0.3, ..base }),
        ("mo.2 r.3", TpeOptions { mo_recombine: 0.3, ..base }),
        ("bad cells", TpeOptions { bad_bandwidth: Bandwidth { cells: 0.5, ..base.bad_bandwidth }, ..base }),
    ]
}

fn score(problem: &Problem, options: TpeOptions, seed: u64, trials: u64) -> f64 {
    let built = Study::builder(problem.space.clone())
        .directions(vec![Direction::Minimize; problem.objectives])
        .seed(seed)
        .budget(trials)
        .sampler(TpeSampler::new(options))
        .build();
    let Ok(mut study) = built else { return f64::NAN };
    let mut configs = Vec::new();
    for trial in 0..trials {
        let Ok(asked) = study.ask() else { return f64::NAN };
        let values = (problem.noisy)(&asked.config, trial);
        if study.tell(asked.number, values).is_err() {
            return f64::NAN;
        }
        configs.push(asked.config);
    }
    problem.judge(&configs, trials as usize)
}

/// Two objectives over a cube of floats: a convex front, a concave one, and one of two distances.
fn fronts() -> Result<Vec<Problem>, Box<dyn std::error::Error>> {
    type Pair = fn(&[f64]) -> Vec<f64>;
    let convex: Pair = |x| {
        let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64;
        vec![x[0], g * (1.0 - (x[0] / g).sqrt())]
    };
    let concave: Pair = |x| {
        let g = 1.0 + 9.0 * x[1..].iter().map(|v| (v - 0.4).abs()).sum::<f64>();
        vec![x[0], g * (1.0 - (x[0] / g).powi(2))]
    };
    let distances: Pair = |x| {
        let to = |c: f64| x.iter().map(|v| (v - c).powi(2)).sum::<f64>();
        vec![to(0.25), to(0.7)]
    };
    let mut problems = Vec::new();
    for (name, d, function, reference, edge) in [
        ("convex-front-5", 5, convex, vec![1.1, 3.0], None),
        ("concave-front-4", 4, concave, vec![1.1, 3.0], None),
        ("distances-4", 4, distances, vec![1.0, 1.0], Some(())),
    ] {
        let mut builder = Space::builder();
        for i in 0..d {
            builder.float(&format!("x{i}"), 0.0..=1.0).add()?;
        }
        let exact: Vec<Vec<f64>> = (0..=10_000)
            .map(|i| {
                let t = f64::from(i) / 10_000.0;
                let rest = if name == "concave-front-4" { 0.4 } else { 0.0 };
                let mut x = vec![rest; d];
                x[0] = t;
                if edge.is_some() {
                    x.fill(0.25 + 0.45 * t);
                }
                function(&x)
            })
            .collect();
        let best = pareto::hypervolume(&exact, &reference);
        let losses = move |config: &Config, _| {
            function(&config.values().flatten().map(|v| v.as_f64()).collect::<Vec<_>>())
        };
        problems.push(Problem {
            name: name.into(),
            space: builder.build()?,
            objectives: 2,
            score: Score::Hypervolume { reference, best },
            noisy: Box::new(losses),
            exact: Box::new(losses),
        });
    }
    Ok(problems)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |n| std::env::args().nth(n).and_then(|arg| arg.parse::<u64>().ok());
    let (seeds, trials) = (number(1).unwrap_or(10), number(2).unwrap_or(100));
    let mut problems = synthetic::problems()?;
    if let Some(folder) = std::env::var_os("AUTOML_DATA_DIR") {
        problems.extend(table::problems(folder.as_ref())?);
    }
    problems.extend(fronts()?);
    let variants = variants();
    let mut all = vec![(Vec::new(), Vec::new()); variants.len()];
    let mut medians = vec![Vec::new(); variants.len()];
    for problem in &problems {
        let mut own = vec![Vec::new(); variants.len()];
        for seed in 0..seeds {
            let scores: Vec<f64> = variants
                .iter()
                .map(|(_, options)| score(problem, *options, seed, trials))
                .collect();
            for (v, rank) in ranks(&scores).into_iter().enumerate() {
                all[v].0.push(rank);
                all[v].1.push(scores[v]);
                own[v].push(scores[v]);
            }
        }
        for (v, scores) in own.iter().enumerate() {
            medians[v].push(median(scores));
        }
    }
    println!("{} problems, {seeds} seeds, {trials} trials", problems.len());
    println!(
        "{:<20}{:>10}{:>12}  medians of the first problems",
        "variant", "mean rank", "mean score"
    );
    for (v, (name, _)) in variants.iter().enumerate() {
        let first: Vec<String> = medians[v].iter().map(|m| format!("{m:.1e}")).collect();
        println!(
            "{name:<20}{:>10.2}{:>12.4}  {}",
            mean(&all[v].0),
            mean(&all[v].1),
            [(0, 9), (9, 12), (12, 18), (18, 24)].map(|(a, b)| {
                let s = seeds as usize;
                format!("{:.2} ", mean(&all[v].0[a * s..b * s]))
            }).concat() + &first.join(" ")
        );
    }
    Ok(())
}
