//! Recipes that are learned with the weights, on the embedded digits.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_train::hypergradient::{
    HypergradientMethod, RecipeHyperparameters, RecipeTuning, RecipeTuningOptions,
};
use automl_train::{Training, cpu, one_thread};
use std::sync::Arc;

fn architecture() -> Architecture {
    Architecture::new(
        1,
        8,
        [
            Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
            Layer::once(Block::inverted_residual(3, 3.0, 24, 2)),
            Layer::once(Block::GlobalAvgPool),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ],
    )
}

/// The original validation images are the test part here.
fn data() -> Arc<DataSplits> {
    let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
    Arc::new(data.hold_out(0.2, 0).unwrap())
}

fn tune(recipe: &Recipe, method: HypergradientMethod) -> (RecipeHyperparameters, f64) {
    one_thread(|| {
        let options = RecipeTuningOptions { every: 5, method, ..RecipeTuningOptions::default() };
        let data = data();
        let mut tuning =
            RecipeTuning::new(&architecture(), &data, recipe, options, 0, &cpu()).unwrap();
        for _ in 0..recipe.epochs {
            tuning.run_epoch(&|| false).unwrap();
        }
        (tuning.tuned(), tuning.training().evaluate(Split::Test).loss)
    })
}

fn without(recipe: &Recipe) -> f64 {
    one_thread(|| {
        let mut training = Training::new(&architecture(), &data(), recipe, 0, &cpu()).unwrap();
        for _ in 0..recipe.epochs {
            training.run_epoch(&|| false).unwrap();
        }
        training.evaluate(Split::Test).loss
    })
}

#[test]
fn a_bad_recipe_is_repaired() {
    let data = data();
    let slow = Recipe { learning_rate: 5e-4, ..Recipe::for_data(&data, 20) };
    let (tuned, loss) = tune(&slow, HypergradientMethod::OneStep);
    let fixed = without(&slow);
    assert!(tuned.learning_rate > 4.0 * slow.learning_rate, "{tuned:?}");
    assert!(loss < 0.7 * fixed, "{loss} {fixed}");

    let heavy = Recipe { weight_decay: 0.1, ..Recipe::for_data(&data, 14) };
    let fixed = without(&heavy);
    for method in [HypergradientMethod::OneStep, HypergradientMethod::Implicit { terms: 3 }] {
        let (tuned, loss) = tune(&heavy, method);
        assert!(tuned.weight_decay < 0.5 * heavy.weight_decay, "{tuned:?}");
        assert!(loss < 0.9 * fixed, "{loss} {fixed}");
    }
}

/// The weights before a step are kept from one epoch to the next.
#[test]
fn epochs_of_one_step_learn_too() {
    let data = data();
    let recipe = Recipe { batch: data.train.len(), ..Recipe::for_data(&data, 3) };
    let options = RecipeTuningOptions { every: 1, ..RecipeTuningOptions::default() };
    let learnt = one_thread(|| {
        let mut tuning =
            RecipeTuning::new(&architecture(), &data, &recipe, options, 0, &cpu()).unwrap();
        for _ in 0..recipe.epochs {
            tuning.run_epoch(&|| false).unwrap();
        }
        tuning.tuned()
    });
    assert_ne!(learnt.label_smoothing, recipe.label_smoothing);
}

#[test]
fn the_same_seed_learns_the_same() {
    let data = data();
    let recipe = Recipe::for_data(&data, 2);
    let first = tune(&recipe, HypergradientMethod::OneStep);
    assert_eq!(first, tune(&recipe, HypergradientMethod::OneStep));
    assert_ne!(first.0.label_smoothing, recipe.label_smoothing);
}
