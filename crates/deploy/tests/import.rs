//! ONNX models that are read.
#![allow(clippy::unwrap_used)]

mod common;

use automl_data::{BACKGROUND, OrientationRule, Preprocessing, ResizeRule};
use automl_deploy::onnx::{Attribute, GraphBuilder, InputRange, OnnxOptions, float_model, import};
use automl_deploy::{Engine, NetworkFile, Program, TrainedNetwork};
use common::{Numbers, assert_close, graphs, weights};
use std::path::{Path, PathBuf};

fn read(bytes: &[u8]) -> Result<TrainedNetwork, String> {
    import(bytes, Path::new("a.onnx"), None).map_err(|error| error.to_string())
}

/// Every network, exported and imported, gives the same scores for the same pixels.
#[test]
fn exported_networks_come_back() {
    for (index, (name, graph)) in graphs().into_iter().enumerate() {
        let program = Program::lower(&graph, &weights(&graph, 1)).unwrap();
        let shape = program.input_shape();
        let mut record = NetworkFile::new(graph);
        record.classes = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        record.input = Some(Preprocessing {
            channels: shape.channels,
            side: shape.side,
            resize: ResizeRule::Pad,
            background: BACKGROUND,
            orientation: OrientationRule::Stored,
            mean: [0.3, 0.5, 0.6][..shape.channels].to_vec(),
            sd: [0.2, 0.25, 0.3][..shape.channels].to_vec(),
        });
        let range = [InputRange::Unit, InputRange::Bytes, InputRange::Normalized][index % 3];
        let options = OnnxOptions { range, ..OnnxOptions::default() };
        let model = float_model(&program, &record, options).unwrap();
        let network = read(&model).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(network.notes.is_empty(), "{name}: {:?}", network.notes);
        assert_eq!(network.record.classes, record.classes);
        let input = network.record.input.clone().unwrap();
        assert_eq!((input.resize, input.orientation), (ResizeRule::Pad, OrientationRule::Stored));
        let again = network.program().unwrap();
        let pixels = Numbers(3).take(shape.numbers());
        let pixels: Vec<u8> = pixels.iter().map(|x| (127.0 * x + 128.0) as u8).collect();
        let scores = |program: &Program, input: &Preprocessing| {
            Engine::new(program).session().run(&input.normalized(&pixels)).unwrap()
        };
        let expected = scores(&program, record.input.as_ref().unwrap());
        assert_close(&scores(&again, &input), &expected, 1e-4, &name);
        let (cost, before) = (network.record.graph.cost(), record.graph.cost());
        assert_eq!(cost.macs, before.macs, "{name}");
    }
}

/// A model as PyTorch writes one, with the scores of ONNX Runtime; see `testdata/make.py`.
#[test]
fn a_model_of_pytorch_gives_its_scores() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let network = read(&std::fs::read(folder.join("torch_style.onnx")).unwrap()).unwrap();
    // Stem, pooling, sum with its activation, depthwise convolution, classifier.
    assert_eq!(network.record.graph.nodes.len(), 6);
    assert_eq!(network.notes.len(), 2, "{:?}", network.notes);
    let text = std::fs::read_to_string(folder.join("torch_style.json")).unwrap();
    let expected: Vec<f32> = serde_json::from_str(&text).unwrap();
    let image: Vec<f32> = (0..432).map(|i| (i as f32).sin()).collect();
    let program = network.program().unwrap();
    let scores = Engine::new(&program).session().run(&image).unwrap();
    assert_close(&scores, &expected, 1e-4, "torch");
    // It is a network as any other: written, read, exported.
    let out = tempfile::tempdir().unwrap();
    network.write(out.path()).unwrap();
    let again = TrainedNetwork::read(out.path()).unwrap().program().unwrap();
    assert_eq!(again, program);
}

#[test]
fn what_cannot_be_read_is_named() {
    let with = |operator: &str, attributes: &[(&str, Attribute)]| {
        let mut graph = GraphBuilder::default();
        graph.input("x", &[None, Some(4), Some(6), Some(6)]);
        let weight = graph.floats("w", &[4, 4, 3, 3], &[0.1; 144]);
        let inputs = if operator == "Conv" { vec!["x", &weight] } else { vec!["x"] };
        graph.node("middle", operator, &inputs, attributes);
        graph.node("flat", "Flatten", &["middle"], &[]);
        graph.output("flat", &[None, Some(4)]);
        read(&graph.model("test", Vec::new())).unwrap_err()
    };
    let error = with("Conv", &[("dilations", Attribute::Ints(vec![2, 2]))]);
    assert_eq!(
        error,
        "the node \"middle\" (Conv): dilations are supported in depthwise convolutions only"
    );
    let error = with("LSTM", &[]);
    assert_eq!(error, "the node \"middle\" (LSTM): the operator is not supported");
    let error = with("Elu", &[]);
    assert!(error.contains("\"middle\" (Elu)"), "{error}");
    let error = with("Softmax", &[]);
    assert!(error.contains("at the end only"), "{error}");
    assert!(read(b"no model").unwrap_err().contains("is not an ONNX model"));
    assert!(read(b"").unwrap_err().contains("no graph"));
}

/// Height and width that a model leaves open are those that are given.
#[test]
fn open_sizes_are_asked_for() {
    let mut graph = GraphBuilder::default();
    graph.input("x", &[None, Some(1), None, Some(5)]);
    let weight = graph.floats("w", &[2, 1, 3, 3], &[0.1; 18]);
    let pads = [("pads", Attribute::Ints(vec![1; 4]))];
    graph.node("conv", "Conv", &["x", &weight], &pads);
    graph.node("pool", "GlobalAveragePool", &["conv"], &[]);
    graph.node("flat", "Flatten", &["pool"], &[]);
    graph.output("flat", &[None, Some(2)]);
    let model = graph.model("test", Vec::new());
    assert!(read(&model).unwrap_err().contains("its side is open"));
    let network = import(&model, Path::new("a.onnx"), Some((9, 8).into())).unwrap();
    assert_eq!(network.record.graph.input_side, automl_extent::Extent::new(9, 5));
    let scores = Engine::new(&network.program().unwrap()).session().run(&[1.0; 45]).unwrap();
    // Inner pixels see nine ones, those of the edges six, of the corners four.
    let mean = 0.1 * (7.0 * 3.0 * 9.0 + 20.0 * 6.0 + 4.0 * 4.0) / 45.0;
    assert_close(&scores, &[mean, mean], 1e-5, "open");
}

/// Damaged models are errors.
#[test]
fn damaged_models_are_refused() {
    let graph = common::graph(&["[1, MBConv, [4, 8, 2, 3]]"], 3, 8, true);
    let program = Program::lower(&graph, &weights(&graph, 1)).unwrap();
    let options = OnnxOptions { range: InputRange::Normalized, ..OnnxOptions::default() };
    let model = float_model(&program, &NetworkFile::new(graph), options).unwrap();
    for length in (0..model.len()).step_by(97) {
        let _ = read(&model[..length]);
    }
    let mut numbers = Numbers(5);
    for _ in 0..300 {
        let mut damaged = model.clone();
        for _ in 0..3 {
            let at = ((numbers.next() + 1.0) / 2.0 * model.len() as f32) as usize % model.len();
            damaged[at] = (numbers.next() * 127.0) as u8;
        }
        let _ = read(&damaged);
    }
}
