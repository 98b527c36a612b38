//! Laws of lowering.
#![allow(clippy::unwrap_used)]

mod common;

use automl_arch::{Block, Graph, NetworkSpec};
use automl_deploy::{LowerError, Nonlinearity, Operation, Program, Step, Tensor, Weights};
use common::{BACKBONES, Numbers, assert_close, graphs, run, weights};
use std::path::PathBuf;

fn kept(name: &str) -> (Graph, Weights) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../automl/testdata").join(name);
    let spec = NetworkSpec::read(&NetworkSpec::file(&folder).unwrap()).unwrap();
    let weights = Weights::read(&folder.join("weights.safetensors")).unwrap();
    (spec.graph().unwrap(), weights)
}

/// The networks of these tests have every kind of block.
#[test]
fn every_kind_is_a_backbone() {
    let rows: String = BACKBONES.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
    let head = ["GlobalAvgPool", "Flatten", "Linear"];
    for kind in Block::kinds().filter(|kind| !head.contains(&kind.names[0])) {
        assert!(rows.contains(&format!(", {},", kind.names[0])), "{}", kind.names[0]);
    }
}

#[test]
fn every_block_is_lowered_to_single_assignments() {
    for (name, graph) in graphs() {
        let program = Program::lower(&graph, &weights(&graph, 1)).unwrap();
        let mut written = vec![false; program.values.len()];
        written[Program::INPUT] = true;
        for step in &program.steps {
            assert!(step.inputs.iter().all(|&value| written[value]), "{name}: {}", step.name);
            assert!(!written[step.output], "{name}: {}", step.name);
            written[step.output] = true;
        }
        assert!(written.iter().all(|written| *written), "{name}");
        let mut names: Vec<_> = program.steps.iter().map(|step| &step.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), program.steps.len(), "{name}");
        assert_eq!(program.values[program.output].numbers(), 5, "{name}");
    }
}

#[test]
fn kept_networks_are_lowered() {
    for folder in ["trained", "compressed", "finished/front/trial-2"] {
        let (graph, weights) = kept(folder);
        let program = Program::lower(&graph, &weights).unwrap();
        assert_eq!((program.classes, program.steps.len()), (10, 16), "{folder}");
        assert_eq!(program.clone().without_dead_units(), program, "{folder}");
    }
}

/// Changed weights of a program come back from the weights of its network.
#[test]
fn unfolded_weights_lower_to_the_program() {
    for (name, graph) in graphs() {
        let original = weights(&graph, 4);
        let before = Program::lower(&graph, &original).unwrap();
        assert_eq!(before.unfold(&before, &original), original, "{name}");
        let mut program = before.clone();
        let change = |values: &mut Vec<f32>| {
            values.iter_mut().enumerate().for_each(|(i, x)| *x += 0.01 * (i % 7) as f32);
        };
        for step in &mut program.steps {
            match &mut step.operation {
                Operation::Convolution(conv) => {
                    change(&mut conv.weight);
                    change(&mut conv.bias);
                }
                Operation::Linear(linear) => change(&mut linear.weight),
                Operation::ChannelConvolution(conv) => change(&mut conv.weight),
                _ => {}
            }
        }
        let unfolded = program.unfold(&before, &original);
        assert_eq!(unfolded.len(), original.len(), "{name}");
        let again = Program::lower(&graph, &unfolded).unwrap();
        let parameters = |program: &Program| -> Vec<f32> {
            let of = |step: &Step| match &step.operation {
                Operation::Convolution(conv) => [&conv.weight[..], &conv.bias].concat(),
                Operation::Linear(linear) => [&linear.weight[..], &linear.bias].concat(),
                Operation::ChannelConvolution(conv) => conv.weight.clone(),
                _ => Vec::new(),
            };
            program.steps.iter().flat_map(of).collect()
        };
        let (known, found) = (parameters(&program), parameters(&again));
        assert_eq!(known.len(), found.len(), "{name}");
        for (a, b) in known.iter().zip(&found) {
            assert!((a - b).abs() <= 1e-5 * (1.0 + a.abs()), "{name}: {a} {b}");
        }
    }
}

#[test]
fn activations_are_part_of_the_step_before() {
    let rows = ["[1, Bottleneck, [8, true, 1, 0.5, ReLU]]", "[1, Fire, [4, 4, 4]]"];
    let graph = common::graph(&rows, 8, 6, true);
    let program = Program::lower(&graph, &weights(&graph, 3)).unwrap();
    let alone = |step: &&Step| matches!(step.operation, Operation::Activation(_));
    assert_eq!(program.steps.iter().filter(alone).count(), 0);
}

/// The branches of a reparameterized convolution are one convolution with the activation behind them,
/// as the folded graph says, and as many parameters as its cost counts.
#[test]
fn branches_of_training_are_folded() {
    let rows = ["[1, MobileOne, [8, 3, 1, ReLU]]", "[1, MobileOne, [8, 5, 2, ReLU]]"];
    let graph = common::graph(&rows, 4, 8, true);
    let program = Program::lower(&graph, &weights(&graph, 3)).unwrap();
    let kernels: Vec<(usize, usize)> = program
        .steps
        .iter()
        .filter_map(|step| match &step.operation {
            Operation::Convolution(c) => {
                assert_eq!(c.activation, Nonlinearity::Relu, "{}", step.name);
                Some((c.kernel, c.groups))
            }
            Operation::Add(_) | Operation::Activation(_) => panic!("{}", step.name),
            _ => None,
        })
        .collect();
    assert_eq!(kernels, [(3, 4), (1, 1), (5, 8), (1, 1)]);
    // Biases of folded normalization are one number, scale and shift two.
    let pointwise = 2 * 8;
    assert_eq!(program.parameters() + pointwise, graph.cost().parameters as usize);
    let folded = graph.folded();
    assert_eq!((folded.nodes.len(), folded.cost()), (program.steps.len(), graph.cost()));
}

#[test]
fn weights_that_do_not_fit_are_named() {
    let (graph, weights) = kept("trained");
    let without = |name: &str| Weights::new(weights.iter().filter(|t| t.name != name).cloned());
    let name = "layers.0.Convolution.norm.batch.gamma".to_owned();
    let error = Program::lower(&graph, &without(&name)).unwrap_err();
    assert_eq!(error, LowerError::Missing { name: name.clone() });

    let more = Tensor { name: "layers.9.bias".into(), shape: vec![1], values: vec![0.0] };
    let more = Weights::new(weights.iter().cloned().chain([more]));
    let error = Program::lower(&graph, &more).unwrap_err();
    assert_eq!(error, LowerError::Unknown { name: "layers.9.bias".into() });

    let with = |tensor: Tensor| Weights::new(weights.iter().cloned().chain([tensor]));
    let short = Tensor { name: name.clone(), shape: vec![3], values: vec![1.0; 3] };
    let error = Program::lower(&graph, &with(short)).unwrap_err().to_string();
    assert!(error.contains(&name) && error.contains("[3]") && error.contains("[8]"), "{error}");
    let nan = Tensor { name: name.clone(), shape: vec![8], values: vec![f32::NAN; 8] };
    assert_eq!(Program::lower(&graph, &with(nan)).unwrap_err(), LowerError::NotFinite { name });
}

/// Random channels are silenced in every layer: the program without them gives the same scores.
#[test]
fn programs_without_dead_units_are_equal() {
    let mut dropped = 0;
    for (index, (name, graph)) in graphs().into_iter().enumerate() {
        let mut numbers = Numbers(index as u64);
        let silent: Vec<Tensor> = weights(&graph, 5).iter().cloned().collect();
        let silence = |tensor: Tensor, masked: &[bool]| {
            let per = tensor.values.len() / masked.len().max(1);
            let values = tensor.values.iter().enumerate();
            let keep = |(at, x): (usize, &f32)| if masked[at / per] { 0.0 } else { *x };
            Tensor { values: values.map(keep).collect(), ..tensor }
        };
        let mut masks = std::collections::HashMap::<String, Vec<bool>>::new();
        let silent = silent.into_iter().map(|tensor| {
            let is_norm = tensor.name.contains(".gamma") || tensor.name.contains(".beta");
            if !is_norm && !tensor.name.contains(".running_mean") {
                return tensor;
            }
            let layer = tensor.name.split(".norm").next().unwrap().to_owned();
            let channels = tensor.values.len();
            let mask = masks
                .entry(layer)
                .or_insert_with(|| (0..channels).map(|_| numbers.next() > 0.2).collect());
            silence(tensor, mask)
        });
        let program = Program::lower(&graph, &Weights::new(silent)).unwrap();
        let smaller = program.clone().without_dead_units();
        dropped += program.parameters() - smaller.parameters();
        let shape = program.input_shape();
        let image = Numbers(7).take(shape.numbers());
        assert_close(&run(&smaller, &image), &run(&program, &image), 1e-5, &name);
        assert_eq!(smaller.clone().without_dead_units(), smaller, "{name}");
    }
    assert!(dropped > 10_000, "{dropped}");
}

#[test]
fn a_branch_of_zeros_is_dropped() {
    let graph = common::graph(&["[1, Bottleneck, [8, true, 1, 0.5, ReLU]]"], 8, 6, true);
    let random = weights(&graph, 2);
    let zeroed = random.iter().cloned().map(|tensor| {
        let last = tensor.name.starts_with("layers.0.Sum.body.1.Convolution.norm");
        let is_scale = tensor.name.ends_with("gamma") || tensor.name.ends_with("beta");
        let values = if last && is_scale { vec![0.0; tensor.values.len()] } else { tensor.values };
        Tensor { values, ..tensor }
    });
    let program = Program::lower(&graph, &Weights::new(zeroed)).unwrap();
    let smaller = program.clone().without_dead_units();
    let names: Vec<_> = smaller.steps.iter().map(|step| step.name.as_str()).collect();
    assert!(!names.iter().any(|name| name.contains("Sum")), "{names:?}");
    let image = Numbers(1).take(program.input_shape().numbers());
    assert_close(&run(&smaller, &image), &run(&program, &image), 1e-6, "zero branch");
}

#[test]
fn nonlinearities_are_their_formulas() {
    for f in Nonlinearity::ALL {
        for x in [-7.0_f32, -3.0, -1.2, 0.0, 0.4, 2.0, 6.5] {
            let x64 = f64::from(x);
            let sigmoid = 1.0 / (1.0 + (-x64).exp());
            let hard = (x64 + 3.0).clamp(0.0, 6.0) / 6.0;
            let expected = match f {
                Nonlinearity::Identity => x64,
                Nonlinearity::Relu => x64.max(0.0),
                Nonlinearity::Relu6 => x64.clamp(0.0, 6.0),
                Nonlinearity::Clamp => x64.clamp(0.0, 1.0),
                Nonlinearity::HardSwish => x64 * hard,
                Nonlinearity::HardSigmoid => hard,
                Nonlinearity::Silu => x64 * sigmoid,
                Nonlinearity::Sigmoid => sigmoid,
                Nonlinearity::LeakyRelu => {
                    if x64 > 0.0 {
                        x64
                    } else {
                        0.01 * x64
                    }
                }
                Nonlinearity::Gelu => 0.5 * x64 * (1.0 + libm::erf(x64 / 2.0_f64.sqrt())),
                Nonlinearity::Tanh => x64.tanh(),
            };
            assert!((f64::from(f.apply(x)) - expected).abs() < 1e-5, "{f:?} {x}");
        }
    }
}
