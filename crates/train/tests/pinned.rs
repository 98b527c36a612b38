//! One short training as literal numbers: what a seed gives must not change.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_train::{Training, cpu, one_thread};
use std::sync::Arc;

#[test]
fn two_epochs_on_the_digits() {
    let data = Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.15, 3).unwrap());
    let layers = [
        Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
        Layer::once(Block::inverted_residual(3, 3.0, 12, 2)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let architecture = Architecture::new(1, 8, layers);
    let recipe = Recipe::for_data(&data, 2);
    let (losses, validation, test) = one_thread(|| {
        let mut training = Training::new(&architecture, &data, &recipe, 3, &cpu()).unwrap();
        let losses = [0; 2].map(|_| training.run_epoch(&|| false).unwrap().loss);
        (losses, training.evaluate(Split::Validation), training.evaluate(Split::Test))
    });
    let found = [losses[0], losses[1], validation.loss, test.loss];
    let expected = [2.276_694_260, 2.090_445_782, 2.022_023_660, 2.013_360_239];
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5, "was {expected}, is {found}");
    }
    // One image more or less on another processor.
    assert!((validation.accuracy - 0.259_259).abs() < 0.005, "{validation:?}");
    assert!((test.accuracy - 0.270_195).abs() < 0.005, "{test:?}");
}
