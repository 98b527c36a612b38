//! Variants of TPE on the bench's problems: mean rank and mean score of each, paired by seed.
//!
//! `cargo run --release -p automl-benches --bin tpe_ablation -- [SEEDS] [TRIALS]`
#![allow(clippy::print_stdout, clippy::print_stderr)]

use automl::study::{Direction, Study};
use automl::tpe::{Bandwidth, TpeOptions, TpeSampler};
use automl_benches::problem::Problem;
use automl_benches::stats::{mean, median, ranks};
use automl_benches::{synthetic, table};

fn variants() -> Vec<(&'static str, TpeOptions)> {
    let base = TpeOptions::default();
    let narrow = |narrowest, exponent| Bandwidth { narrowest, exponent };
    vec![
        ("default", base),
        ("good 5 %", TpeOptions { good_share: 0.05, ..base }),
        ("good 15 %", TpeOptions { good_share: 0.15, ..base }),
        ("good 20 %", TpeOptions { good_share: 0.2, ..base }),
        ("equal weights", TpeOptions { rank_weights: 0.0, ..base }),
        ("64 candidates", TpeOptions { candidates: 64, ..base }),
        ("150 candidates", TpeOptions { candidates: 150, ..base }),
        ("prior weight 1/4", TpeOptions { prior_weight: 0.25, ..base }),
        ("prior weight 2", TpeOptions { prior_weight: 2.0, ..base }),
        ("exponent 1", TpeOptions { good_bandwidth: narrow(100.0, 1.0), ..base }),
        ("exponent 1.5", TpeOptions { good_bandwidth: narrow(100.0, 1.5), ..base }),
        ("exponent 2", TpeOptions { good_bandwidth: narrow(100.0, 2.0), ..base }),
        ("bad exponent 1.5", TpeOptions { bad_bandwidth: narrow(100.0, 1.5), ..base }),
        ("bad narrowest 1/10", TpeOptions { bad_bandwidth: narrow(10.0, 1.0), ..base }),
        ("startup 5", TpeOptions { startup: 5, ..base }),
        ("startup 20", TpeOptions { startup: 20, ..base }),
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = |n| std::env::args().nth(n).and_then(|arg| arg.parse::<u64>().ok());
    let (seeds, trials) = (number(1).unwrap_or(10), number(2).unwrap_or(100));
    let mut problems = synthetic::problems()?;
    if let Some(folder) = std::env::var_os("AUTOML_DATA_DIR") {
        problems.extend(table::problems(folder.as_ref())?);
    }
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
        let first: Vec<String> = medians[v].iter().take(9).map(|m| format!("{m:.2e}")).collect();
        println!(
            "{name:<20}{:>10.2}{:>12.4}  {}",
            mean(&all[v].0),
            mean(&all[v].1),
            first.join(" ")
        );
    }
    Ok(())
}
