//! The engine against plain loops.
#![allow(clippy::unwrap_used)]

mod common;

use automl_deploy::{Engine, InputError, Nonlinearity, Program};
use common::{Numbers, assert_close, graphs, run, weights};

#[test]
fn every_block_gives_the_scores_of_plain_loops() {
    for (name, graph) in graphs() {
        let program = Program::lower(&graph, &weights(&graph, 1)).unwrap();
        let engine = Engine::new(&program);
        let mut session = engine.session();
        // The second image finds the memory that the first one has left.
        for seed in 0..2 {
            let image = Numbers(seed).take(program.input_shape().numbers());
            assert_close(&session.run(&image).unwrap(), &run(&program, &image), 2e-5, &name);
        }
    }
}

#[test]
fn every_nonlinearity_is_computed() {
    for name in
        ["ReLU", "ReLU6", "Hardswish", "Hardsigmoid", "SiLU", "Sigmoid", "LeakyReLU", "GELU"]
            .into_iter()
            .chain(["Tanh", "null"])
    {
        let row = format!("[1, Conv, [8, 3, 1, null, 1, {name}]]");
        let graph = common::graph(&[&row], 3, 7, true);
        let program = Program::lower(&graph, &weights(&graph, 4)).unwrap();
        let image = Numbers(2).take(program.input_shape().numbers());
        let scores = Engine::new(&program).session().run(&image).unwrap();
        assert_close(&scores, &run(&program, &image), 1e-5, name);
    }
    assert_eq!(Nonlinearity::ALL.len(), 11);
}

#[test]
fn threads_change_no_score() {
    let graph = common::graph(&["[2, MBConv, [4, 16, 2, 3]]"], 3, 12, true);
    let program = Program::lower(&graph, &weights(&graph, 4)).unwrap();
    let engine = Engine::new(&program);
    let images = Numbers(2).take(7 * engine.image_len());
    let one = engine.scores(&images, 1).unwrap();
    for threads in [2, 3, 16] {
        assert_eq!(engine.scores(&images, threads).unwrap(), one);
    }
    assert_eq!(one.len(), 35);
    assert_eq!(engine.scores(&[], 4).unwrap(), [] as [f32; 0]);
}

#[test]
fn other_numbers_of_pixels_are_refused() {
    let graph = common::graph(&["[1, Conv, [8, 3, 1]]"], 1, 4, true);
    let engine = Engine::new(&Program::lower(&graph, &weights(&graph, 4)).unwrap());
    let error = InputError { expected: 16, found: 15 };
    assert_eq!(engine.session().run(&[0.0; 15]).unwrap_err(), error);
    assert_eq!(engine.scores(&[0.0; 15], 1).unwrap_err(), error);
}
