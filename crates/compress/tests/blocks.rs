//! The table of blocks and targets: every block is read, counted, trained, exported in all forms,
//! compressed, and computes the same numbers in each of them.
#![allow(clippy::unwrap_used)]

use automl_arch::{Architecture, Block, Graph};
use automl_compress::{Budget, Decomposition, Groups, MinChannels, Model, RankRule, mask, prune};
use automl_deploy::onnx::{Batch, InputRange, OnnxOptions, float_model, import};
use automl_deploy::{Engine, NetworkFile, Program, Tensor, Weights};
use automl_models::{NamedTensor, Network};
use automl_numeric::stream;
use automl_quantize::{Int8Program, Interpreter};
use automl_train::cpu;
use burn::tensor::{Tensor as Burn, TensorData};
use rand::RngExt;
use std::path::Path;

/// A row of a configuration for every kind of block.
const ROWS: &[(&str, &str)] = &[
    ("Conv", "[2, Conv, [16, 3, 2]]"),
    ("FixedConv", "[1, FixedConv, [10, 3]]"),
    ("DWConv", "[1, DWConv, [16, 5, 2]]"),
    ("InvertedResidualv2", "[2, InvertedResidualv2, [16, 3, 1]]"),
    ("InvertedResidualv3", "[2, InvertedResidualv3, [3, 2.0, 16, true, true, 1]]"),
    ("MBConv", "[1, MBConv, [2, 16, 2, 3]]"),
    ("Fire", "[1, Fire, [4, 6, 10]]"),
    ("Bottleneck", "[2, Bottleneck, [16]]"),
    ("GhostBottleneck", "[1, GhostBottleneck, [3, 2.0, 16, true, 1]]"),
    ("MobileOne", "[2, MobileOne, [16, 3, 1]]"),
    ("UIB", "[2, UIB, [16, 2.0, 3, 5]]"),
    ("FasterNet", "[2, FasterNet, [16]]"),
    ("MixConv", "[2, MixConv, [16, 2.0, 5]]"),
    ("GatedFFN", "[2, GatedFFN, [16]]"),
    ("SplitConv", "[2, SplitConv, [16, 5, 2]]"),
    ("StarNet", "[2, StarNet, [16, 2.0, 3]]"),
    ("DeepStem", "[1, DeepStem, [16, 2]]"),
    ("MaxPool", "[1, MaxPool, [3, 2, 1]]"),
    ("AvgPool", "[1, AvgPool, [3, 2, 1]]"),
    ("Linear", "[1, Pass, []]"),
    ("GlobalAvgPool", "[1, Pass, []]"),
    ("Flatten", "[1, Pass, []]"),
    ("Pass", "[1, Pass, []]"),
];

const SIDE: usize = 8;

/// A convolution, the row and a classifier: those three blocks are in every network.
fn architecture(row: &str) -> Architecture {
    let text = format!(
        "input_channel: 1\ninput_size: [{SIDE}, {SIDE}]\ndepth_multiple: 1.0\n\
         width_multiple: 1.0\nbackbone:\n  - [1, Conv, [16, 3]]\n  - {row}\n  \
         - [1, GlobalAvgPool, []]\n  - [1, Flatten, []]\n  - [1, Linear, [5, null]]\n"
    );
    Architecture::from_yaml(&text).unwrap()
}

/// A network of random weights and statistics.
fn model(graph: &Graph) -> Model {
    let mut rng = stream(3, 0, "blocks");
    let mut tensors = Network::from_graph(graph, 1, &cpu()).tensors();
    for tensor in tensors.iter_mut().filter(|tensor| tensor.shape.len() == 1) {
        let low = if tensor.name.ends_with("var") { 0.5 } else { -0.3 };
        tensor.values.iter_mut().for_each(|x| *x += rng.random_range(low..low + 0.6));
    }
    Model::new(graph.clone(), tensors).unwrap()
}

fn lowered(model: &Model) -> (Program, Weights) {
    let tensor = |NamedTensor { name, shape, values }: &NamedTensor| Tensor {
        name: name.clone(),
        shape: shape.clone(),
        values: values.clone(),
    };
    let weights = Weights::new(model.tensors().iter().map(tensor));
    (Program::lower(model.graph(), &weights).unwrap(), weights)
}

/// Scores of an image of pixels in [0, 1].
fn scores(program: &Program, image: &[f32]) -> Vec<f32> {
    Engine::new(program).scores(image, 1).unwrap()
}

fn close(what: &str, a: &[f32], b: &[f32], tolerance: f32) {
    let scale = b.iter().fold(0.1_f32, |most, x| most.max(x.abs()));
    assert_eq!(a.len(), b.len(), "{what}");
    assert!(
        a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * scale),
        "{what}: {a:?} {b:?}"
    );
}

/// Images of smooth patterns, in bytes.
fn images(count: usize) -> Vec<Vec<u8>> {
    let pixel = |seed: usize, at: usize| {
        let phase = seed as f32 * 0.7 + (at / SIDE) as f32 * 0.4 * (1 + seed % 3) as f32;
        (127.5 + 100.0 * (phase + (at % SIDE) as f32 * 0.3).sin()) as u8
    };
    (0..count).map(|seed| (0..SIDE * SIDE).map(|at| pixel(seed, at)).collect()).collect()
}

#[test]
fn every_block_reaches_every_target() {
    for kind in Block::kinds() {
        let found = ROWS.iter().find(|(name, _)| kind.names[0] == *name);
        let (name, row) = found.unwrap_or_else(|| panic!("no row for {}", kind.names[0]));
        let architecture = architecture(row);
        assert!(row.contains(name) || row.contains("Pass"), "{row}");
        // Configuration and cost.
        let again = Architecture::from_yaml(&architecture.to_yaml()).unwrap();
        assert_eq!(again, architecture, "{name}");
        let graph = architecture.graph().unwrap();
        let cost = graph.cost();
        assert!(cost.parameters > 0 && cost.macs > 0 && cost.peak_activation_bytes > 0, "{name}");
        trained(name, &graph);
        let model = model(&graph);
        deployed(name, &model);
        compressed(name, &model);
    }
    assert_eq!(Block::kinds().count(), ROWS.len());
}

/// Every parameter has a finite gradient, one at least that is not zero, by the passes for the CPU.
fn trained(name: &str, graph: &Graph) {
    let device = cpu().autodiff();
    let network = Network::from_graph(graph, 1, &device);
    let pixels: Vec<f32> = images(4).concat().iter().map(|p| f32::from(*p) / 255.0).collect();
    let batch = Burn::from_data(TensorData::new(pixels, [4, 1, SIDE, SIDE]), &device);
    let (_, gradients) = network.gradients(batch, |scores| scores.powf_scalar(2.0).mean());
    let gradients = network.gradient_tensors(&gradients);
    assert_eq!(gradients.len(), network.parameter_ids().len(), "{name}");
    for NamedTensor { name: tensor, values, .. } in &gradients {
        assert!(values.iter().all(|x| x.is_finite()), "{name}: {tensor}");
    }
    assert!(gradients.iter().any(|tensor| tensor.values.iter().any(|x| *x != 0.0)), "{name}");
}

/// Engine, ONNX in floats and back, int8, ONNX in int8, C and Rust.
fn deployed(name: &str, model: &Model) {
    let (program, _) = lowered(model);
    let bytes = images(40);
    let image: Vec<f32> = bytes[0].iter().map(|p| f32::from(*p) / 255.0).collect();
    let tensor = Burn::from_data(TensorData::new(image.clone(), [1, 1, SIDE, SIDE]), &cpu());
    let network = model.network(&cpu()).unwrap().forward(tensor).into_data();
    let network: Vec<f32> = network.iter::<f32>().collect();
    let own = scores(&program, &image);
    close(&format!("{name}: engine"), &own, &network, 1e-4);

    let record = NetworkFile::new(model.graph().clone());
    let options = OnnxOptions { batch: Batch::Fixed(1), range: InputRange::Normalized };
    let file = float_model(&program, &record, options).unwrap();
    let read = import(&file, Path::new("model.onnx"), None).unwrap();
    let back = Program::lower(&read.record.graph, &read.weights).unwrap();
    close(&format!("{name}: ONNX"), &scores(&back, &image), &own, 1e-4);

    let int8 = Int8Program::quantize(&program, &[(0.0, 1.0)], &bytes).unwrap();
    let scale = int8.values[int8.values.len() - 1].scale;
    let found = Interpreter::new(&int8).run(&bytes[0]).to_vec();
    let found: Vec<f32> = found.iter().map(|q| scale.value(*q)).collect();
    close(&format!("{name}: int8"), &found, &own, 0.15);
    let cost = model.cost();
    assert_eq!(cost.flash_bytes, int8.constant_bytes() as u64, "{name}");
    assert_eq!(cost.ram_bytes, int8.memory().arena_bytes(), "{name}");
    assert!(!int8.to_onnx(&record, options).is_empty(), "{name}");
    let classes: Vec<String> = (0..5).map(|class| class.to_string()).collect();
    let [c, rust] = [int8.to_c("net", &classes), int8.to_rust("net", &classes)];
    assert!(c.unwrap().files.iter().any(|file| file.text.contains("net_run")), "{name}");
    assert!(rust.unwrap().files.iter().any(|file| file.path == "src/lib.rs"), "{name}");
}

/// Pruned networks compute what zeros compute, factors of full rank what the layers do, and smaller ones
/// are networks too.
fn compressed(name: &str, model: &Model) {
    let image: Vec<f32> = images(1)[0].iter().map(|p| f32::from(*p) / 255.0).collect();
    let of = |model: &Model| scores(&lowered(model).0, &image);
    let groups = Groups::find(model.graph());
    let units = groups.groups().first().map_or(&[][..], Vec::as_slice);
    let mut keep = vec![true; groups.units()];
    units.iter().take(units.len() / 3).for_each(|unit| keep[*unit] = false);
    let masked = mask(model, &groups, &keep).unwrap();
    let removed = automl_compress::remove(model, &groups, &keep).unwrap();
    assert!(removed.cost().parameters < model.cost().parameters, "{name}");
    close(&format!("{name}: pruned"), &of(&removed), &of(&masked), 1e-4);
    let mut rng = stream(5, 0, "blocks");
    let ranking: Vec<f64> = (0..groups.units()).map(|_| rng.random()).collect();
    let most = model.cost().parameters * 9 / 10;
    let budget = Budget { parameters: Some(most), macs: None };
    let pruned = prune(model, &groups, &ranking, &budget, MinChannels::default());
    let pruned = pruned.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(budget.allows(&pruned.cost()) && of(&pruned).iter().all(|x| x.is_finite()), "{name}");

    let decomposition = Decomposition::of(model);
    for share in [0.9, 0.5] {
        let ranks = decomposition.ranks(RankRule::Energy(share));
        let factored = decomposition.apply(&ranks).unwrap();
        assert!(factored.cost().parameters <= model.cost().parameters, "{name}");
        assert!(of(&factored).iter().all(|x| x.is_finite()), "{name}");
    }
}
