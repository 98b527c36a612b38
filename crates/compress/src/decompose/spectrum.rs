//! Singular values of the layers and the ranks that a rule takes from them.

use super::{RankRule, Ranks};
use crate::factor::Kernel;
use crate::rank::{energy_rank, evbmf_rank, left_singular};
use crate::tree::{Layer, side_behind};
use automl_arch::{Convolution, Op};
use automl_extent::Extent;

/// Singular values of a layer's weights.
#[derive(Clone, Debug)]
pub(super) enum Spectrum {
    /// Singular values of `[T, S]`.
    Matrix { singular: Vec<f64>, shape: [usize; 2] },
    /// Singular values of the unfoldings of `[T, S, K, K]`.
    Tucker { outputs: Vec<f64>, inputs: Vec<f64>, shape: [usize; 3] },
}

impl Spectrum {
    /// The ranks that a rule gives, with and without each factor.
    pub(super) fn options(&self, rule: RankRule) -> Vec<Ranks> {
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

/// Operation, height and width of its input, and spectrum of each node in the order of the walk; `None` where a node
/// cannot be decomposed. Returns the height and width behind the last layer.
pub(super) fn survey(
    layers: &[Layer],
    side: Extent,
    found: &mut Vec<Option<(Op, Extent, Spectrum)>>,
) -> Extent {
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
            let kernel = Kernel::of(weight);
            let (_, outputs) = left_singular(&kernel.by_outputs());
            let (_, inputs) = left_singular(&kernel.by_inputs());
            let shape = [kernel.outputs, kernel.inputs, kernel.area];
            Some(Spectrum::Tucker { outputs, inputs, shape })
        }
        Op::Convolution(Convolution { groups: 1, .. }) | Op::Linear { .. } => {
            let matrix = Kernel::of(weight).by_outputs();
            let shape = [matrix.nrows(), matrix.ncols()];
            let wide = if shape[0] > shape[1] { matrix.transpose() } else { matrix };
            Some(Spectrum::Matrix { singular: left_singular(&wide).1, shape })
        }
        _ => None,
    }
}
