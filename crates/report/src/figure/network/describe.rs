//! Nodes of a network in words.

use automl_arch::{Activation, Convolution, Gate, Op, Pooling};

/// A chain of nodes in words.
pub(super) fn chain(nodes: &[Op]) -> String {
    nodes.iter().map(node).collect::<Vec<_>>().join(", ")
}

fn node(node: &Op) -> String {
    match node {
        Op::Convolution(conv) => convolution(conv),
        Op::Linear { inputs, outputs, activation } => {
            format!("linear {inputs} → {outputs}{}", then(*activation))
        }
        Op::Pool { kind, kernel, stride, .. } => {
            let name = match kind {
                Pooling::Max => "max pool",
                Pooling::Average => "average pool",
            };
            format!("{name} {kernel}×{kernel}{}", strided(*stride))
        }
        Op::GlobalAvgPool => "global average pool".into(),
        Op::Activation(activation) => named(*activation).unwrap_or_else(|| "identity".into()),
        Op::SqueezeExcite { channels, squeeze, gate, .. } => {
            let gate = match gate {
                Gate::HardSigmoid => "hard sigmoid",
                Gate::Sigmoid => "sigmoid",
                Gate::Clamp => "clamp",
            };
            format!("squeeze-and-excitation {channels} → {squeeze} → {channels} ({gate})")
        }
        Op::ChannelAttention { kernel } => format!("channel attention, kernel {kernel}"),
        Op::Channels { first, count } => format!("channels {first} to {}", first + count - 1),
        Op::Sum { body, shortcut } => join("sum", body, shortcut),
        Op::Concat { first, second } => join("concatenation", first, second),
        Op::Product { first, second } => join("product", first, second),
    }
}

fn join(name: &str, first: &[Op], second: &[Op]) -> String {
    let branch = |nodes: &[Op]| if nodes.is_empty() { "input".to_owned() } else { chain(nodes) };
    format!("{name} of ({}) and ({})", branch(first), branch(second))
}

fn convolution(conv: &Convolution) -> String {
    let Convolution { inputs, outputs, kernel, stride, groups, norm, dilation, .. } = conv;
    let kind = match groups {
        1 => "conv",
        _ if groups == inputs && inputs == outputs => "depthwise conv",
        _ => "grouped conv",
    };
    let channels =
        if inputs == outputs { format!("{outputs}") } else { format!("{inputs} → {outputs}") };
    let norm = if *norm { " + norm" } else { "" };
    let scale = if conv.layer_scale { " + layer scale" } else { "" };
    let stride = strided(*stride);
    let dilation = if *dilation == 1 { String::new() } else { format!(" dilated by {dilation}") };
    let then = then(conv.activation);
    format!("{kind} {kernel}×{kernel}{dilation}{stride}, {channels}{norm}{scale}{then}")
}

fn strided(stride: usize) -> String {
    if stride == 1 { String::new() } else { format!(" / {stride}") }
}

fn then(activation: Activation) -> String {
    named(activation).map(|name| format!(" + {name}")).unwrap_or_default()
}

fn named(activation: Activation) -> Option<String> {
    let name = format!("{activation:?}");
    (name != "None" && name != "Identity").then_some(name)
}
