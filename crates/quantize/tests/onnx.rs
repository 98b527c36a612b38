//! ONNX models of int8 programs in tract and, where Python has it, in ONNX Runtime.
#![allow(clippy::unwrap_used)]

mod common;

use automl_deploy::NetworkFile;
use automl_deploy::onnx::{Batch, InputRange, OnnxOptions};
use automl_quantize::Interpreter;
use common::{channels_last, images, networks, quantized};
use std::path::Path;
use tract_onnx::prelude::*;

/// A network's model with images and the interpreter's classes.
struct Case {
    name: String,
    model: Vec<u8>,
    dims: [usize; 3],
    images: Vec<Vec<u8>>,
    classes: Vec<u8>,
}

fn cases(count: usize) -> impl Iterator<Item = Case> {
    networks().into_iter().map(move |(name, graph)| {
        let (program, images) = (quantized(&graph, 0), images(&graph, count, 5));
        let mut interpreter = Interpreter::new(&program);
        let class = |image: &Vec<u8>| {
            interpreter.classify(&channels_last(image, graph.input_channels)) as u8
        };
        let classes = images.iter().map(class).collect();
        let dims = [graph.input_channels, graph.input_side.height, graph.input_side.width];
        let options = OnnxOptions { batch: Batch::Dynamic, range: InputRange::Bytes };
        let model = program.to_onnx(&NetworkFile::new(graph), options);
        Case { name, model, dims, images, classes }
    })
}

/// tract computes the same numbers as floats, so that sums may differ by the rounding of halves.
#[test]
fn tract_finds_the_same_classes() {
    for case in cases(100) {
        let model = tract_onnx::onnx().model_for_read(&mut &case.model[..]).unwrap();
        let [channels, height, width] = case.dims;
        let shape = [1, channels, height, width];
        let fact = InferenceFact::dt_shape(f32::datum_type(), shape);
        let model = model.with_input_fact(0, fact).unwrap();
        let plan = model.into_optimized().unwrap().into_runnable().unwrap();
        let equal = case.images.iter().zip(&case.classes).filter(|(image, class)| {
            let pixels: Vec<f32> = image.iter().map(|pixel| f32::from(*pixel)).collect();
            let out = plan.run(tvec!(Tensor::from_shape(&shape, &pixels).unwrap().into())).unwrap();
            let scores: Vec<f32> =
                out[0].to_plain_array_view::<f32>().unwrap().iter().copied().collect();
            let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            scores.iter().position(|score| *score == best) == Some(usize::from(**class))
        });
        let equal = equal.count();
        assert!(equal >= 98, "{}: {equal} of 100", case.name);
    }
}

#[test]
fn onnx_runtime_finds_the_same_classes() {
    let Ok(python) = std::env::var("AUTOML_PYTHON") else {
        println!("skipped: AUTOML_PYTHON names no Python with onnx and onnxruntime");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for case in cases(500) {
        let file =
            |end: &str| folder.path().join(format!("{}-{}.{end}", case.name, case.model.len()));
        std::fs::write(file("onnx"), &case.model).unwrap();
        std::fs::write(file("images"), case.images.concat()).unwrap();
        std::fs::write(file("classes"), &case.classes).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_check.py");
    let run = std::process::Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    if text.starts_with("skipped") {
        println!("{text}");
        return;
    }
    assert!(run.status.success(), "{text}{}", String::from_utf8_lossy(&run.stderr));
}
