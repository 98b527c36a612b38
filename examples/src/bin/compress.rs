//! Removes half of a trained network's parameters: coupled channels are pruned, then the rest is
//! fine-tuned.
//!
//! Run: `cargo run --release -p automl-examples --bin compress`

use automl::arch::{Activation, Architecture, Block, Layer};
use automl::compress::{
    Budget, Callbacks, FineTuning, Model, Pruning, fine_tuning, prune_and_tune,
};
use automl::data::{DataSplits, Dataset, Recipe, Split};
use automl::train::{Training, cpu};
use std::error::Error;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let data = Arc::new(DataSplits::split(&Dataset::digits()?, 0.2, 0)?);
    let architecture = Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 16, 1)),
            Layer::once(Block::conv(32, 3, 2, Activation::Relu)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ],
    );
    let recipe = Recipe::for_data(&data, 15);
    let mut training = Training::new(&architecture, &data, &recipe, 0, &cpu())?;
    while training.epoch() < recipe.epochs {
        training.run_epoch(&|| false)?;
    }
    let model = Model::new(training.description().graph()?, training.trained().tensors())?;

    // Half of the parameters, reached in three steps with training after each.
    let half = Budget { parameters: Some(model.cost().parameters / 2), macs: None };
    let recipe = fine_tuning(&recipe, 12, 0.3);
    let tuning = FineTuning { data: &data, recipe: &recipe, seed: 0, device: &cpu() };
    let callbacks = Callbacks { stop: &|| false, tell: &|_| {} };
    let pruning = Pruning { steps: 3, ..Pruning::default() };
    let smaller = prune_and_tune(&model, &half, &pruning, &tuning, callbacks)?;

    let accuracy = |model: &Model| -> Result<f64, Box<dyn Error>> {
        let weights = model.tensors().to_vec();
        let network = Training::with_weights(model.graph(), weights, &data, &recipe, 0, &cpu())?;
        Ok(network.evaluate(Split::Test).accuracy)
    };
    let (before, after) = (accuracy(&model)?, accuracy(&smaller)?);
    println!("        parameters          MACs      test");
    for (name, model, accuracy) in [("before", &model, before), ("after", &smaller, after)] {
        let cost = model.cost();
        println!("{name:6} {:11} {:13} {:8.2}%", cost.parameters, cost.macs, 100.0 * accuracy);
    }
    assert!(half.allows(&smaller.cost()));
    assert!(after > before - 0.05);
    Ok(())
}
