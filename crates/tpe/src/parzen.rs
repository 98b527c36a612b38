//! A density over a conditional, mixed space: a mixture of products of truncated kernels.

mod draw;
mod evaluate;

use crate::axis::{Axis, Kind, axes, coordinates};
use crate::gauss;
use automl_space::normal::LN_SQRT_TAU;
use automl_space::{Config, Space};

/// The place of the prior among sorted observations.
const PRIOR: u32 = u32::MAX;

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
}

impl Default for Bandwidth {
    fn default() -> Self {
        Self { narrowest: 100.0, exponent: 1.0, cells: 0.5 }
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
/// for the observation's own and `b / (1 + n b)` for others with `b = 1 / (k + 1)` (Aitchison &
/// Aitken 1976); the prior's density where `j` is inactive in observation `k`. So each component is
/// a density over the whole tree of parameters, and so is the mixture. The width of a numerical
/// kernel is the larger distance to its neighbours, within bounds ([`Bandwidth`]).
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
    /// Logarithms of the weights, with the normalisations of the continuous axes that are always
    /// active; the prior's component is the last. `[k + 1]`
    bases: Vec<f64>,
    /// Running sums of the weights, for sampling. `[k + 1]`
    cumulative: Vec<f64>,
    /// Centres, NaN where inactive, by axis. `[d, k]`
    centres: Vec<f64>,
    /// Widths by axis. `[d, k]`
    widths: Vec<f64>,
    /// `1 / (sqrt 2 width)` by axis, 0 where inactive. `[d, k]`
    scales: Vec<f64>,
    /// Logarithms of the kernels' normalisation by axis, 0 where `bases` have it; the prior's
    /// density where inactive has to be added. `[d, k]`
    norms: Vec<f64>,
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
            axes,
            strength: 0.0,
            count: 0,
            bases: vec![0.0],
            cumulative: vec![1.0],
            centres: Vec::new(),
            widths: Vec::new(),
            scales: Vec::new(),
            norms: Vec::new(),
        }
    }

    /// Fits anew, reusing the memory. `points`: `[n, d]` coordinates, of which `rows` are used.
    pub(crate) fn fit(
        &mut self,
        points: &[f64],
        rows: &[usize],
        weights: &[f64],
        prior_weight: f64,
        strength: f64,
        bandwidth: Bandwidth,
    ) {
        let (d, k) = (self.axes.len(), rows.len());
        self.count = k;
        self.strength = strength;
        let weight = |i: usize| weights.get(i).copied().unwrap_or(1.0).max(0.0);
        let total = (0..k).map(weight).sum::<f64>() + prior_weight;
        let total = if total > 0.0 { total } else { 1.0 };
        self.cumulative.clear();
        self.bases.clear();
        let mut sum = 0.0;
        for i in 0..=k {
            let share = if i < k { weight(i) } else { prior_weight } / total;
            sum += share;
            self.cumulative.push(sum);
            self.bases.push(share.ln());
        }
        for field in [&mut self.centres, &mut self.widths, &mut self.scales, &mut self.norms] {
            field.clear();
            field.resize(d * k, 0.0);
        }
        let narrowest = 1.0 / (2.0 + k as f64).powf(bandwidth.exponent).min(bandwidth.narrowest);
        let mut order: Vec<u64> = Vec::with_capacity(k + 1);
        // Products of normalisations, so that a kernel takes one logarithm and not one per axis.
        let mut products = vec![1.0; k];
        for (j, axis) in self.axes.iter().enumerate() {
            let centres = &mut self.centres[j * k..(j + 1) * k];
            for (centre, &row) in centres.iter_mut().zip(rows) {
                *centre = points[row * d + j];
            }
            let (widths, scales) = (&mut self.widths[j * k..], &mut self.scales[j * k..]);
            let norms = &mut self.norms[j * k..];
            if let Kind::Choice { n } = axis.kind {
                let b = 1.0 / (k as f64 + 1.0);
                // For choices: the logarithms of the own choice's and of another's probability.
                let whole = (1.0 + n as f64 * b).ln();
                for i in 0..k {
                    (widths[i], norms[i]) = ((1.0 + b).ln() - whole, b.ln() - whole);
                }
                continue;
            }
            let narrowest = match axis.kind {
                Kind::Grid { n } => narrowest.max(bandwidth.cells / n).min(1.0),
                _ => narrowest,
            };
            // Sorted by 32 bits of the coordinate, with the index behind: closer ones are alike.
            let key =
                |centre: f64, i: u32| ((centre * 4_294_967_295.0) as u64) << 32 | u64::from(i);
            order.clear();
            let active = centres.iter().enumerate().filter(|(_, c)| !c.is_nan());
            order.extend(active.map(|(i, c)| key(*c, i as u32)));
            order.push(key(0.5, PRIOR));
            order.sort_unstable();
            let at =
                |key: u64| if key as u32 == PRIOR { 0.5 } else { centres[key as u32 as usize] };
            let joint = axis.kind == Kind::Continuous && axis.always;
            let mut before = None;
            for (place, &key) in order.iter().enumerate() {
                let (centre, i) = (at(key), key as u32 as usize);
                // The ends use their inner gap only, unless they stand alone with the prior.
                let below = before.map_or(0.0, |other| centre - other);
                let above = order.get(place + 1).map_or(0.0, |other| at(*other) - centre);
                before = Some(centre);
                if i >= k {
                    continue;
                }
                let width = below.max(above).clamp(narrowest, 1.0);
                widths[i] = width;
                let scale = 1.0 / width;
                scales[i] = std::f64::consts::FRAC_1_SQRT_2 * scale;
                let inside = gauss::cdf((1.0 - centre) * scale) - gauss::cdf(-centre * scale);
                let mass = (inside * width).max(1e-300);
                if joint {
                    if products[i] * mass < 1e-300 {
                        self.bases[i] -= products[i].ln();
                        products[i] = 1.0;
                    }
                    products[i] *= mass;
                    self.bases[i] -= LN_SQRT_TAU;
                } else {
                    norms[i] = -(mass.ln() + LN_SQRT_TAU);
                }
            }
        }
        for (base, product) in self.bases.iter_mut().zip(products) {
            *base -= product.ln();
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
