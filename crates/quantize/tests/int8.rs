//! Int8 programs: their memory is what was counted before training, and their scores are near those
//! of floats.
#![allow(clippy::unwrap_used)]

mod common;

use automl_arch::Block;
use automl_quantize::{Int8Program, Interpreter, QuantizeError};
use common::{NORMAL, blocks, channels_last, images, networks, program, quantized};

/// The networks of these tests, which generated code is compared on too, have every kind of block.
#[test]
fn every_kind_is_a_network() {
    let blocks = blocks();
    let others = ["Conv", "GlobalAvgPool", "Flatten", "Linear"];
    for kind in Block::kinds().filter(|kind| !others.contains(&kind.names[0])) {
        let found = blocks.iter().any(|(_, block)| kind.names.contains(&block.name()));
        assert!(found, "{}", kind.names[0]);
    }
}

/// Flash and RAM of the graph are those of its program.
#[test]
fn costs_are_known_before_training() {
    for (name, graph) in networks() {
        let (cost, int8) = (graph.cost(), quantized(&graph, 0));
        assert_eq!(cost.flash_bytes, int8.constant_bytes() as u64, "{name}");
        assert_eq!(cost.ram_bytes, int8.memory().arena_bytes(), "{name}");
    }
}

/// The same images give the same program and scores; the order of calibration images is irrelevant.
#[test]
fn quantization_is_deterministic() {
    let (_, graph) = networks().remove(4);
    let mut calibration = images(&graph, 16, 3);
    let quantize = |images: &[Vec<u8>]| {
        Int8Program::quantize(&program(&graph, 1), &vec![NORMAL; graph.input_channels], images)
    };
    let one = quantize(&calibration).unwrap();
    calibration.reverse();
    assert_eq!(one, quantize(&calibration).unwrap());
    let image = channels_last(&calibration[0], graph.input_channels);
    let mut interpreter = Interpreter::new(&one);
    let first = interpreter.run(&image).to_vec();
    interpreter.run(&[255; 7]);
    assert_eq!(interpreter.run(&image), first);
}

/// What does not fit is named.
#[test]
fn bad_input_is_named() {
    let (_, graph) = networks().remove(1);
    let (program, images) = (program(&graph, 0), images(&graph, 2, 0));
    let error = |normalization: &[(f32, f32)], images: &[Vec<u8>]| -> QuantizeError {
        Int8Program::quantize(&program, normalization, images).unwrap_err()
    };
    assert_eq!(error(&[NORMAL; 3], &[]).to_string(), "there are no calibration images");
    let short = [images[0].clone(), vec![0; 5]];
    assert_eq!(
        error(&[NORMAL; 3], &short).to_string(),
        "calibration image 1 has 5 bytes, the network takes 162"
    );
    let told = error(&[NORMAL, NORMAL, (0.5, 0.0)], &images).to_string();
    assert_eq!(told, "the network has 3 channels, and 2 means and deviations above 0");
    let int8 = quantized(&graph, 0);
    let classes: Vec<String> = (0..5).map(|class| class.to_string()).collect();
    let told = int8.to_c("my net", &classes).unwrap_err().to_string();
    assert!(told.starts_with("\"my net\" cannot name the code"), "{told}");
    let told = int8.to_rust("net", &classes[..4]).unwrap_err().to_string();
    assert_eq!(told, "there are 4 names of classes for 5 scores");
}
