//! Laws of pruning and decomposition on random networks.
#![allow(clippy::unwrap_used)]

use automl_arch::block;
use automl_arch::{
    Activation, Architecture, Block, BlockSpace, BlockSpaceOptions, Graph, Layer, Op,
};
use automl_compress::{
    Budget, Decomposition, Groups, MinChannels, Model, PruneError, RankRule, Ranks, mask, prune,
    remove,
};
use automl_models::Network;
use automl_numeric::stream;
use automl_train::cpu;
use burn::tensor::{Tensor, TensorData};
use proptest::prelude::*;
use rand::RngExt;
use rand::seq::IndexedRandom;
use std::collections::HashSet;

/// Network of random values, statistics of normalization too.
fn model(graph: Graph, seed: u64) -> Model {
    let mut tensors = Network::from_graph(&graph, seed, &cpu()).tensors();
    let mut rng = stream(seed, 1, "test");
    for tensor in &mut tensors {
        let scale: usize = tensor.shape.iter().skip(1).product();
        for value in &mut tensor.values {
            *value = if tensor.name.ends_with("running_var") {
                rng.random_range(0.5..1.5)
            } else if tensor.shape.len() == 1 {
                rng.random_range(-1.0..1.0)
            } else {
                rng.random_range(-1.7..1.7) / (scale as f32).sqrt()
            };
        }
    }
    Model::new(graph, tensors).unwrap()
}

fn scores(model: &Model, seed: u64) -> Vec<f32> {
    let graph = model.graph();
    let (channels, side) = (graph.input_channels, graph.input_side);
    let mut rng = stream(seed, 2, "test");
    let pixels: Vec<f32> =
        (0..3 * channels * side.pixels()).map(|_| rng.random_range(-2.0..2.0)).collect();
    let images = TensorData::new(pixels, [3, channels, side.height, side.width]);
    let images = Tensor::from_data(images, &cpu());
    let scores = model.network(&cpu()).unwrap().forward(images).into_data();
    scores.iter::<f32>().collect()
}

fn close(a: &[f32], b: &[f32], tolerance: f32) -> Result<(), TestCaseError> {
    let scale = a.iter().fold(1e-3_f32, |most, x| most.max(x.abs()));
    for (x, y) in a.iter().zip(b) {
        prop_assert!((x - y).abs() <= tolerance * scale, "{x} and {y} of {scale}");
    }
    Ok(())
}

/// A network of the block space.
fn sample(seed: u64, side: usize, extended: bool) -> Graph {
    let options = BlockSpaceOptions { extended, width: 0.125, ..BlockSpaceOptions::default() };
    let space = BlockSpace::new(1, side, 10, &options).unwrap();
    let config = space.space().sample(&mut stream(seed, 0, "test"));
    space.architecture(&config).graph().unwrap()
}

fn attends_along_channels(nodes: &[Op]) -> bool {
    nodes.iter().any(|node| match node {
        Op::ChannelAttention { .. } => true,
        Op::Sum { body: a, shortcut: b }
        | Op::Concat { first: a, second: b }
        | Op::Product { first: a, second: b } => {
            attends_along_channels(a) || attends_along_channels(b)
        }
        _ => false,
    })
}

/// Blocks with products, dilations and layer scales.
fn gated() -> impl Strategy<Value = Block> {
    (0_usize..4, 1_usize..=2).prop_map(|(kind, stride)| {
        let (channels, expansion, kernel, layer_scale) = (8, 2.0, 3, stride == 1);
        let activation = Activation::Silu;
        match kind {
            0 => Block::GatedFFN(block::GatedFFN { channels, expansion, activation, layer_scale }),
            1 => Block::SplitConv(block::SplitConv {
                channels,
                kernel,
                dilation: 2,
                activation,
                layer_scale,
            }),
            2 => Block::StarNet(block::StarNet { channels, expansion, kernel, stride }),
            _ => Block::DeepStem(block::DeepStem { channels, stride, activation }),
        }
    })
}

/// Every kind of coupling, in a random order.
fn mixture() -> impl Strategy<Value = Graph> {
    let inverted = |eca| {
        (any::<bool>(), 1_usize..=2, 1_u32..4).prop_map(move |(squeeze_excite, stride, t)| {
            Block::InvertedResidualV3(block::InvertedResidualV3 {
                kernel: 3,
                expansion: f64::from(t),
                channels: 8,
                squeeze_excite,
                hard_swish: t == 2,
                stride,
                eca,
            })
        })
    };
    let conv = (1_usize..=3, 1_usize..=2).prop_map(|(c, stride)| {
        Block::FixedConv(block::FixedConv {
            channels: 4 * c,
            kernel: 2 * stride - 1,
            stride,
            padding: None,
            groups: if c == 2 { 4 } else { 1 },
            activation: Activation::Silu,
        })
    });
    let ghost = (any::<bool>(), 1_usize..=2).prop_map(|(squeeze_excite, stride)| {
        Block::GhostBottleneck(block::GhostBottleneck {
            kernel: 3,
            expansion: 2.0,
            channels: 8,
            squeeze_excite,
            stride,
        })
    });
    let bottleneck = Just(Block::Bottleneck(block::Bottleneck {
        channels: 8,
        shortcut: true,
        groups: 1,
        expansion: 0.5,
        activation: Activation::Relu,
        eca: false,
    }));
    let fire = Just(Block::Fire(block::Fire { squeeze: 3, expand1: 4, expand3: 8 }));
    let depthwise = Just(Block::dw_conv(16, 3, 1, Activation::Sigmoid));
    let mb = Just(Block::MBConv(block::MBConv {
        expansion: 2.0,
        channels: 8,
        stride: 1,
        kernel: 3,
        squeeze_excite: true,
    }));
    let recent = (0_usize..4, 1_usize..=2).prop_map(|(kind, stride)| {
        let (channels, expansion, kernel, activation) = (8, 2.0, 3, Activation::Relu);
        match kind {
            0 => Block::MobileOne(block::MobileOne { channels, kernel, stride, activation }),
            1 => Block::UIB(block::UIB { channels, expansion, before: 3, kernel, stride }),
            2 => Block::FasterNet(block::FasterNet { channels, expansion, kernel, activation }),
            _ => Block::MixConv(block::MixConv { channels, expansion, kernel: 5, stride }),
        }
    });
    let block =
        prop_oneof![inverted(false), conv, ghost, bottleneck, fire, depthwise, mb, recent, gated()];
    (prop::collection::vec((1_usize..3, block), 1..6), any::<bool>())
        .prop_map(|(blocks, pool)| {
            let mut layers = vec![Layer::once(Block::conv(8, 3, 1, Activation::Relu))];
            layers.extend(blocks.into_iter().map(|(repeat, block)| Layer::new(repeat, block)));
            if pool {
                layers.push(Layer::once(Block::GlobalAvgPool));
            }
            layers.push(Layer::once(Block::Flatten));
            layers.push(Layer::once(Block::Linear(block::Linear {
                features: 12,
                activation: Activation::Relu,
            })));
            layers.push(Layer::once(Block::linear(5)));
            layers
        })
        .prop_filter_map("cannot be built", |layers| Architecture::new(2, 6, layers).graph().ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// No unit is in two groups.
    #[test]
    fn groups_are_disjoint(graph in mixture()) {
        let groups = Groups::find(&graph);
        let mut seen = HashSet::new();
        for unit in groups.groups().iter().flatten() {
            prop_assert!(*unit < groups.units());
            prop_assert!(seen.insert(*unit));
        }
        prop_assert!(!seen.is_empty());
    }

    /// Removing units computes what zeros in place of the weights that read them compute.
    #[test]
    fn removed_is_masked(graph in mixture(), seed in 0_u64..1000, share in 0.1_f64..0.9) {
        let model = model(graph, seed);
        let groups = Groups::find(model.graph());
        let mut rng = stream(seed, 3, "test");
        let mut keep = vec![true; groups.units()];
        for group in groups.groups() {
            group.iter().for_each(|unit| keep[*unit] = !rng.random_bool(share));
        }
        for layer in groups.layers() {
            keep[*layer.choose(&mut rng).unwrap()] = true;
        }
        let masked = mask(&model, &groups, &keep).unwrap();
        let removed = remove(&model, &groups, &keep).unwrap();
        prop_assert!(removed.cost().parameters <= model.cost().parameters);
        close(&scores(&masked, seed), &scores(&removed, seed), 2e-4)?;
    }

    /// What is left keeps within the budget and its floors.
    #[test]
    fn budgets_are_met(
        graph in mixture(), seed in 0_u64..1000, share in 0.3_f64..1.0, of_macs in any::<bool>(),
        multiple in 1_usize..4,
    ) {
        let model = model(graph, seed);
        let groups = Groups::find(model.graph());
        let mut rng = stream(seed, 3, "test");
        let scores: Vec<f64> = (0..groups.units()).map(|_| rng.random()).collect();
        let cost = model.cost();
        let cap = |n: u64| Some((n as f64 * share) as u64);
        let budget = Budget {
            parameters: if of_macs { None } else { cap(cost.parameters) },
            macs: if of_macs { cap(cost.macs) } else { None },
        };
        let min_channels = MinChannels { units: 2, multiple };
        match prune(&model, &groups, &scores, &budget, min_channels) {
            Ok(pruned) => {
                prop_assert!(budget.allows(&pruned.cost()));
                let left = Groups::find(pruned.graph());
                for (before, after) in groups.groups().iter().zip(left.groups()) {
                    prop_assert!(after.len() >= before.len().min(2));
                    prop_assert!(after.len() % multiple == 0 || after.len() == before.len());
                }
            }
            Err(PruneError::OutOfReach { parameters, macs, .. }) => {
                let least = automl_arch::Cost { parameters, macs, ..cost };
                prop_assert!(!budget.allows(&least));
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }

    /// A budget that is met already removes nothing, a larger one leaves no fewer channels, and what
    /// cannot be reached is beyond the network that is left of all removals.
    #[test]
    fn budgets_are_ordered(
        graph in mixture(), seed in 0_u64..1000, shares in (0.05_f64..1.0, 0.05_f64..1.0),
        multiple in 1_usize..4,
    ) {
        let model = model(graph, seed);
        let groups = Groups::find(model.graph());
        let mut rng = stream(seed, 3, "test");
        let scores: Vec<f64> = (0..groups.units()).map(|_| rng.random()).collect();
        let min_channels = MinChannels { units: 2, multiple };
        let cost = model.cost();
        let go = |budget: Budget| prune(&model, &groups, &scores, &budget, min_channels);
        let own = Budget { parameters: Some(cost.parameters), macs: Some(cost.macs) };
        prop_assert_eq!(&go(own).unwrap(), &model);

        // One parameter at most is out of reach; what is said to be left then is in reach.
        let Err(PruneError::OutOfReach { parameters, macs, .. }) =
            go(Budget { parameters: Some(1), macs: None })
        else {
            return Err(TestCaseError::fail("a network of one parameter"));
        };
        let least = go(Budget { parameters: Some(parameters), macs: Some(macs) }).unwrap();
        prop_assert_eq!((least.cost().parameters, least.cost().macs), (parameters, macs));
        let fewer = Budget { parameters: Some(parameters - 1), macs: None };
        prop_assert!(go(fewer).is_err());
        let faster = Budget { parameters: None, macs: Some(macs - 1) };
        prop_assert!(go(faster).is_err());

        let between = |share: f64| {
            parameters + ((cost.parameters - parameters) as f64 * share) as u64
        };
        let pruned = |share| go(Budget { parameters: Some(between(share)), macs: None }).unwrap();
        let (low, high) = (shares.0.min(shares.1), shares.0.max(shares.1));
        let (mut narrow, mut wide, mut narrowest) = (Vec::new(), Vec::new(), Vec::new());
        widths(&pruned(low).graph().nodes, &mut narrow);
        widths(&pruned(high).graph().nodes, &mut wide);
        widths(&least.graph().nodes, &mut narrowest);
        prop_assert_eq!(narrow.len(), wide.len());
        prop_assert!(narrow.iter().zip(&wide).all(|(a, b)| a <= b), "{:?} {:?}", narrow, wide);
        prop_assert!(narrowest.iter().zip(&narrow).all(|(a, b)| a <= b));
    }

    /// At full rank the chain of factors computes the same function.
    #[test]
    fn full_ranks_change_nothing(graph in mixture(), seed in 0_u64..1000) {
        let model = model(graph, seed);
        let decomposition = Decomposition::of(&model);
        // Whatever the layer is, ranks beyond the full one are the full one.
        let mut ranks = Vec::new();
        full(&model.graph().nodes, &mut ranks);
        let factored = decomposition.apply(&ranks).unwrap();
        prop_assert!(factored.graph().fingerprint() != model.graph().fingerprint());
        close(&scores(&model, seed), &scores(&factored, seed), 1e-3)?;
    }

    /// A decomposition costs no more than the network, less for less energy, and runs.
    #[test]
    fn decompositions_save(graph in mixture(), seed in 0_u64..1000) {
        let model = model(graph, seed);
        let decomposition = Decomposition::of(&model);
        let mut before = model.cost();
        for share in [1.0, 0.9, 0.6, 0.3, 0.0] {
            let ranks = decomposition.ranks(RankRule::Energy(share));
            let smaller = decomposition.apply(&ranks).unwrap();
            prop_assert_eq!(smaller.cost(), decomposition.cost(&ranks));
            prop_assert!(smaller.cost().parameters <= before.parameters);
            prop_assert!(smaller.cost().macs <= before.macs);
            before = smaller.cost();
            prop_assert!(scores(&smaller, seed).iter().all(|x| x.is_finite()));
        }
    }
}

/// The channels that each layer makes.
fn widths(nodes: &[Op], found: &mut Vec<usize>) {
    for node in nodes {
        match node {
            Op::Convolution(conv) => found.push(conv.outputs),
            Op::Linear { outputs, .. } => found.push(*outputs),
            Op::SqueezeExcite { squeeze, .. } => found.push(*squeeze),
            Op::Sum { body: a, shortcut: b }
            | Op::Concat { first: a, second: b }
            | Op::Product { first: a, second: b } => {
                widths(a, found);
                widths(b, found);
            }
            _ => {}
        }
    }
}

/// A decomposition with every factor, of every layer that has one.
fn full(nodes: &[Op], ranks: &mut Vec<Option<Ranks>>) {
    for node in nodes {
        ranks.push(match node {
            Op::Convolution(conv) if conv.groups == 1 && conv.kernel > 1 => {
                Some(Ranks::Tucker { outputs: Some(usize::MAX), inputs: Some(usize::MAX) })
            }
            Op::Convolution(conv) if conv.groups == 1 => Some(Ranks::Matrix(usize::MAX)),
            Op::Linear { .. } => Some(Ranks::Matrix(usize::MAX)),
            _ => None,
        });
        match node {
            Op::Sum { body: a, shortcut: b }
            | Op::Concat { first: a, second: b }
            | Op::Product { first: a, second: b } => {
                full(a, ranks);
                full(b, ranks);
            }
            _ => {}
        }
    }
}

/// Every network of the block space can be halved, and still runs.
#[test]
fn samples_can_be_halved() {
    let (mut attending, mut exact) = (0, 0);
    for seed in 0..60 {
        for (side, extended) in [(8, false), (8, true), (28, true)] {
            let model = model(sample(seed, side, extended), seed);
            let groups = Groups::find(model.graph());
            let mut rng = stream(seed, 3, "test");
            let ranking: Vec<f64> = (0..groups.units()).map(|_| rng.random()).collect();
            let half = Budget { parameters: Some(model.cost().parameters / 2), macs: None };
            let pruned = prune(&model, &groups, &ranking, &half, MinChannels::default()).unwrap();
            assert!(half.allows(&pruned.cost()));
            assert!(pruned.cost().macs <= model.cost().macs);
            assert_eq!(scores(&pruned, seed).len(), 30);
            let along = attends_along_channels(&model.graph().nodes);
            attending += usize::from(along);
            exact += usize::from(!along);
        }
    }
    assert!(attending > 10 && exact > 60, "{attending} {exact}");
}

/// A hand-made case: a residual sum, a depthwise convolution, and a linear layer behind maps.
#[test]
fn couplings_are_found() {
    let layers = [
        Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
        Layer::once(Block::inverted_residual(3, 2.0, 8, 1)),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(3)),
    ];
    let graph = Architecture::new(1, 4, layers).graph().unwrap();
    let groups = Groups::find(&graph);
    let sizes: Vec<usize> = groups.groups().iter().map(Vec::len).collect();
    // The stem with the projection of the block; the expanded channels with their depthwise filters.
    assert_eq!(sizes, [8, 16]);
    let model = model(graph, 1);
    let mut keep = vec![true; groups.units()];
    keep[groups.groups()[0][3]] = false;
    keep[groups.groups()[1][5]] = false;
    let pruned = remove(&model, &groups, &keep).unwrap();
    let shape = |name: &str| {
        let tensor = pruned.tensors().iter().find(|tensor| tensor.name == name);
        tensor.unwrap_or_else(|| panic!("{name}")).shape.clone()
    };
    assert_eq!(shape("layers.0.Convolution.weight"), [7, 1, 3, 3]);
    assert_eq!(shape("layers.1.Sum.body.0.Convolution.weight"), [15, 7, 1, 1]);
    assert_eq!(shape("layers.1.Sum.body.1.Convolution.weight"), [15, 1, 3, 3]);
    assert_eq!(shape("layers.1.Sum.body.2.Convolution.weight"), [7, 15, 1, 1]);
    assert_eq!(shape("layers.2.Linear.weight"), [3, 7 * 16]);
}

/// A convolution in groups loses whole groups.
#[test]
fn grouped_convolutions_lose_groups() {
    let grouped = Block::FixedConv(block::FixedConv {
        channels: 12,
        kernel: 3,
        stride: 1,
        padding: None,
        groups: 4,
        activation: Activation::Relu,
    });
    let layers = [
        Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
        Layer::once(grouped),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(3)),
    ];
    let graph = Architecture::new(1, 4, layers).graph().unwrap();
    let groups = Groups::find(&graph);
    assert_eq!(groups.groups().iter().map(Vec::len).collect::<Vec<_>>(), [4]);
    let mut keep = vec![true; groups.units()];
    keep[groups.groups()[0][1]] = false;
    let pruned = remove(&model(graph, 1), &groups, &keep).unwrap();
    let Op::Convolution(conv) = &pruned.graph().nodes[1] else { panic!("a convolution") };
    assert_eq!((conv.inputs, conv.outputs, conv.groups), (6, 9, 3));
}
