//! ONNX models in tract and, where Python has them, in ONNX Runtime.
#![allow(clippy::unwrap_used)]

mod common;

use automl_data::{BACKGROUND, OrientationRule, Preprocessing, ResizeRule};
use automl_deploy::onnx::{Batch, InputRange, OnnxError, OnnxOptions, float_model};
use automl_deploy::{Engine, NetworkFile, Program};
use automl_extent::Extent;
use common::{Numbers, assert_close, graphs, weights};
use std::path::Path;
use tract_onnx::prelude::*;

fn preprocessing(channels: usize, side: Extent) -> Preprocessing {
    Preprocessing {
        channels,
        side,
        resize: ResizeRule::Crop,
        background: BACKGROUND,
        orientation: OrientationRule::Exif,
        mean: [0.3, 0.5, 0.6][..channels].to_vec(),
        sd: [0.2, 0.25, 0.3][..channels].to_vec(),
    }
}

/// A network's models in both ranges of pixels, with an image for each and the scores.
struct Case {
    name: String,
    model: Vec<u8>,
    dims: [usize; 4],
    image: Vec<f32>,
    scores: Vec<f32>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, (name, graph)) in graphs().into_iter().enumerate() {
        let program = Program::lower(&graph, &weights(&graph, 1)).unwrap();
        let shape = program.input_shape();
        let mut record = NetworkFile::new(graph);
        let input = preprocessing(shape.channels, shape.side);
        record.input = Some(input.clone());
        record.classes = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let range = [InputRange::Unit, InputRange::Bytes, InputRange::Normalized][index % 3];
        let batch = if index % 2 == 0 { Batch::Fixed(1) } else { Batch::Dynamic };
        let model = float_model(&program, &record, OnnxOptions { batch, range }).unwrap();
        let pixels: Vec<u8> = Numbers(index as u64)
            .take(shape.numbers())
            .iter()
            .map(|x| (127.0 * x + 128.0) as u8)
            .collect();
        let normalized = input.normalized(&pixels);
        let scores = Engine::new(&program).session().run(&normalized).unwrap();
        let image = match range {
            InputRange::Unit => pixels.iter().map(|p| f32::from(*p) / 255.0).collect(),
            InputRange::Bytes => pixels.iter().map(|p| f32::from(*p)).collect(),
            InputRange::Normalized => normalized,
        };
        let dims = [1, shape.channels, shape.side.height, shape.side.width];
        cases.push(Case { name, model, dims, image, scores });
    }
    cases
}

#[test]
fn tract_gives_the_same_scores_for_every_block() {
    for case in cases() {
        let model = tract_onnx::onnx().model_for_read(&mut &case.model[..]).unwrap();
        let fact = InferenceFact::dt_shape(f32::datum_type(), case.dims);
        let model = model.with_input_fact(0, fact).unwrap();
        let plan = model.into_optimized().unwrap().into_runnable().unwrap();
        let image = Tensor::from_shape(&case.dims, &case.image).unwrap();
        let out = plan.run(tvec!(image.into())).unwrap();
        let scores: Vec<f32> =
            out[0].to_plain_array_view::<f32>().unwrap().iter().copied().collect();
        assert_close(&scores, &case.scores, 1e-4, &case.name);
    }
}

#[test]
fn onnx_runtime_gives_the_same_scores_for_every_block() {
    let Ok(python) = std::env::var("AUTOML_PYTHON") else {
        println!("skipped: AUTOML_PYTHON names no Python with onnx and onnxruntime");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let floats =
        |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|x| x.to_le_bytes()).collect() };
    for (index, case) in cases().iter().enumerate() {
        let file = |end: &str| folder.path().join(format!("{index}.{end}"));
        std::fs::write(file("onnx"), &case.model).unwrap();
        std::fs::write(file("image"), floats(&case.image)).unwrap();
        std::fs::write(file("scores"), floats(&case.scores)).unwrap();
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

#[test]
fn normalization_is_folded_into_convolutions_without_padding() {
    let of = |row: &str| {
        let graph = common::graph(&[row], 3, 8, true);
        let program = Program::lower(&graph, &weights(&graph, 1)).unwrap();
        let mut record = NetworkFile::new(graph);
        let options = OnnxOptions::default();
        let error = float_model(&program, &record, options).unwrap_err();
        assert_eq!(error, OnnxError::NoNormalization);
        record.input = Some(preprocessing(3, 8.into()));
        let model = float_model(&program, &record, options).unwrap();
        String::from_utf8_lossy(&model).contains("input_mean")
    };
    assert!(!of("[1, Conv, [8, 1, 1]]"));
    assert!(of("[1, Conv, [8, 3, 1]]"));
}
