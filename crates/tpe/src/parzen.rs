//! A density over a conditional, mixed space: a mixture of products of truncated kernels.

mod draw;
mod evaluate;
mod fit;
mod sorted;

pub(crate) use evaluate::Logs;

use crate::axis::{Axis, axes, coordinates};
use automl_space::{Config, Space};
use sorted::Sorted;

/// How the width of a kernel follows from the observations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bandwidth {
    /// The narrowest kernel on `[0, 1]` is `1 / min(narrowest, (1 + k)^exponent)` of `k` kernels.
    pub narrowest: f64,
    /// See `narrowest`.
    pub exponent: f64,
    /// The narrowest kernel on a grid, in cells: it keeps the values next to an observation in
    /// sight where there are few values.
    pub cells: f64,
    /// How many observations the uniform counts as in a choice's kernel; see `b` in
    /// [`ParzenEstimator`].
    pub choices: f64,
}

impl Default for Bandwidth {
    fn default() -> Self {
        Self { narrowest: 100.0, exponent: 1.0, cells: 0.5, choices: 1.0 }
    }
}

/// A mixture of product kernels, one for each observation and one for the prior.
///
/// ```text
/// p(x) = sum_k w_k prod_j K_kj(x_j)      over the parameters j that are active in x
/// ```
///
/// `K_kj` is, for a number, a normal density around the observation's coordinate truncated to
/// `[0, 1]` (for a grid its mass over the value's cell); for a choice of `n`, `(1 + b) / (1 + n b)`
/// for the observation's own and `b / (1 + n b)` for others with `b = choices / (k + 1)`
/// (Aitchison & Aitken 1976, [`Bandwidth`]); the prior's density where `j` is inactive in
/// observation `k`. So each component is a density over the whole tree of parameters, and so is the
/// mixture. The width of a numerical kernel is the larger distance to its neighbours, within bounds
/// ([`Bandwidth`]).
///
/// Densities are with respect to the unit interval of each continuous parameter (see
/// [`automl_space::Domain::to_unit`]) and counting measure on discrete ones.
///
/// # Source
/// Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization", section 4; the product
/// form is that of Falkner et al. (2018), the widths those of Optuna 5 (Watanabe 2023,
/// arXiv:2304.11127, section 3.3).
#[derive(Clone, Debug)]
pub struct ParzenEstimator {
    axes: Vec<Axis>,
    strength: f64,
    count: usize,
    /// Logarithms of the weights, with the normalisations of the joint axes; the prior's component
    /// is the last. `[k + 1]`
    bases: Vec<f64>,
    /// Running sums of the weights, for sampling. `[k + 1]`
    cumulative: Vec<f64>,
    /// Centres, NaN where inactive, by axis. `[d, k]`
    centres: Vec<f64>,
    /// Widths by axis. `[d, k]`
    widths: Vec<f64>,
    /// Logarithms of the kernels' normalisation by axis, 0 where `bases` have it; the prior's
    /// density where inactive has to be added. `[d, k]`
    norms: Vec<f64>,
    /// The centre and `1 / (sqrt 2 width)` on each of the `m` joint axes, by component. `[k, m]`
    joint: Vec<[f64; 2]>,
    sorted: Sorted,
}

impl ParzenEstimator {
    /// The density around some configurations with their weights, and the prior with weight
    /// `prior_weight`. `strength` says how much of the users' priors counts: 0 is uniform, 1 all.
    ///
    /// Missing weights count as 1; negative ones and NaN as 0.
    pub fn new(
        space: &Space,
        configs: &[&Config],
        weights: &[f64],
        prior_weight: f64,
        strength: f64,
        bandwidth: Bandwidth,
    ) -> Self {
        let axes = axes(space);
        let mut points = Vec::with_capacity(configs.len() * axes.len());
        for config in configs {
            coordinates(&axes, config, &mut points);
        }
        let rows: Vec<usize> = (0..configs.len()).collect();
        let mut estimator = Self::empty(axes);
        estimator.fit(&points, &rows, weights, prior_weight, strength, bandwidth);
        estimator
    }

    /// An estimator without observations: the prior.
    pub(crate) fn empty(axes: Vec<Axis>) -> Self {
        Self {
            strength: 0.0,
            count: 0,
            bases: vec![0.0],
            cumulative: vec![1.0],
            centres: Vec::new(),
            widths: Vec::new(),
            norms: Vec::new(),
            joint: Vec::new(),
            sorted: Sorted::new(axes.len()),
            axes,
        }
    }

    /// The number of observations.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is only the prior.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
