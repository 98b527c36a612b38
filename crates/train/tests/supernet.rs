//! Weight sharing on the embedded digits.
#![allow(clippy::unwrap_used)]

use automl_arch::{BlockSpace, BlockSpaceOptions};
use automl_data::{DataSplits, Dataset, Recipe};
use automl_space::{Constraint, Space};
use automl_train::{Candidate, Supernet, TrainError, cpu, on_threads};
use std::sync::Arc;

const CAP: u64 = 15_000;

fn blocks() -> (BlockSpace, Space) {
    let options = BlockSpaceOptions::default();
    let blocks =
        BlockSpace::within(1, 8, 10, &options, |network| network.cost().parameters < 5_000)
            .unwrap();
    let model = blocks.clone();
    let cap = Constraint::custom("cost", move |_, config| {
        model.architecture(config).cost().unwrap().parameters as f64 - CAP as f64
    });
    let space = blocks.space().with_constraint(cap);
    (blocks, space)
}

fn data() -> Arc<DataSplits> {
    let data = DataSplits::split(&Dataset::digits().unwrap(), 0.2, 0).unwrap();
    Arc::new(data.hold_out(0.2, 0).unwrap())
}

/// The paths get better at images that the weights have never seen, the best candidate knows most
/// of the digits without any training of its own, and every candidate keeps the cap.
#[test]
fn a_supernet_learns_weights_and_architectures() {
    let (blocks, space) = blocks();
    let data = data();
    let recipe = Recipe { batch: 16, learning_rate: 0.025, ..Recipe::for_data(&data, 30) };
    let mut supernet = Supernet::new(&blocks, &space, &data, &recipe, 1, &cpu()).unwrap();
    let mut accuracies = Vec::new();
    while supernet.epoch() < recipe.epochs {
        let report = supernet.run_epoch(&|| false).unwrap();
        accuracies.extend(report.accuracy);
    }
    assert_eq!(accuracies.len(), 24);
    assert!(accuracies[23] > accuracies[0] + 0.3, "{accuracies:?}");
    let candidates = supernet.rank(24, &|| false).unwrap();
    assert_eq!(candidates.len(), 24);
    for candidate in &candidates {
        assert!(candidate.cost.parameters <= CAP);
        space.check(&candidate.config).unwrap();
        assert_eq!(candidate.architecture, blocks.architecture(&candidate.config));
    }
    assert!(candidates[0].evaluation.accuracy > 0.7, "{:?}", candidates[0].evaluation);
    assert!(candidates.is_sorted_by(|a, b| a.corrected <= b.corrected));
}

/// Of the prior's networks a tenth is large: the correction adds nothing to the loss of those, and the
/// more to the others the smaller they are.
#[test]
fn the_loss_of_small_networks_is_corrected() {
    let (blocks, space) = blocks();
    let data = Arc::new(data().subset(0.2, 0));
    let recipe = Recipe { batch: 16, ..Recipe::for_data(&data, 1) };
    let mut supernet = Supernet::new(&blocks, &space, &data, &recipe, 3, &cpu()).unwrap();
    let mut candidates = supernet.rank(60, &|| false).unwrap();
    let size = |c: &Candidate| c.cost.parameters as f64 * c.cost.macs as f64;
    candidates.sort_by(|a, b| size(a).total_cmp(&size(b)));
    let added: Vec<f64> = candidates.iter().map(|c| c.corrected - c.evaluation.loss).collect();
    assert!(added.is_sorted_by(|a, b| *a >= b - 1e-9), "{added:?}");
    let large = added.iter().filter(|added| **added < 1e-9).count();
    assert!((1..=18).contains(&large), "{large} of 60");
}

/// On smaller images the same weights are shared, at a lower cost.
#[test]
fn a_supernet_learns_from_smaller_images() {
    let (blocks, space) = blocks();
    let data = Arc::new(data().resized(6));
    let recipe = Recipe { batch: 16, learning_rate: 0.025, ..Recipe::for_data(&data, 30) };
    let mut supernet = Supernet::new(&blocks, &space, &data, &recipe, 1, &cpu()).unwrap();
    while supernet.epoch() < recipe.epochs {
        supernet.run_epoch(&|| false).unwrap();
    }
    let candidates = supernet.rank(12, &|| false).unwrap();
    assert!(candidates[0].evaluation.accuracy > 0.35, "{:?}", candidates[0].evaluation);
    for candidate in &candidates {
        assert!(candidate.architecture.input_side == 8);
        assert_eq!(candidate.cost, candidate.architecture.cost().unwrap());
    }
}

#[test]
fn threads_change_nothing() {
    let (blocks, space) = blocks();
    let data = Arc::new(data().subset(0.2, 0));
    let run = |threads, seed| {
        on_threads(threads, || {
            let recipe = Recipe { batch: 16, ..Recipe::for_data(&data, 4) };
            let mut supernet =
                Supernet::new(&blocks, &space, &data, &recipe, seed, &cpu()).unwrap();
            for _ in 0..recipe.epochs {
                supernet.run_epoch(&|| false).unwrap();
            }
            supernet.rank(6, &|| false).unwrap()
        })
    };
    let one = run(1, 5);
    assert_eq!(one, run(3, 5));
    assert_ne!(one, run(1, 6));
}

#[test]
fn stops_and_impossible_spaces_are_named() {
    let (blocks, space) = blocks();
    let data = data();
    let recipe = Recipe::for_data(&data, 2);
    let mut supernet = Supernet::new(&blocks, &space, &data, &recipe, 0, &cpu()).unwrap();
    assert!(matches!(supernet.run_epoch(&|| true), Err(TrainError::Stopped { epoch: 1 })));
    let nothing = space.with_constraint(Constraint::custom("nothing", |_, _| 1.0));
    let supernet = Supernet::new(&blocks, &nothing, &data, &recipe, 0, &cpu());
    assert!(matches!(supernet, Err(TrainError::NoPath)));
    let bad = Recipe { batch: 0, ..recipe };
    assert!(Supernet::new(&blocks, &space, &data, &bad, 0, &cpu()).is_err());
}
