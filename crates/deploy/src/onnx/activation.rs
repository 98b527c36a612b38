//! Nonlinearities as ONNX nodes.

use super::builder::{Attribute, GraphBuilder};
use crate::nonlinearity::Nonlinearity;

/// Appends a nonlinearity of `x` to the nodes of a step; returns the name of its output. The last
/// node has the name `name`.
pub fn activation(
    graph: &mut GraphBuilder,
    name: &str,
    activation: Nonlinearity,
    x: &str,
) -> String {
    let alpha = |alpha: f32| ("alpha", Attribute::Float(alpha));
    match activation {
        Nonlinearity::Identity => x.to_owned(),
        Nonlinearity::Relu => graph.node(name, "Relu", &[x], &[]),
        Nonlinearity::Relu6 => clip(graph, name, x, 6.0),
        Nonlinearity::Clamp => clip(graph, name, x, 1.0),
        Nonlinearity::HardSwish => graph.node(name, "HardSwish", &[x], &[]),
        Nonlinearity::HardSigmoid => {
            let beta = ("beta", Attribute::Float(0.5));
            graph.node(name, "HardSigmoid", &[x], &[alpha(1.0 / 6.0), beta])
        }
        Nonlinearity::Silu => {
            let gate = graph.node(&format!("{name}/sigmoid"), "Sigmoid", &[x], &[]);
            graph.node(name, "Mul", &[x, &gate], &[])
        }
        Nonlinearity::Sigmoid => graph.node(name, "Sigmoid", &[x], &[]),
        Nonlinearity::LeakyRelu => graph.node(name, "LeakyRelu", &[x], &[alpha(0.01)]),
        Nonlinearity::Gelu => gelu(graph, name, x),
        Nonlinearity::Tanh => graph.node(name, "Tanh", &[x], &[]),
    }
}

fn clip(graph: &mut GraphBuilder, name: &str, x: &str, most: f32) -> String {
    let low = graph.floats("zero", &[], &[0.0]);
    let high = graph.floats(&format!("limit_{most}"), &[], &[most]);
    graph.node(name, "Clip", &[x, &low, &high], &[])
}

/// x (1 + erf(x / √2)) / 2: opset 17 has no operator of this name.
fn gelu(graph: &mut GraphBuilder, name: &str, x: &str) -> String {
    let constant = |graph: &mut GraphBuilder, name: &str, x: f32| graph.floats(name, &[], &[x]);
    let root = constant(graph, "root_half", std::f32::consts::FRAC_1_SQRT_2);
    let one = constant(graph, "one", 1.0);
    let half = constant(graph, "half", 0.5);
    let scaled = graph.node(&format!("{name}/scaled"), "Mul", &[x, &root], &[]);
    let erf = graph.node(&format!("{name}/erf"), "Erf", &[&scaled], &[]);
    let sum = graph.node(&format!("{name}/sum"), "Add", &[&erf, &one], &[]);
    let twice = graph.node(&format!("{name}/twice"), "Mul", &[x, &sum], &[]);
    graph.node(name, "Mul", &[&twice, &half], &[])
}
