//! Graph forms, published counts, errors.
#![allow(clippy::too_many_lines, reason = "tables of cases")]

mod common;

use automl_arch::block;
use automl_arch::nas_bench_macro;
use automl_arch::{Activation, Architecture, ArchitectureError, Block, Layer, make_divisible};
use automl_extent::Extent;
use automl_space::Choice;
use proptest::prelude::*;
use std::collections::HashMap;

fn head(last: usize, classes: usize, activation: Activation) -> [Layer; 4] {
    [
        Layer::once(Block::conv(last, 1, 1, activation)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(classes)),
    ]
}

/// StarNet-S1 has 2.9 million parameters and 425 million operations at 224 pixels (Ma et al. 2024, table
/// 5); those of biases and normalization among them, which are not counted here.
#[test]
fn a_published_star_net_has_its_published_counts() {
    let stage = |channels: usize, repeat: usize| {
        let star = block::StarNet { channels, expansion: 4.0, kernel: 7, stride: 1 };
        [
            Layer::once(Block::conv(channels, 3, 2, Activation::Identity)),
            Layer::new(repeat, Block::StarNet(star)),
        ]
    };
    let mut layers = vec![Layer::once(Block::conv(32, 3, 2, Activation::Relu6))];
    layers.extend([(24, 2), (48, 2), (96, 8), (192, 3)].into_iter().flat_map(|(c, n)| stage(c, n)));
    layers.extend([
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(1000)),
    ]);
    let cost = Architecture::new(3, 224, layers).cost().unwrap();
    assert_eq!(cost.parameters, 2_865_416);
    assert!((cost.macs as f64 / 425e6 - 1.0).abs() < 0.01, "{}", cost.macs);
}

/// Parameters and giga-operations as torchvision documents them.
#[test]
fn published_networks_have_their_published_counts() {
    let v2 = |channels, expansion, repeat, stride| {
        Layer::new(
            repeat,
            Block::InvertedResidualV2(block::InvertedResidualV2 {
                channels,
                expansion,
                stride,
                eca: false,
            }),
        )
    };
    let mut mobilenet_v2 = vec![
        Layer::once(Block::conv(32, 3, 2, Activation::Relu6)),
        v2(16, 1.0, 1, 1),
        v2(24, 6.0, 2, 2),
        v2(32, 6.0, 3, 2),
        v2(64, 6.0, 4, 2),
        v2(96, 6.0, 3, 1),
        v2(160, 6.0, 3, 2),
        v2(320, 6.0, 1, 1),
    ];
    mobilenet_v2.extend(head(1280, 1000, Activation::Relu6));
    let cost = Architecture::new(3, 224, mobilenet_v2).cost().unwrap();
    assert_eq!(cost.parameters, 3_504_872);
    assert_eq!(cost.macs, 300_774_272);

    let v3 = |kernel, expansion, channels, squeeze_excite, hard_swish, stride| {
        Layer::once(Block::InvertedResidualV3(block::InvertedResidualV3 {
            kernel,
            expansion,
            channels,
            squeeze_excite,
            hard_swish,
            stride,
            eca: false,
        }))
    };
    let mobilenet_v3_small = [
        Layer::once(Block::conv(16, 3, 2, Activation::HardSwish)),
        v3(3, 1.0, 16, true, false, 2),
        v3(3, 4.5, 24, false, false, 2),
        v3(3, 88.0 / 24.0, 24, false, false, 1),
        v3(5, 4.0, 40, true, true, 2),
        v3(5, 6.0, 40, true, true, 1),
        v3(5, 6.0, 40, true, true, 1),
        v3(5, 3.0, 48, true, true, 1),
        v3(5, 3.0, 48, true, true, 1),
        v3(5, 6.0, 96, true, true, 2),
        v3(5, 6.0, 96, true, true, 1),
        v3(5, 6.0, 96, true, true, 1),
        Layer::once(Block::conv(576, 1, 1, Activation::HardSwish)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::Linear(block::Linear {
            features: 1024,
            activation: Activation::HardSwish,
        })),
        Layer::once(Block::linear(1000)),
    ];
    let cost = Architecture::new(3, 224, mobilenet_v3_small).cost().unwrap();
    assert_eq!(cost.parameters, 2_542_856);
    assert_eq!((cost.macs as f64 / 1e6).round(), 57.0);

    let mb = |expansion, channels, repeat, stride, kernel| {
        let squeeze_excite = true;
        Layer::new(
            repeat,
            Block::MBConv(block::MBConv { expansion, channels, stride, kernel, squeeze_excite }),
        )
    };
    let mut efficientnet_b0 = vec![
        Layer::once(Block::conv(32, 3, 2, Activation::Silu)),
        mb(1.0, 16, 1, 1, 3),
        mb(6.0, 24, 2, 2, 3),
        mb(6.0, 40, 2, 2, 5),
        mb(6.0, 80, 3, 2, 3),
        mb(6.0, 112, 3, 1, 5),
        mb(6.0, 192, 4, 2, 5),
        mb(6.0, 320, 1, 1, 3),
    ];
    efficientnet_b0.extend(head(1280, 1000, Activation::Silu));
    let cost = Architecture::new(3, 224, efficientnet_b0).cost().unwrap();
    assert_eq!(cost.parameters, 5_288_548);
    assert_eq!((cost.macs as f64 / 1e6).round(), 386.0);
}

#[test]
fn the_smallest_code_of_nas_bench_macro_has_its_check_value() {
    let code = nas_bench_macro::parse("00000000").unwrap();
    let cost = nas_bench_macro::architecture(&code, 3, 32, 10).cost().unwrap();
    assert_eq!((cost.parameters, cost.macs), (387_882, 7_713_280));
    assert!(nas_bench_macro::parse("0000000").is_err());
    assert!(nas_bench_macro::parse("00000003").is_err());
}

/// Every code of the benchmark's table: parameters, MACs, and which codes are one network.
#[test]
fn nas_bench_macro_agrees_for_every_code() {
    let Ok(data) = std::env::var("AUTOML_DATA_DIR") else {
        eprintln!("skipped: AUTOML_DATA_DIR is not set");
        return;
    };
    let path = std::path::Path::new(&data).join("nas-bench-macro/nas-bench-macro_cifar10.csv");
    let Ok(table) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let mut networks: HashMap<u64, String> = HashMap::new();
    let mut codes = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        let choices = nas_bench_macro::parse(columns[0]).unwrap();
        let network = nas_bench_macro::architecture(&choices, 3, 32, 10).graph().unwrap();
        let cost = network.cost();
        assert_eq!(cost.parameters.to_string(), columns[7], "{}", columns[0]);
        assert_eq!(cost.macs.to_string(), columns[8], "{}", columns[0]);
        let graph = networks.entry(network.fingerprint()).or_insert(columns[1].to_owned());
        assert_eq!(graph, columns[1], "{}", columns[0]);
        codes += 1;
    }
    assert_eq!((codes, networks.len()), (6561, 3969));
}

#[test]
fn the_macro_space_holds_every_code() {
    let space = nas_bench_macro::MacroSpace::new(3, 32, 10).unwrap();
    let counts = space.space().params().iter().map(|param| param.domain().cardinality().unwrap());
    assert_eq!(counts.product::<u128>(), 6561);
    let names: Vec<String> = (1..=8).map(|layer| format!("layer{layer}")).collect();
    let choices = ["identity", "mb3", "mb6", "identity", "identity", "mb3", "mb6", "mb3"];
    let values = names.iter().map(String::as_str).zip(choices.map(Choice::from));
    let config = space.space().config(values).unwrap();
    let code = nas_bench_macro::parse("01200121").unwrap();
    assert_eq!(space.architecture(&config), nas_bench_macro::architecture(&code, 3, 32, 10));
}

fn backbone(layers: impl IntoIterator<Item = Layer>) -> Architecture {
    let mut layers: Vec<Layer> = layers.into_iter().collect();
    layers.extend([
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ]);
    Architecture::new(3, 32, layers)
}

#[test]
fn equal_networks_are_equal() {
    let relu = Activation::Relu;
    let plain = backbone([
        Layer::once(Block::conv(16, 3, 1, relu)),
        Layer::once(Block::conv(16, 3, 1, relu)),
        Layer::once(Block::dw_conv(16, 3, 2, relu)),
    ]);
    let mut scaled = backbone([
        Layer::new(3, Block::Pass),
        Layer::new(4, Block::conv(32, 3, 1, relu)),
        Layer::once(Block::MaxPool(block::MaxPool { kernel: 1, stride: 1, padding: 0 })),
        Layer::once(Block::Conv(block::Conv {
            channels: 30,
            kernel: 3,
            stride: 2,
            padding: Some(1),
            groups: 16,
            activation: relu,
        })),
    ]);
    scaled.width_multiple = 0.5;
    scaled.depth_multiple = 0.5;
    assert_eq!(plain.graph(), scaled.graph());
    assert_eq!(plain.fingerprint(), scaled.fingerprint());
    // Pinned: files and databases hold fingerprints.
    assert_eq!(plain.fingerprint().unwrap(), 3_647_814_709_831_012_052);
    let other = backbone([Layer::new(2, Block::conv(16, 3, 1, relu))]);
    assert_ne!(plain.fingerprint(), other.fingerprint());
}

#[test]
fn the_stride_belongs_to_one_copy() {
    let relu = Activation::Relu;
    let conv = backbone([Layer::new(2, Block::conv(16, 3, 2, relu))]);
    let unrolled = backbone([
        Layer::once(Block::conv(16, 3, 1, relu)),
        Layer::once(Block::conv(16, 3, 2, relu)),
    ]);
    assert_eq!(conv.graph(), unrolled.graph());
    let residual =
        |repeat, stride| Layer::new(repeat, Block::inverted_residual(3, 2.0, 16, stride));
    assert_eq!(
        backbone([residual(3, 2)]).graph(),
        backbone([residual(1, 2), residual(2, 1)]).graph()
    );
}

#[test]
fn channels_are_rounded_as_in_mobilenet() {
    for (value, expected) in [(1.0, 8), (8.0, 8), (11.9, 16), (12.0, 16), (18.0, 24), (20.0, 24)] {
        assert_eq!(make_divisible(value, 8), expected, "{value}");
    }
    for value in 1..2000 {
        let rounded = make_divisible(f64::from(value) / 4.0, 8);
        assert!(rounded.is_multiple_of(8) && rounded as f64 >= 0.9 * f64::from(value) / 4.0);
    }
}

#[test]
fn what_cannot_be_built_is_refused_with_its_place() {
    let message = |architecture: Architecture| architecture.graph().unwrap_err().to_string();
    let relu = Activation::Relu;
    let conv = |channels, kernel, stride| Layer::once(Block::conv(channels, kernel, stride, relu));
    let cases = [
        (backbone([conv(0, 3, 1)]), "block 0 (Conv): channels must be 1 to 65536, not 0"),
        (backbone([conv(16, 3, 1), conv(16, 0, 1)]), "block 1 (Conv): kernel must be 1 to 8192"),
        (
            backbone([Layer::once(Block::InvertedResidualV2(block::InvertedResidualV2 {
                channels: 16,
                expansion: f64::NAN,
                stride: 1,
                eca: false,
            }))]),
            "block 0 (InvertedResidualv2): expansion must be above 0 and at most 64, not NaN",
        ),
        (
            backbone([Layer::once(Block::Conv(block::Conv {
                channels: 16,
                kernel: 3,
                stride: 1,
                padding: None,
                groups: 2,
                activation: relu,
            }))]),
            "block 0 (Conv): 2 groups do not divide 3 inputs and 16 outputs",
        ),
        (
            backbone([Layer::once(Block::MaxPool(block::MaxPool {
                kernel: 33,
                stride: 1,
                padding: 0,
            }))]),
            "block 0 (MaxPool): a kernel of 33 does not fit on maps of side 32 with 0 zeros",
        ),
        (
            Architecture::new(3, 32, [Layer::once(Block::linear(10))]),
            "block 0 (Linear) needs a vector: put Flatten before it",
        ),
        (backbone([Layer::once(Block::Flatten), conv(8, 1, 1)]), "block 1 (Conv) needs maps"),
        (Architecture::new(3, 32, [conv(8, 3, 1)]), "the chain ends in 8 maps of side 32"),
        (Architecture::new(3, 32, []), "the number of blocks must be 1 to 4096, not 0"),
        (
            Architecture::new(3, 32, [Layer::once(Block::GlobalAvgPool)]),
            "no block of the chain has weights",
        ),
        (
            Architecture { width_multiple: 0.0, ..backbone([conv(8, 3, 1)]) },
            "width_multiple must be above 0 and at most 16, not 0",
        ),
    ];
    for (architecture, expected) in cases {
        let message = message(architecture);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn peak_memory_counts_what_is_alive() {
    // 3x32x32 in, 16x32x32 out of the first convolution, then the same again with a shortcut.
    let map = |channels: u64| channels * 32 * 32;
    let conv = backbone([Layer::once(Block::conv(16, 3, 1, Activation::Relu))]);
    assert_eq!(conv.cost().unwrap().peak_activation_bytes, 4 * (map(3) + map(16)));
    let residual = backbone([
        Layer::once(Block::conv(16, 3, 1, Activation::Relu)),
        Layer::once(Block::inverted_residual(3, 4.0, 16, 1)),
    ]);
    // Depthwise 64 to 64 channels while the shortcut's 16 wait.
    assert_eq!(residual.cost().unwrap().peak_activation_bytes, 4 * (2 * map(64) + map(16)));
}

/// Of images that are not square, rows and columns are counted by themselves, also where maps vanish in
/// one direction only.
#[test]
fn rows_and_columns_are_counted() {
    let layers = || {
        [
            Layer::once(Block::conv(16, 3, 2, Activation::Relu)),
            Layer::once(Block::MaxPool(block::MaxPool { kernel: 2, stride: 2, padding: 0 })),
            Layer::once(Block::Flatten),
            Layer::once(Block::linear(10)),
        ]
    };
    let graph = Architecture::new(3, (32, 20), layers()).graph().unwrap();
    let cost = graph.cost();
    assert_eq!(cost.macs, 3 * 16 * 9 * 16 * 10 + 16 * 8 * 5 * 10);
    assert_eq!(cost.peak_activation_bytes, 4 * (3 * 32 * 20 + 16 * 16 * 10));
    assert_eq!(cost.ram_bytes, 3 * 32 * 20 + 16 * 16 * 10);
    assert_eq!(graph.activations().largest, 16 * 16 * 10);
    assert_eq!(graph.layers()[1].side, Extent::new(8, 5));
    let json = serde_json::to_string(&graph).unwrap();
    assert!(json.contains("\"input_side\":[32,20]"), "{json}");
    let flat = Architecture::new(3, (8, 3), layers()).graph().unwrap();
    assert_eq!(flat.layers()[1].side, Extent::new(2, 1));
    let error = Architecture::new(3, (8, 2), layers()).graph().unwrap_err().to_string();
    let reason = "block 1 (MaxPool): a kernel of 2 does not fit on maps of side 4x1";
    assert!(error.starts_with(reason), "{error}");
    let wide = Architecture::new(3, (8, 9_000), layers()).graph().unwrap_err().to_string();
    assert_eq!(wide, "input_side must be 1 to 8192, not 9000");
    // Late strides go first, until both directions keep two rows and columns.
    let pooled = |side| {
        let conv = || Layer::once(Block::conv(16, 3, 2, Activation::Relu));
        let pool = Layer::once(Block::GlobalAvgPool);
        let head = [pool, Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
        Architecture::new(3, side, [conv(), conv(), conv()].into_iter().chain(head))
    };
    let small = pooled(Extent::new(64, 32)).at_resolution((16, 8)).unwrap();
    let sides = small.graph().unwrap().layers().iter().map(|layer| layer.side).collect::<Vec<_>>();
    assert_eq!(sides[..3], [(8, 4), (4, 2), (4, 2)].map(Extent::from));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A network costs the same on images of exchanged height and width.
    #[test]
    fn costs_are_those_of_transposed_images(architecture in common::architecture()) {
        let Extent { height, width } = architecture.input_side;
        let turned = Architecture { input_side: (width, height).into(), ..architecture.clone() };
        prop_assert_eq!(turned.cost(), architecture.cost());
        let activations = |a: &Architecture| a.graph().unwrap().activations();
        prop_assert_eq!(activations(&turned), activations(&architecture));
    }

    #[test]
    fn json_gives_the_architecture_back(architecture in common::architecture()) {
        let text = serde_json::to_string(&architecture).unwrap();
        let back: Architecture = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&back, &architecture);
        let error: Result<_, ArchitectureError> = back.fingerprint();
        prop_assert_eq!(error, architecture.fingerprint());
    }

    #[test]
    fn passes_change_nothing(architecture in common::architecture(), at in 0_usize..9, n in 1_usize..4) {
        let mut longer = architecture.clone();
        longer.backbone.insert(at % architecture.backbone.len(), Layer::new(n, Block::Pass));
        prop_assert_eq!(longer.graph(), architecture.graph());
    }
}
