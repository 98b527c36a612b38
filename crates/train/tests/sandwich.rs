//! A network and its parts, trained together.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_train::{Part, Training, cpu};
use std::sync::Arc;

fn network(channels: usize, expansion: f64, kernel: usize, depth: usize) -> Part {
    let block = |stride| Layer::once(Block::inverted_residual(kernel, expansion, channels, stride));
    let stem = Layer::once(Block::conv(channels, 3, 1, Activation::Relu));
    let residual = (0..depth).map(|_| block(1));
    let behind = [
        block(2),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let layers: Vec<Layer> = std::iter::once(stem).chain(residual).chain(behind).collect();
    let places = std::iter::once(0).chain(1..=depth).chain(2..6).collect();
    Part { architecture: Architecture::new(1, 8, layers), layers: places }
}

fn data() -> Arc<DataSplits> {
    Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.15, 0).unwrap())
}

fn begin(data: &Arc<DataSplits>) -> Training {
    let recipe = Recipe::for_data(data, 6);
    Training::new(&network(24, 3.0, 5, 1).architecture, data, &recipe, 3, &cpu()).unwrap()
}

/// The whole, the smallest, and one of several.
fn parts(step: u64) -> Vec<Part> {
    let other = [network(24, 2.0, 3, 1), network(24, 2.0, 5, 0), network(16, 3.0, 3, 1)];
    vec![network(24, 3.0, 5, 1), network(8, 2.0, 3, 0), other[(step % 3) as usize].clone()]
}

/// The sandwich rule trains the largest network and the smallest, and all between them; without it, parts
/// of a trained network know nothing.
#[test]
fn a_network_and_its_parts_learn_together() {
    let data = data();
    let train = |mut training: Training| {
        while training.epoch() < training.epochs() {
            training.run_epoch(&|| false).unwrap();
        }
        training
    };
    let judge = |training: &Training, part: &Part| {
        training.evaluate_part(part, &data.validation).unwrap().1.accuracy
    };
    let (smallest, between) = (network(8, 2.0, 3, 0), network(16, 3.0, 5, 1));
    let together = train(begin(&data).with_parts(parts));
    let whole = together.evaluate(Split::Validation).accuracy;
    let [small, middle] = [&smallest, &between].map(|part| judge(&together, part));
    assert!(whole > 0.8 && small > 0.4 && middle > 0.7, "{whole} {small} {middle}");
    let alone = judge(&train(begin(&data)), &smallest);
    assert!(alone < small - 0.2, "{alone} {small}");
    // The part as a network of its own has the same scores.
    let (network, evaluation) = together.evaluate_part(&between, &data.validation).unwrap();
    let recipe = Recipe::for_data(&data, 6);
    let architecture = &between.architecture;
    let own =
        Training::with_weights(architecture, network.tensors(), &data, &recipe, 9, &cpu()).unwrap();
    assert_eq!(own.evaluate(Split::Validation), evaluation);
}

#[test]
fn a_checkpoint_goes_on_with_the_same_parts() {
    let data = Arc::new(data().subset(0.2, 0));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.ckpt");
    let mut training = begin(&data).with_parts(parts);
    training.run_epoch(&|| false).unwrap();
    training.save(&path).unwrap();
    training.run_epoch(&|| false).unwrap();
    let mut again = Training::resume(&path, &data, &cpu()).unwrap().with_parts(parts);
    again.run_epoch(&|| false).unwrap();
    assert_eq!(again.network().tensors(), training.network().tensors());
}

/// The whole network need not train: weights that no part of a step uses stay as they are.
#[test]
fn only_parts_of_the_step_learn() {
    let data = Arc::new(data().subset(0.2, 0));
    let recipe = Recipe { weight_decay: 0.0, ..Recipe::for_data(&data, 1) };
    let whole = network(24, 3.0, 5, 1).architecture;
    let begin = || Training::new(&whole, &data, &recipe, 3, &cpu()).unwrap();
    let mut training = begin().with_parts(|_| vec![network(8, 2.0, 3, 0)]);
    training.run_epoch(&|| false).unwrap();
    let (before, after) = (begin().network().tensors(), training.network().tensors());
    // The stem's filters, of which the part has the first eight.
    let changed = |filter: usize| {
        let values = filter * 9..(filter + 1) * 9;
        before[0].values[values.clone()] != after[0].values[values]
    };
    assert_eq!(before[0].shape, [24, 1, 3, 3]);
    assert!((0..8).all(changed) && !(8..24).any(changed));
    let mut none = begin().with_parts(|_| Vec::new());
    let error = none.run_epoch(&|| false).unwrap_err().to_string();
    assert!(error.contains("step 0"), "{error}");
}
