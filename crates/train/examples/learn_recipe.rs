//! Whether hypergradients improve a recipe: over folds, a network is trained with the given recipe,
//! with the one that each method learns from it, and with the best of three random recipes, which cost
//! about as much.
//!
//! `cargo run --release -p automl-train --example learn_recipe -- [DATASET FOLDER IMAGES] [FOLDS]`
#![allow(clippy::print_stdout)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_numeric::stream;
use automl_train::hypergradient::{HypergradientMethod, RecipeTuning, RecipeTuningOptions};
use automl_train::{TrainError, Training, cpu, one_thread};
use rand::RngExt;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const EPOCHS: u64 = 27;

fn architecture(data: &DataSplits) -> Architecture {
    let layers = [
        Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
        Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
        Layer::once(Block::inverted_residual(3, 3.0, 24, 1)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(data.classes)),
    ];
    Architecture::new(data.channels, data.side, layers)
}

/// Validation and test accuracy after a training from scratch; nothing where it diverges.
fn outcome(data: &Arc<DataSplits>, recipe: &Recipe, seed: u64) -> Result<[f64; 2], TrainError> {
    let mut training = Training::new(&architecture(data), data, recipe, seed, &cpu())?;
    while training.epoch() < training.epochs() {
        if training.run_epoch(&|| false).is_err() {
            return Ok([0.0; 2]);
        }
    }
    Ok([Split::Validation, Split::Test].map(|split| training.evaluate(split).accuracy))
}

fn learnt(
    data: &DataSplits,
    recipe: &Recipe,
    method: HypergradientMethod,
    seed: u64,
) -> Result<Recipe, Box<dyn Error + Send + Sync>> {
    let data = Arc::new(data.hold_out(0.2, seed)?);
    let options = RecipeTuningOptions { method, ..RecipeTuningOptions::default() };
    let network = architecture(&data);
    let mut tuning = RecipeTuning::new(&network, &data, recipe, options, seed, &cpu())?;
    for _ in 0..EPOCHS {
        tuning.run_epoch(&|| false)?;
    }
    let mut better = recipe.clone();
    tuning.tuned().apply(&mut better);
    Ok(better)
}

fn random(recipe: &Recipe, seed: u64, number: u64) -> Recipe {
    let mut rng = stream(seed, number, "random recipe");
    let mut about = |factor: f64| factor.powf(2.0 * rng.random::<f64>() - 1.0);
    let mut other = recipe.clone();
    other.learning_rate *= about(3.0);
    other.weight_decay *= about(5.0);
    other.label_smoothing = 0.2 * rng.random::<f64>();
    other.augmentation.share = rng.random();
    other
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folds: Vec<DataSplits> = match &args[..] {
        [name, folder, images, rest @ ..] => {
            let dataset = Dataset::load(name, Some(folder.as_ref()), 32)?;
            let share = images.parse::<f64>()? / dataset.train.len() as f64;
            let count = rest.first().map_or(Ok(3), |folds| folds.parse())?;
            let folds = DataSplits::folds(&dataset, count, 0)?;
            folds.iter().map(|fold| fold.subset(share, 0).validated_by(2_000, 0)).collect()
        }
        _ => DataSplits::folds(&Dataset::digits()?, 3, 0)?,
    };
    let methods: [(&str, Option<HypergradientMethod>); 5] = [
        ("given", None),
        ("one step", Some(HypergradientMethod::OneStep)),
        ("implicit, 5 terms", Some(HypergradientMethod::Implicit { terms: 5 })),
        ("implicit, 20 terms", Some(HypergradientMethod::Implicit { terms: 20 })),
        ("best of 3 at random", None),
    ];
    println!("fold | recipe | rate decay smoothing share | validation | test | seconds");
    one_thread(|| -> Result<(), Box<dyn Error + Send + Sync>> {
        for (fold, data) in folds.into_iter().enumerate() {
            let (data, seed) = (Arc::new(data), fold as u64);
            let given = Recipe::for_data(&data, EPOCHS);
            for (index, (name, method)) in methods.iter().enumerate() {
                let start = Instant::now();
                let (recipe, [validation, test]) = match method {
                    Some(method) => {
                        let recipe = learnt(&data, &given, *method, seed)?;
                        let outcome = outcome(&data, &recipe, seed)?;
                        (recipe, outcome)
                    }
                    None if index == 0 => (given.clone(), outcome(&data, &given, seed)?),
                    None => {
                        let mut best = (given.clone(), [-1.0; 2]);
                        for number in 0..3 {
                            let recipe = random(&given, seed, number);
                            let outcome = outcome(&data, &recipe, seed)?;
                            if outcome[0] > best.1[0] {
                                best = (recipe, outcome);
                            }
                        }
                        best
                    }
                };
                println!(
                    "{fold} | {name} | {:.4} {:.1e} {:.3} {:.2} | {:.2} | {:.2} | {:.0}",
                    recipe.learning_rate,
                    recipe.weight_decay,
                    recipe.label_smoothing,
                    recipe.augmentation.share,
                    100.0 * validation,
                    100.0 * test,
                    start.elapsed().as_secs_f64()
                );
            }
        }
        Ok(())
    })
}
