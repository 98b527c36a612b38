//! Finds the Pareto front of two objectives, and measures it by its hypervolume.
//!
//! Run: `cargo example several_objectives`

use automl::evolution::Nsga2Sampler;
use automl::numeric::pareto::hypervolume;
use automl::space::Space;
use automl::study::{Direction, RandomSampler, Sampler, Study};
use std::error::Error;

/// No network has an error above 1 or a cost above 10: the corner from which volume is measured.
const REFERENCE: [f64; 2] = [1.0, 10.0];

/// Error and cost of a made-up network: more width lowers the error and raises the cost, and
/// dropout has a best value of its own.
fn network(width: f64, dropout: f64) -> [f64; 2] {
    let error = 0.05 + 0.9 / (1.0 + width) + (dropout - 0.3).powi(2);
    [error, width]
}

fn front(sampler: impl Sampler + 'static) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let mut space = Space::builder();
    let width = space.float("width", 0.1..=10.0).add()?;
    let dropout = space.float("dropout", 0.0..=0.9).add()?;
    let mut study = Study::builder(space.build()?)
        .directions([Direction::Minimize, Direction::Minimize])
        .sampler(sampler)
        .planned_trials(200)
        .build()?;
    study.optimize(200, |config| network(config[width], config[dropout]))?;
    let mut front: Vec<Vec<f64>> = study.front().iter().map(|trial| trial.values.clone()).collect();
    front.sort_by(|a, b| a[1].total_cmp(&b[1]));
    Ok(front)
}

fn main() -> Result<(), Box<dyn Error>> {
    let evolved = front(Nsga2Sampler::default())?;
    println!("   cost   error   ({} networks on the front)", evolved.len());
    for point in evolved.iter().step_by(evolved.len().div_ceil(8)) {
        println!("{:7.2} {:7.3}", point[1], point[0]);
    }
    // Along a front, more cost buys less error.
    assert!(evolved.windows(2).all(|pair| pair[0][0] > pair[1][0]));

    let random = front(RandomSampler::uniform())?;
    let (ours, theirs) = (hypervolume(&evolved, &REFERENCE), hypervolume(&random, &REFERENCE));
    println!("hypervolume: NSGA-II {ours:.3}, random search {theirs:.3} (larger is better)");
    assert!(ours > theirs);
    Ok(())
}
