//! Networks and the programs that are lowered from them give the same scores.
#![allow(clippy::unwrap_used)]

#[path = "../../deploy/tests/common/mod.rs"]
mod common;

use automl_arch::{Graph, NetworkSpec};
use automl_deploy::{Engine, Program, Weights};
use automl_models::{NamedTensor, Network};
use burn::tensor::{Device, Tensor};
use std::path::PathBuf;

/// Scores of three images by burn and by the engine.
fn compare(name: &str, graph: &Graph, weights: &Weights) {
    let device = Device::flex();
    let named = |tensor: &automl_deploy::Tensor| NamedTensor {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        values: tensor.values.clone(),
    };
    let tensors = weights.iter().map(named).collect();
    let network = Network::from_graph(graph, 0, &device).with_tensors(tensors).unwrap();
    let (channels, side) = (graph.input_channels, graph.input_side);
    let images = common::Numbers(3).take(3 * channels * side.pixels());
    let batch = Tensor::<1>::from_floats(&images[..], &device);
    let scores = network.forward(batch.reshape([3, channels, side.height, side.width])).into_data();
    let expected: Vec<f32> = scores.iter::<f32>().collect();
    let program = Program::lower(graph, weights).unwrap();
    for program in [program.clone(), program.without_dead_units()] {
        let found = Engine::new(&program).scores(&images, 1).unwrap();
        common::assert_close(&found, &expected, 1e-4, name);
    }
}

#[test]
fn the_engine_gives_the_scores_of_every_block() {
    for (name, graph) in common::graphs() {
        compare(&name, &graph, &common::weights(&graph, 8));
    }
}

#[test]
fn the_engine_gives_the_scores_of_kept_networks() {
    for name in ["trained", "compressed", "finished/front/trial-2"] {
        let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../automl/testdata");
        let folder = data.join(name);
        let spec = NetworkSpec::read(&NetworkSpec::file(&folder).unwrap()).unwrap();
        let weights = Weights::read(&folder.join("weights.safetensors")).unwrap();
        compare(name, &spec.graph().unwrap(), &weights);
    }
}
