//! Layers as chains of smaller ones.

use crate::factor::{Kernel, Tucker, svd};
use crate::rank::{energy_rank, evbmf_rank, left_singular};
use crate::tree::{Layer, branches, side_behind, with_branches};
use crate::{Budget, Model, ModelError};
use automl_arch::{Activation, Convolution, Cost, Graph, Op};
use automl_models::NamedTensor;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How ranks are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankRule {
    /// The analytic rank of each unfolding, see [`evbmf_rank`], of which only a share of the drop
    /// is made: full - share (full - rank).
    Evbmf {
        /// The share, 0 to 1; .8 leaves room for fine-tuning.
        share: f64,
    },
    /// The least ranks that hold this share of the energy of each unfolding.
    Energy(f64),
}

/// The ranks of one layer's factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ranks {
    /// Two matrices, of a 1x1 convolution or a linear layer.
    Matrix(usize),
    /// 1x1, KxK and 1x1 convolution; `None` leaves that factor out.
    Tucker {
        /// Channels between the second and the third.
        outputs: Option<usize>,
        /// Channels between the first and the second.
        inputs: Option<usize>,
    },
}

/// Why layers cannot be decomposed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DecomposeError {
    /// The budget cannot be met.
    #[error(
        "decomposition cannot reach {budget}: {parameters} parameters and {macs} \
         multiply-accumulates are left with every rank at 1"
    )]
    OutOfReach {
        /// The budget.
        budget: Budget,
        /// Parameters of the smallest network.
        parameters: u64,
        /// Multiply-accumulates of the smallest network.
        macs: u64,
    },
    /// The decomposed network is none.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What is known of a layer's weights.
#[derive(Clone, Debug)]
enum Spectrum {
    /// Singular values of `[T, S]`.
    Matrix { singular: Vec<f64>, shape: [usize; 2] },
    /// Singular values of the unfoldings of `[T, S, K, K]`.
    Tucker { outputs: Vec<f64>, inputs: Vec<f64>, shape: [usize; 3] },
}

/// The layers of a network that can be decomposed: dense convolutions and linear layers.
#[derive(Debug)]
pub struct Decomposition<'a> {
    model: &'a Model,
    /// For each node, those in branches behind their sum or concatenation, what is known of it.
    spectra: Vec<Option<(Op, usize, Spectrum)>>,
}

impl<'a> Decomposition<'a> {
    /// Takes the singular values of every layer.
    pub fn of(model: &'a Model) -> Self {
        let mut spectra = Vec::new();
        survey(&model.layers(), model.graph().input_side, &mut spectra);
        Self { model, spectra }
    }

    /// The ranks of each node by a rule; `None` where no factors are fewer parameters and no more
    /// multiply-accumulates than the layer itself.
    pub fn ranks(&self, rule: RankRule) -> Vec<Option<Ranks>> {
        let single = |known: &Option<(Op, usize, Spectrum)>| {
            let (node, side, spectrum) = known.as_ref()?;
            let own = cost(self.model.graph(), std::slice::from_ref(node), *side);
            let price = |ranks: &Ranks| cost(self.model.graph(), &split(node, *ranks), *side);
            let options = spectrum.options(rule).into_iter();
            options
                .map(|ranks| (price(&ranks), ranks))
                .filter(|(cost, _)| cost.parameters < own.parameters && cost.macs <= own.macs)
                .min_by_key(|(cost, _)| (cost.parameters, cost.macs))
                .map(|(_, ranks)| ranks)
        };
        self.spectra.iter().map(single).collect()
    }

    /// The ranks that hold the largest share of energy, the same for every layer, with which the
    /// network keeps within a budget.
    ///
    /// # Errors
    /// [`DecomposeError::OutOfReach`] if ranks of 1 are too much.
    pub fn within(&self, budget: &Budget) -> Result<Vec<Option<Ranks>>, DecomposeError> {
        let ranks = |share| self.ranks(RankRule::Energy(share));
        let least = self.cost(&ranks(0.0));
        if !budget.allows(&least) {
            let Cost { parameters, macs, .. } = least;
            return Err(DecomposeError::OutOfReach { budget: *budget, parameters, macs });
        }
        if budget.allows(&self.model.cost()) {
            return Ok(vec![None; self.spectra.len()]);
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..30 {
            let middle = 0.5 * (low + high);
            if budget.allows(&self.cost(&ranks(middle))) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(ranks(low))
    }

    /// What the network would cost with these ranks, at most: of two Tucker ranks, one that is above
    /// what the other leaves (r > s K²) becomes less when the factors are made.
    pub fn cost(&self, ranks: &[Option<Ranks>]) -> Cost {
        let mut smaller = self.model.graph().clone();
        smaller.nodes = replaced(&smaller.nodes, ranks, &mut 0);
        smaller.cost()
    }

    /// The network with factors in place of the layers that have ranks. Normalisation, bias and
    /// activation stay behind the last factor; the biases of the others are 0. At full ranks it
    /// computes the same function.
    ///
    /// # Errors
    /// [`DecomposeError::Model`] for ranks of another network.
    pub fn apply(&self, ranks: &[Option<Ranks>]) -> Result<Model, DecomposeError> {
        let layers = factored(self.model.layers(), ranks, &mut 0);
        Ok(self.model.with_layers(&layers)?)
    }
}

impl Spectrum {
    /// The ranks that a rule gives, with and without each factor.
    fn options(&self, rule: RankRule) -> Vec<Ranks> {
        let rank = |singular: &[f64], rows: usize, columns: usize| {
            let rank = match rule {
                RankRule::Energy(share) => energy_rank(singular, share),
                RankRule::Evbmf { share } => {
                    let full = rows.min(columns);
                    let drop = full.saturating_sub(evbmf_rank(singular, rows, columns));
                    full - (share.clamp(0.0, 1.0) * drop as f64).floor() as usize
                }
            };
            rank.max(1)
        };
        match self {
            Self::Matrix { singular, shape: [t, s] } => vec![Ranks::Matrix(rank(singular, *t, *s))],
            Self::Tucker { outputs, inputs, shape: [t, s, area] } => {
                let outer = Some(rank(outputs, *t, s * area));
                let inner = Some(rank(inputs, *s, t * area));
                [(outer, inner), (outer, None), (None, inner)]
                    .map(|(outputs, inputs)| Ranks::Tucker { outputs, inputs })
                    .to_vec()
            }
        }
    }
}

/// The cost of some nodes on maps of a side.
fn cost(network: &Graph, nodes: &[Op], side: usize) -> Cost {
    let mut alone = network.clone();
    alone.nodes = nodes.to_vec();
    alone.input_side = side;
    alone.cost()
}

fn survey(layers: &[Layer], side: usize, found: &mut Vec<Option<(Op, usize, Spectrum)>>) -> usize {
    let mut side = side;
    for layer in layers {
        found.push(spectrum(layer).map(|spectrum| (layer.node.clone(), side, spectrum)));
        let mut behind = side_behind(&layer.node, side);
        for (index, branch) in layer.branches.iter().enumerate() {
            let end = survey(branch, side, found);
            if index == 0 {
                behind = end;
            }
        }
        side = behind;
    }
    side
}

fn spectrum(layer: &Layer) -> Option<Spectrum> {
    let weight = layer.tensors.get("weight")?;
    match &layer.node {
        Op::Convolution(Convolution { groups: 1, kernel: 2.., .. }) => {
            let kernel = kernel(weight);
            let (_, outputs) = left_singular(&kernel.by_outputs());
            let (_, inputs) = left_singular(&kernel.by_inputs());
            let shape = [kernel.outputs, kernel.inputs, kernel.area];
            Some(Spectrum::Tucker { outputs, inputs, shape })
        }
        Op::Convolution(Convolution { groups: 1, .. }) | Op::Linear { .. } => {
            let matrix = kernel(weight).by_outputs();
            let shape = [matrix.nrows(), matrix.ncols()];
            let wide = if shape[0] > shape[1] { matrix.transpose() } else { matrix };
            Some(Spectrum::Matrix { singular: left_singular(&wide).1, shape })
        }
        _ => None,
    }
}

/// Weights `[T, S]` or `[T, S, K, K]`.
fn kernel(weight: &NamedTensor) -> Kernel {
    let area = weight.shape.iter().skip(2).product();
    let values = weight.values.iter().map(|x| f64::from(*x)).collect();
    Kernel { outputs: weight.shape[0], inputs: weight.shape[1], area, values }
}

/// A convolution without normalisation and activation.
fn plain(inputs: usize, outputs: usize) -> Convolution {
    Convolution {
        inputs,
        outputs,
        kernel: 1,
        stride: 1,
        padding: (0, 0),
        groups: 1,
        norm: false,
        activation: Activation::Identity,
    }
}

/// The nodes of the factors, the first first.
fn split(node: &Op, ranks: Ranks) -> Vec<Op> {
    match (node, ranks) {
        (Op::Convolution(conv), Ranks::Matrix(rank)) => {
            let Convolution { inputs, outputs, stride, padding, .. } = *conv;
            let first = Convolution { stride, padding, ..plain(inputs, rank) };
            let last = Convolution {
                norm: conv.norm,
                activation: conv.activation,
                ..plain(rank, outputs)
            };
            vec![Op::Convolution(first), Op::Convolution(last)]
        }
        (Op::Linear { inputs, outputs, activation }, Ranks::Matrix(rank)) => {
            let identity = Activation::Identity;
            vec![
                Op::Linear { inputs: *inputs, outputs: rank, activation: identity },
                Op::Linear { inputs: rank, outputs: *outputs, activation: *activation },
            ]
        }
        (Op::Convolution(conv), Ranks::Tucker { outputs, inputs }) => {
            let mut core = conv.clone();
            let mut chain = Vec::new();
            if let Some(rank) = inputs {
                chain.push(Op::Convolution(plain(conv.inputs, rank)));
                core.inputs = rank;
            }
            let Some(rank) = outputs else {
                chain.push(Op::Convolution(core));
                return chain;
            };
            core.outputs = rank;
            core.norm = false;
            core.activation = Activation::Identity;
            let last = plain(rank, conv.outputs);
            let last = Convolution { norm: conv.norm, activation: conv.activation, ..last };
            chain.extend([Op::Convolution(core), Op::Convolution(last)]);
            chain
        }
        (other, _) => vec![other.clone()],
    }
}

fn replaced(nodes: &[Op], ranks: &[Option<Ranks>], index: &mut usize) -> Vec<Op> {
    let mut all = Vec::new();
    for node in nodes {
        let own = *index;
        *index += 1;
        let inner = branches(node).map(|branch| replaced(branch, ranks, index));
        match ranks.get(own).copied().flatten() {
            Some(ranks) => all.extend(split(node, ranks)),
            None => all.push(with_branches(node, inner)),
        }
    }
    all
}

fn factored(layers: Vec<Layer>, ranks: &[Option<Ranks>], index: &mut usize) -> Vec<Layer> {
    let mut all = Vec::new();
    for mut layer in layers {
        let own = *index;
        *index += 1;
        layer.branches = layer.branches.map(|branch| factored(branch, ranks, index));
        match ranks.get(own).copied().flatten() {
            Some(ranks) => all.extend(factors(layer, ranks)),
            None => all.push(layer),
        }
    }
    all
}

/// The factors of a layer with their weights.
fn factors(layer: Layer, ranks: Ranks) -> Vec<Layer> {
    let Some(weight) = layer.tensors.get("weight") else { return vec![layer] };
    let kernel = kernel(weight);
    // Weights as the layer keeps them, the slowest axis first.
    let flat = |matrix: &DMatrix<f64>| -> Vec<f32> {
        matrix.transpose().iter().map(|x| *x as f32).collect()
    };
    let mut weights: Vec<Vec<f32>> = Vec::new();
    let ranks = match ranks {
        Ranks::Matrix(rank) => {
            let (a, b) = svd(&kernel.by_outputs(), rank);
            weights.extend([flat(&b), flat(&a)]);
            Ranks::Matrix(a.ncols())
        }
        Ranks::Tucker { outputs, inputs } => {
            let tucker = Tucker::new(&kernel, outputs, inputs);
            weights.extend(tucker.inputs.as_ref().map(|v| flat(&v.transpose())));
            weights.push(tucker.core.values.iter().map(|x| *x as f32).collect());
            weights.extend(tucker.outputs.as_ref().map(flat));
            let width = |factor: &Option<DMatrix<f64>>| factor.as_ref().map(DMatrix::ncols);
            Ranks::Tucker { outputs: width(&tucker.outputs), inputs: width(&tucker.inputs) }
        }
    };
    let nodes = split(&layer.node, ranks);
    let last = nodes.len() - 1;
    let single = |(index, (node, values)): (usize, (Op, Vec<f32>))| {
        let (shape, outputs) = match &node {
            Op::Convolution(conv) => (conv.weight_shape().to_vec(), conv.outputs),
            Op::Linear { inputs, outputs, .. } => (vec![*outputs, *inputs], *outputs),
            _ => (Vec::new(), 0),
        };
        let mut factor = Layer::new(node).with("weight", &shape, values);
        if index == last {
            let rest = layer.tensors.iter().filter(|(name, _)| *name != "weight");
            factor.tensors.extend(rest.map(|(name, tensor)| (name.clone(), tensor.clone())));
        } else {
            factor = factor.with("bias", &[outputs], vec![0.0; outputs]);
        }
        factor
    };
    nodes.into_iter().zip(weights).enumerate().map(single).collect()
}
