//! Parzen estimators over conditional, mixed spaces.

mod density;
mod fit;
mod marginals;
mod sample;
mod sorted_rows;

pub(crate) use density::Logs;

use crate::axis::{Axis, axes, coordinates};
use automl_space::{Config, Space};
use sorted_rows::SortedRows;

/// The rule for the widths of kernels.
///
/// On an axis scaled to `[0, 1]` the kernel of an observation is as wide as the larger distance to its
/// two neighbors (the prior counts as an observation at 0.5), but at least
/// `max(min_width, (k + 2)^-exponent)` for `k` observations, at least `min_cells / n` on a grid of `n`
/// values, and at most 1.
///
/// | Field | Default | Purpose | Range |
/// |---|---|---|---|
/// | `min_width` | 0.01 | smallest width for any number of observations | `[0, 1]` |
/// | `exponent` | 1 | rate at which the smallest width falls with `k` | `>= 0` |
/// | `min_cells` | 0.5 | smallest width on a grid, in cells | `>= 0` |
/// | `choice_prior` | 1 | weight of the uniform distribution in the kernel of a choice | `> 0` |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bandwidth {
    /// Smallest width for any number of observations, in `[0, 1]`.
    pub min_width: f64,
    /// Rate at which the smallest width falls with the number of observations, at least 0.
    pub exponent: f64,
    /// Smallest width on a grid, in cells, at least 0: values next to an observation keep some mass
    /// on coarse grids.
    pub min_cells: f64,
    /// Number of observations that the uniform distribution counts as in the kernel of a choice, above
    /// 0; `c` in the formula of [`ParzenEstimator`].
    pub choice_prior: f64,
}

impl Bandwidth {
    /// Kernels of the good trials in [`TpeSampler`](crate::TpeSampler).
    pub const GOOD: Self = Self { exponent: 1.75, ..Self::BAD };

    /// Kernels of the bad trials in [`TpeSampler`](crate::TpeSampler).
    pub const BAD: Self =
        Self { min_width: 0.01, exponent: 1.0, min_cells: 0.5, choice_prior: 0.5 };
}

impl Default for Bandwidth {
    fn default() -> Self {
        Self { choice_prior: 1.0, ..Self::BAD }
    }
}

/// How the parameters of a density hang together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// A component is one observation in all parameters (multivariate).
    Joint,
    /// The product of the marginal densities, as if the parameters were independent (univariate).
    Independent,
}

/// A density over a conditional, mixed space: a mixture of product kernels, one component for each
/// observation and one for the prior.
///
/// With `k` observations, weights `w_i` that sum to 1, and the product over the parameters `j` that
/// are active in `x`:
///
/// ```text
/// p(x) = sum_{i=1}^{k+1} w_i prod_j K_ij(x_j)
/// ```
///
/// The kernel `K_ij` depends on the parameter:
/// - **continuous**: a normal density at the coordinate of the observation, truncated to `[0, 1]`, of
///   a width by [`Bandwidth`];
/// - **grid** (integers, steps, ordinals): the mass of that density over the cell of the value;
/// - **choice of `n`**: `(1 + b) / (1 + n b)` for the choice of the observation and `b / (1 + n b)`
///   for every other, with `b = c / (k + 1)` and `c` = [`Bandwidth::choice_prior`] (Aitchison & Aitken
///   1976);
/// - **inactive in the observation**, and in the component of the prior: the prior density.
///
/// Each component is a density over the whole tree of parameters, and so is the mixture.
/// Densities are with respect to the unit interval on continuous parameters (see
/// [`automl_space::Domain::to_unit`]) and to the counting measure on discrete ones.
///
/// # Source
/// Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization", section 4, for the
/// estimator; Falkner et al. (2018), "BOHB", for the product form; Watanabe (2023), arXiv:2304.11127,
/// section 3.3, for the widths.
///
/// # Examples
/// The density is high near the observations:
/// ```
/// use automl_space::{Config, Space};
/// use automl_tpe::{Bandwidth, ParzenEstimator};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=10.0).add()?;
/// let space = space.build()?;
/// let at = |unit: f64| space.decode(&[unit]);
/// let observations = [at(0.30), at(0.32), at(0.35)];
/// let observations: Vec<&Config> = observations.iter().collect();
/// let p = ParzenEstimator::new(&space, &observations, &[], 1.0, 0.0, Bandwidth::default());
/// assert_eq!(p.len(), 3);
/// assert!(p.log_density(&at(0.33)) > p.log_density(&at(0.9)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ParzenEstimator {
    axes: Vec<Axis>,
    /// Weight of the users' priors in the prior density, in `[0, 1]`.
    strength: f64,
    /// The number of observations `k`.
    count: usize,
    /// Logarithms of the weights plus those of the normalizations on the joint axes; the component
    /// of the prior is the last. `[k + 1]`
    bases: Vec<f64>,
    /// The weights, which sum to 1; that of the prior is the last. `[k + 1]`
    weights: Vec<f64>,
    /// Cumulative sums of the weights, for sampling. `[k + 1]`
    cumulative: Vec<f64>,
    /// Centers by axis, NaN where inactive. `[d, k]`
    centers: Vec<f64>,
    /// Widths by axis; on choices the log probability of the observation's own choice. `[d, k]`
    widths: Vec<f64>,
    /// Log normalizations by axis; on joint axes (`bases` contains them) the normalizations themselves,
    /// without the factor `1 / sqrt(2 pi)`; on choices the log probability of each other choice. `[d, k]`
    norms: Vec<f64>,
    /// Center and `1 / (sqrt(2) width)` on each of the `m` joint axes, by component. `[k, m]`
    joint: Vec<[f64; 2]>,
    sorted: SortedRows,
}

impl ParzenEstimator {
    /// Fits the density of some configurations.
    ///
    /// - `configs`: the observations. `[k]`
    /// - `weights`: their weights before normalization; missing ones count as 1, negative ones and NaN
    ///   as 0.
    /// - `prior_weight`: the weight of the prior's component on the same scale, at least 0.
    /// - `strength`: the weight of the users' priors in the prior density, in `[0, 1]`: 0 is uniform.
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

    /// An estimator without observations: the uniform density.
    pub(crate) fn empty(axes: Vec<Axis>) -> Self {
        Self {
            strength: 0.0,
            count: 0,
            bases: vec![0.0],
            weights: vec![1.0],
            cumulative: vec![1.0],
            centers: Vec::new(),
            widths: Vec::new(),
            norms: Vec::new(),
            joint: Vec::new(),
            sorted: SortedRows::new(axes.len()),
            axes,
        }
    }

    /// The number of observations.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether the prior is the only component.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
