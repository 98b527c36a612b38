//! The Gaussian-process sampler against random search on generated spaces and objectives.
//!
//! `cargo run --release -p automl-gp --example robustness -- [CASES] [TRIALS] [RUNS] [FIRST]`
#![allow(clippy::print_stdout)]

mod generated;

use automl_gp::GpSampler;
use automl_study::RandomSampler;
use generated::Case;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), String> {
    let number = |n| std::env::args().nth(n).and_then(|arg| arg.parse::<u64>().ok());
    let (cases, trials) = (number(1).unwrap_or(300), number(2).unwrap_or(30));
    let (runs, first) = (number(3).unwrap_or(5), number(4).unwrap_or(0));
    let (mut good, mut better, mut repeated) = (0, 0, 0);
    for seed in first..first + cases {
        let case = Case::new(seed);
        let (mut ours, mut random) = (Vec::new(), Vec::new());
        for run in 0..runs {
            let (best, distinct) = case.run(Box::new(GpSampler::default()), trials, run)?;
            ours.push(best);
            repeated += u64::from(!distinct);
            random.push(case.run(Box::new(RandomSampler::uniform()), trials, run)?.0);
        }
        let (ours, random) = (median(ours), median(random));
        good += u64::from(ours <= random);
        better += u64::from(ours < random);
        if ours > random {
            let kinds = case.space.params().len();
            println!(
                "case {seed}: {ours:.4e} against {random:.4e}; {:?}, {kinds} parameters",
                case.manner
            );
        }
    }
    println!(
        "{cases} cases, {trials} trials, {runs} runs: at or below random in {:.1} %, below in {:.1} %; repeated while others were left: {repeated} runs",
        100.0 * good as f64 / cases as f64,
        100.0 * better as f64 / cases as f64
    );
    Ok(())
}
