//! Ablation of TPE: mean rank and mean score of variants on the same problems, paired by seed.
//!
//! `cargo run --release -p automl-benches --bin tpe_ablation -- [SEEDS] [TRIALS] [FIRST SEED]`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::space::{Config, Space};
use automl::tpe::{Bandwidth, TpeConfig, TpeSampler};
use automl::{
    numeric::pareto,
    study::{Direction, Study},
};
use automl_benches::problem::{Problem, Score};
use automl_benches::stats::{mean, ranks};
use automl_benches::{synthetic, table};

/// A variant: its name and a fresh sampler.
type Variant = (&'static str, TpeSampler);

fn variants() -> Vec<Variant> {
    let base = TpeConfig::default;
    let (good, bad) = (Bandwidth::GOOD, Bandwidth::BAD);
    let with = |good, bad| TpeSampler::default().with_bandwidths(good, bad);
    let of = TpeSampler::new;
    let exponent = |exponent| with(Bandwidth { exponent, ..good }, bad);
    let cells = |of_good, of_bad| {
        with(Bandwidth { min_cells: of_good, ..good }, Bandwidth { min_cells: of_bad, ..bad })
    };
    let choices = |of_good, of_bad| {
        with(Bandwidth { choice_prior: of_good, ..good }, Bandwidth { choice_prior: of_bad, ..bad })
    };
    vec![
        ("default", TpeSampler::default()),
        ("good 5 %", of(TpeConfig { good_share: 0.05, ..base() })),
        ("good 15 %", of(TpeConfig { good_share: 0.15, ..base() })),
        ("front 10 %", of(TpeConfig { front_share: 0.1, ..base() })),
        ("front 20 %", of(TpeConfig { front_share: 0.2, ..base() })),
        ("equal weights", of(TpeConfig { rank_weights: 0.0, ..base() })),
        ("48 candidates", of(TpeConfig { candidates: 48, ..base() })),
        ("150 candidates", of(TpeConfig { candidates: 150, ..base() })),
        ("prior weight 1", of(TpeConfig { prior_weight: 1.0, ..base() })),
        ("prior weight 2", of(TpeConfig { prior_weight: 2.0, ..base() })),
        ("exponent 1", exponent(1.0)),
        ("exponent 1.5", exponent(1.5)),
        ("exponent 2", exponent(2.0)),
        ("no min cells", cells(0.0, 0.0)),
        ("good 1 cell", cells(1.0, 0.5)),
        ("bad without cells", cells(0.5, 0.0)),
        ("bad min width 1/10", with(good, Bandwidth { min_width: 0.1, ..bad })),
        ("choices 1", choices(1.0, 1.0)),
        ("choices 1/2, bad 1", choices(0.5, 1.0)),
        ("startup 5", of(TpeConfig { startup: 5, ..base() })),
        ("startup 20", of(TpeConfig { startup: 20, ..base() })),
    ]
}

/// The score of one run; NaN where it fails.
fn score(problem: &Problem, sampler: &TpeSampler, seed: u64, trials: u64) -> f64 {
    let built = Study::builder(problem.space.clone())
        .directions(vec![Direction::Minimize; problem.objectives])
        .seed(seed)
        .planned_trials(trials)
        .sampler(sampler.clone())
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

/// Problems with two objectives over a cube: a convex front, a concave one, and two distances.
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
    let first = number(3).unwrap_or(0);
    let mut problems = synthetic::problems()?;
    if let Some(folder) = std::env::var_os("AUTOML_DATA_DIR") {
        problems.extend(table::problems(folder.as_ref())?);
    }
    problems.extend(fronts()?);
    let variants = variants();
    let mut all = vec![(Vec::new(), Vec::new()); variants.len()];
    for problem in &problems {
        for seed in first..first + seeds {
            let scores: Vec<f64> =
                variants.iter().map(|(_, sampler)| score(problem, sampler, seed, trials)).collect();
            for (v, rank) in ranks(&scores).into_iter().enumerate() {
                all[v].0.push(rank);
                all[v].1.push(scores[v]);
            }
        }
    }
    println!("{} problems, {seeds} seeds, {trials} trials", problems.len());
    println!(
        "{:<20}{:>10}{:>12}{:>9}{:>9}{:>9}{:>9}",
        "variant", "mean rank", "mean score", "smooth", "mixed", "tables", "fronts"
    );
    // Mean ranks by group of problems.
    let group = |problem: &Problem| match &problem.score {
        Score::Hypervolume { .. } => 3,
        _ if ["fcnet", "hpobench", "nas"].iter().any(|t| problem.name.starts_with(t)) => 2,
        _ if ["noisy", "mixed", "cond"].iter().any(|t| problem.name.starts_with(t)) => 1,
        _ => 0,
    };
    for (v, (name, _)) in variants.iter().enumerate() {
        let (ranks, scores) = &all[v];
        print!("{name:<20}{:>10.2}{:>12.4}", mean(ranks), mean(scores));
        for g in 0..4 {
            let runs = ranks.chunks(seeds as usize).zip(&problems);
            let own: Vec<f64> =
                runs.filter(|(_, p)| group(p) == g).flat_map(|(r, _)| r.to_vec()).collect();
            print!("{:>9.2}", mean(&own));
        }
        println!();
    }
    Ok(())
}
