//! Checks of graphs, and the sums that fold to one convolution.
#![allow(clippy::unwrap_used)]

use automl_arch::block;
use automl_arch::{
    Activation, Architecture, Block, Convolution, Graph, Layer, Op, folded_convolution,
};

fn network() -> Graph {
    let layers = [
        Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
        Layer::once(Block::inverted_residual(3, 2.0, 8, 1)),
        Layer::once(Block::Fire(block::Fire { squeeze: 2, expand1: 3, expand3: 4 })),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    Architecture::new(1, 8, layers).graph().unwrap()
}

#[test]
fn json_gives_the_network_back() {
    let network = network();
    let text = serde_json::to_string(&network).unwrap();
    let again: Graph = serde_json::from_str(&text).unwrap();
    assert_eq!((again.fingerprint(), again), (network.fingerprint(), network));
}

/// What does not fit is named with its place, also in a file.
#[test]
fn what_does_not_fit_is_named() {
    let told = |change: &dyn Fn(&mut Graph)| {
        let mut changed = network();
        change(&mut changed);
        let error = changed.check().unwrap_err().to_string();
        let text = serde_json::to_string(&changed).unwrap();
        let read = serde_json::from_str::<Graph>(&text).unwrap_err().to_string();
        assert!(read.contains(&error), "{read}: {error}");
        error
    };
    let error = told(&|c| c.classes = 9);
    assert_eq!(error, "classes: it is 9, and the chain ends in 10 maps of side 1");
    let error = told(&|c| c.input_channels = 2);
    assert_eq!(error, "nodes.0: it takes 1 channels and gets 2");
    let error = told(&|c| {
        if let Op::Sum { body, .. } = &mut c.nodes[1] {
            body.pop();
        }
    });
    assert_eq!(error, "nodes.1: it adds 16 maps of side 8 and 8 maps of side 8");
    let error = told(&|c| {
        if let Op::Convolution(conv) = &mut c.nodes[0] {
            conv.kernel = 99;
        }
    });
    assert!(error.starts_with("nodes.0: a kernel of 99"), "{error}");
    let error = told(&|c| {
        if let Op::Convolution(conv) = &mut c.nodes[0] {
            conv.groups = 0;
        }
    });
    assert!(error.starts_with("nodes.0: groups must be 1"), "{error}");
}

/// A network that no memory holds is refused before anything is made of it.
#[test]
fn weights_are_counted() {
    let conv = |outputs: usize, inputs: usize, kernel: usize| {
        Op::Convolution(Convolution {
            inputs,
            outputs,
            kernel,
            stride: 1,
            padding: (kernel / 2, kernel / 2),
            groups: 1,
            norm: true,
            activation: Activation::Relu,
            dilation: 1,
            layer_scale: false,
        })
    };
    let network = |nodes: Vec<Op>, classes: usize| {
        let mut graph = network();
        (graph.input_channels, graph.classes, graph.nodes) = (1 << 16, classes, nodes);
        graph
    };
    let huge = network(vec![conv(1 << 16, 1 << 16, 8192), Op::GlobalAvgPool], 1 << 16);
    let error = huge.check().unwrap_err().to_string();
    assert!(error.starts_with("nodes.0: ") && error.contains("2147483648"), "{error}");
    // Each of them will do, both in a branch will not.
    let twice = |body| Op::Sum { body, shortcut: Vec::new() };
    let one = vec![twice(vec![conv(1 << 14, 1 << 16, 1), conv(1 << 16, 1 << 14, 1)])];
    assert_eq!(network([one.clone(), vec![Op::GlobalAvgPool]].concat(), 1 << 16).check(), Ok(()));
    let both = [one.clone(), one, vec![Op::GlobalAvgPool]].concat();
    let error = network(both, 1 << 16).check().unwrap_err().to_string();
    assert!(error.starts_with("nodes.1: "), "{error}");
    // Blocks likewise.
    let layers = [
        Layer::once(Block::conv(1 << 15, 1, 1, Activation::Relu)),
        Layer::new(3, Block::conv(1 << 15, 3, 1, Activation::Relu)),
        Layer::once(Block::GlobalAvgPool),
        Layer::once(Block::Flatten),
        Layer::once(Block::linear(10)),
    ];
    let error = Architecture::new(1, 8, layers).graph().unwrap_err().to_string();
    assert!(error.starts_with("block 1") && error.contains("2147483648"), "{error}");
}

/// Borders of zeros and copies of blocks are small in a file and large in memory.
#[test]
fn maps_and_copies_are_counted() {
    let padded = |padding: usize, times: usize| {
        let conv = block::Conv {
            channels: 4,
            kernel: 3,
            stride: 1,
            padding: Some(padding),
            groups: 1,
            activation: Activation::Relu,
        };
        Architecture::new(
            3,
            32,
            [
                Layer::once(Block::conv(8, 3, 1, Activation::Relu)),
                Layer::new(times, Block::Conv(conv)),
                Layer::once(Block::GlobalAvgPool),
                Layer::once(Block::Flatten),
                Layer::once(Block::linear(10)),
            ],
        )
    };
    let graph = padded(16, 2).graph().unwrap();
    assert_eq!(graph.check(), Ok(()));
    for (padding, times) in [(8192, 1), (8192, 1024), (4000, 3)] {
        let error = padded(padding, times).graph().unwrap_err().to_string();
        assert!(error.starts_with("block 1") && error.contains("536870912"), "{error}");
    }
    // In a network's file likewise, within a branch too.
    let mut huge = graph.clone();
    if let Op::Convolution(conv) = &mut huge.nodes[1] {
        conv.padding = (8192, 8192);
    }
    let error = huge.check().unwrap_err().to_string();
    assert!(error.starts_with("nodes.1: its 8 maps of side 16414"), "{error}");
    let body = vec![huge.nodes[1].clone()];
    huge.nodes[1] = Op::Sum { shortcut: body.clone(), body };
    let error = huge.check().unwrap_err().to_string();
    assert!(error.starts_with("nodes.1.body.0: "), "{error}");
    let many = (0..100).map(|_| Layer::new(1000, Block::Pass));
    let error = Architecture::new(3, 8, many).graph().unwrap_err().to_string();
    assert!(error.contains("copies"), "{error}");
}

fn depthwise(channels: usize, kernel: usize, stride: usize, activation: Activation) -> Convolution {
    Convolution {
        inputs: channels,
        outputs: channels,
        kernel,
        stride,
        padding: (kernel / 2, kernel / 2),
        groups: channels,
        norm: true,
        activation,
        dilation: 1,
        layer_scale: false,
    }
}

fn conv(channels: usize, kernel: usize, stride: usize) -> Vec<Op> {
    vec![Op::Convolution(depthwise(channels, kernel, stride, Activation::Identity))]
}

#[test]
fn only_linear_depthwise_sums_are_folded() {
    let kernel = |body: &[Op], shortcut: &[Op]| {
        folded_convolution(body, shortcut).map(|conv| (conv.kernel, conv.norm))
    };
    assert_eq!(kernel(&conv(8, 3, 1), &[]), Some((3, false)));
    assert_eq!(kernel(&conv(8, 1, 2), &conv(8, 5, 2)), Some((5, false)));
    let inner = vec![Op::Sum { body: conv(8, 3, 1), shortcut: conv(8, 1, 1) }];
    assert_eq!(kernel(&inner, &[]), Some((3, false)));
    // Other strides, no convolution, an activation, and more than one node.
    assert_eq!(kernel(&conv(8, 3, 2), &[]), None);
    assert_eq!(kernel(&conv(8, 3, 2), &conv(8, 1, 1)), None);
    assert_eq!(kernel(&[], &[]), None);
    let active = vec![Op::Convolution(depthwise(8, 3, 1, Activation::Relu))];
    assert_eq!(kernel(&active, &[]), None);
    assert_eq!(kernel(&[conv(8, 3, 1), conv(8, 3, 1)].concat(), &[]), None);
    let pointwise = vec![Op::Convolution(Convolution {
        groups: 1,
        ..depthwise(8, 1, 1, Activation::Identity)
    })];
    assert_eq!(kernel(&pointwise, &[]), None);
}

/// Dilations and layer scales where no kernel computes them are named.
#[test]
fn dilations_are_those_of_depthwise_convolutions() {
    let mut graph = network();
    let told = |graph: &Graph| graph.check().unwrap_err().to_string();
    if let Op::Convolution(conv) = &mut graph.nodes[0] {
        (conv.dilation, conv.padding, conv.layer_scale) = (2, (2, 2), true);
    }
    // One channel to eight.
    assert_eq!(told(&graph), "nodes.0: a dilation of 2 needs a depthwise convolution");
    if let Op::Convolution(conv) = &mut graph.nodes[0] {
        (conv.dilation, conv.padding, conv.norm) = (1, (1, 1), false);
    }
    assert_eq!(told(&graph), "nodes.0: a layer scale needs normalization");
    let dilated = |dilation: usize| Convolution {
        dilation,
        padding: (0, 0),
        ..depthwise(1, 3, 1, Activation::Relu)
    };
    graph.nodes[0] = Op::Convolution(dilated(4));
    assert_eq!(
        told(&graph),
        "nodes.0: a kernel of 9 does not fit on maps of side 8 with 0 zeros in all"
    );
    assert_eq!(dilated(3).span(), 7);
    assert!(dilated(3).output_side(8.into()) == 2);
    let one = vec![Op::Channels { first: 0, count: 1 }];
    graph.nodes[0] = Op::Product { first: one, second: vec![] };
    graph.nodes.insert(0, network().nodes[0].clone());
    assert_eq!(told(&graph), "nodes.1: it multiplies 1 maps of side 8 and 8 maps of side 8");
}

/// Files of networks without the new fields say the same as before.
#[test]
fn plain_convolutions_are_written_as_before() {
    let plain = depthwise(8, 3, 1, Activation::Relu);
    let text = serde_json::to_string(&plain).unwrap();
    assert!(!text.contains("dilation") && !text.contains("layer_scale"), "{text}");
    assert_eq!(serde_json::from_str::<Convolution>(&text).unwrap(), plain);
    let scaled = Convolution { dilation: 2, layer_scale: true, ..plain };
    let text = serde_json::to_string(&scaled).unwrap();
    assert_eq!(serde_json::from_str::<Convolution>(&text).unwrap(), scaled);
}
