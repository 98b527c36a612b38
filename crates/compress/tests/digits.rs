//! A network that has learned the digits, made smaller.
#![allow(clippy::unwrap_used)]

use automl_arch::{Activation, Architecture, Block, Layer};
use automl_compress::{
    Budget, Callbacks, CompressionEvent, FineTuning, Groups, Importance, Model, Pruning, RankRule,
    RankTarget, decompose_and_tune, fine_tuning, prune_and_tune,
};
use automl_data::{DataSplits, Dataset, Recipe, Split};
use automl_train::{Training, cpu};
use std::cell::Cell;
use std::sync::Arc;

fn data() -> Arc<DataSplits> {
    Arc::new(DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap())
}

fn trained(data: &Arc<DataSplits>, recipe: &Recipe) -> Training {
    let layers = [
        Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
        Layer::once(Block::inverted_residual(3, 3.0, 16, 1)),
        Layer::once(Block::conv(32, 3, 2, Activation::Relu)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let architecture = Architecture::new(1, 8, layers);
    let mut training = Training::new(&architecture, data, recipe, 0, &cpu()).unwrap();
    while training.epoch() < recipe.epochs {
        training.run_epoch(&|| false).unwrap();
    }
    training
}

fn model(training: &Training) -> Model {
    let graph = training.description().graph().unwrap();
    Model::new(graph, training.trained().tensors()).unwrap()
}

fn accuracy(model: &Model, data: &Arc<DataSplits>, recipe: &Recipe) -> f64 {
    let weights = model.tensors().to_vec();
    let training = Training::with_weights(model.graph(), weights, data, recipe, 0, &cpu()).unwrap();
    training.evaluate(Split::Validation).accuracy
}

#[test]
fn half_of_a_network_does_as_well() {
    let data = data();
    let recipe = Recipe::for_data(&data, 25);
    let training = trained(&data, &recipe);
    let model = model(&training);
    let before = training.evaluate(Split::Validation).accuracy;
    // A training that goes on from given weights evaluates as the network does.
    assert_eq!(accuracy(&model, &data, &recipe), before);
    assert!(before > 0.93, "{before}");

    let recipe = fine_tuning(&recipe, 20, 0.3);
    let tuning = FineTuning { data: &data, recipe: &recipe, seed: 0, device: &cpu() };
    let half = Budget { parameters: Some(model.cost().parameters / 2), macs: None };
    let (sizes, epochs) = (Cell::new(0), Cell::new(0));
    let tell = |step: &CompressionEvent| match step {
        CompressionEvent::Smaller { .. } => sizes.set(sizes.get() + 1),
        _ => epochs.set(epochs.get() + 1),
    };
    let callbacks = Callbacks { stop: &|| false, tell: &tell };
    let pruning = Pruning { steps: 3, ..Pruning::default() };
    let pruned = prune_and_tune(&model, &half, &pruning, &tuning, callbacks).unwrap();
    assert!(half.allows(&pruned.cost()));
    assert_eq!((sizes.get(), epochs.get()), (3, 20));
    let after = accuracy(&pruned, &data, &recipe);
    assert!(after > before - 0.04, "{before} to {after}");
    // The same again is the same.
    assert_eq!(prune_and_tune(&model, &half, &pruning, &tuning, callbacks).unwrap(), pruned);

    let target = RankTarget::Budget(half);
    let thin = decompose_and_tune(&model, target, &tuning, callbacks).unwrap();
    assert!(half.allows(&thin.cost()));
    let after = accuracy(&thin, &data, &recipe);
    assert!(after > before - 0.04, "{before} to {after}");

    let rule = RankTarget::Rule(RankRule::Evbmf { share: 0.8 });
    let analytic = decompose_and_tune(&model, rule, &tuning, callbacks).unwrap();
    assert!(analytic.cost().parameters < model.cost().parameters);
    assert!(accuracy(&analytic, &data, &recipe) > 0.5);
}

/// Channels that do nothing are the first to go, by every ranking but chance.
#[test]
fn dead_channels_go_first() {
    let data = data();
    let recipe = Recipe::for_data(&data, 2);
    let training = trained(&data, &recipe);
    let model = model(&training);
    // A third of the last convolution's filters, and what reads them, nearly nothing.
    let mut tensors = model.tensors().to_vec();
    for tensor in &mut tensors {
        let row = tensor.shape.iter().skip(1).product::<usize>();
        match tensor.name.as_str() {
            "layers.2.Convolution.weight" => tensor.values[..10 * row].fill(1e-6),
            "layers.4.Linear.weight" => {
                for class in tensor.values.chunks_exact_mut(32) {
                    class[..10].fill(0.0);
                }
            }
            _ => {}
        }
    }
    let model = Model::new(model.graph().clone(), tensors).unwrap();
    let groups = Groups::find(model.graph());
    let group = groups.groups().iter().find(|group| group.len() == 32).unwrap();
    let weights = model.tensors().to_vec();
    let training =
        Training::with_weights(model.graph(), weights, &data, &recipe, 0, &cpu()).unwrap();
    for importance in [Importance::Taylor, Importance::L1, Importance::L2] {
        let scores = importance.scores(&model, &groups, &training, 5, 0);
        let dead = group[..10].iter().map(|unit| scores[*unit]).fold(0.0, f64::max);
        let live = group[10..].iter().map(|unit| scores[*unit]).fold(f64::INFINITY, f64::min);
        assert!(dead < live, "{}: {dead} {live}", importance.name());
        let mean = group.iter().map(|unit| scores[*unit]).sum::<f64>() / 32.0;
        assert!((mean - 1.0).abs() < 1e-9);
    }
    let random = Importance::Random.scores(&model, &groups, &training, 5, 0);
    assert!(group[..10].iter().any(|unit| random[*unit] > 1.0));
}
