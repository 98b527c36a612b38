//! Decomposition of layers into chains of smaller ones.

mod factors;
mod spectrum;

use crate::{Budget, Model, ModelError};
use automl_arch::{Cost, Graph, Op};
use automl_extent::Extent;
use factors::{factored, replaced, split};
use serde::{Deserialize, Serialize};
use spectrum::{Spectrum, survey};
use thiserror::Error;

/// Rule that chooses the ranks of each layer.
///
/// # Examples
/// ```
/// use automl_compress::RankRule;
///
/// let rule: RankRule = serde_json::from_str(r#"{"evbmf": {"share": 0.8}}"#)?;
/// assert_eq!(rule, RankRule::Evbmf { share: 0.8 });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankRule {
    /// The analytic rank of each unfolding, see [`evbmf_rank`](crate::evbmf_rank), of which only a share of the drop
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

/// Reasons for which layers cannot be decomposed.
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
    /// The decomposed network is invalid.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The layers of a network that can be decomposed: dense convolutions and linear layers.
#[derive(Debug)]
pub struct Decomposition<'a> {
    model: &'a Model,
    /// For each node, those in branches behind their sum or concatenation, its spectrum.
    spectra: Vec<Option<(Op, Extent, Spectrum)>>,
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
        let single = |known: &Option<(Op, Extent, Spectrum)>| {
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

    /// Upper bound on the cost of the network with these ranks: of two Tucker ranks, one that is above
    /// what the other leaves (r > s K²) becomes less when the factors are made.
    pub fn cost(&self, ranks: &[Option<Ranks>]) -> Cost {
        let mut smaller = self.model.graph().clone();
        smaller.nodes = replaced(&smaller.nodes, ranks, &mut 0);
        smaller.cost()
    }

    /// The network with factors in place of the layers that have ranks. Normalization, bias and
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

/// The cost of some nodes on maps of a height and width.
fn cost(network: &Graph, nodes: &[Op], side: Extent) -> Cost {
    let mut alone = network.clone();
    alone.nodes = nodes.to_vec();
    alone.input_side = side;
    alone.cost()
}
