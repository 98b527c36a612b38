//! Fitting: weights, widths and normalizations from observations.

use super::{Bandwidth, ParzenEstimator};
use crate::axis::Kind;
use crate::fast_normal;
use automl_numeric::normal::LN_SQRT_TAU;
use std::f64::consts::FRAC_1_SQRT_2;

impl ParzenEstimator {
    /// Fits the density to the rows of a table of points, reusing memory.
    ///
    /// - `points`: coordinates, NaN where inactive; successive fits may append points, but not change
    ///   them. `[n, d]`
    /// - `rows`: the observations. `[k]`
    /// - `weights`: one for each row; missing ones count as 1. `[<= k]`
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
        self.set_weights(weights, prior_weight);
        for field in [&mut self.centers, &mut self.widths, &mut self.norms] {
            field.resize(d * k, 0.0);
        }
        let m = self.axes.iter().filter(|axis| axis.is_joint()).count();
        self.joint.resize(k * m, [0.0; 2]);
        let shrinking = 1.0 / (2.0 + k as f64).powf(bandwidth.exponent);
        let min_width = shrinking.max(bandwidth.min_width).min(1.0);
        self.sorted.replace(rows, points.len() / d.max(1));
        let mut products = Products { values: vec![1.0; k], axes: m };
        let mut joint_axis = 0;
        for j in 0..d {
            for (center, &row) in self.centers[j * k..(j + 1) * k].iter_mut().zip(rows) {
                *center = points[row * d + j];
            }
            match self.axes[j].kind {
                Kind::Choice { n } => self.fit_choices(j, n, bandwidth),
                _ if self.axes[j].is_joint() => {
                    self.fit_joint(j, joint_axis, min_width, &mut products);
                    joint_axis += 1;
                }
                Kind::Grid { n } => {
                    self.fit_numbers(j, min_width.max(bandwidth.min_cells / n).min(1.0));
                }
                Kind::Continuous => self.fit_numbers(j, min_width),
            }
        }
        products.subtract_from(&mut self.bases);
    }

    /// Sets the kernels of an axis of `n` choices: the log probabilities of the observation's choice
    /// and of every other.
    fn fit_choices(&mut self, j: usize, n: usize, bandwidth: Bandwidth) {
        let k = self.count;
        let b = bandwidth.choice_prior / (k as f64 + 1.0);
        let total = (1.0 + n as f64 * b).ln();
        self.widths[j * k..(j + 1) * k].fill((1.0 + b).ln() - total);
        self.norms[j * k..(j + 1) * k].fill(b.ln() - total);
    }

    /// Sets widths and normalizations of an ordered axis that is not joint.
    fn fit_numbers(&mut self, j: usize, min_width: f64) {
        let k = self.count;
        let range = j * k..(j + 1) * k;
        let (widths, norms) = (&mut self.widths[range.clone()], &mut self.norms[range.clone()]);
        self.sorted.visit(j, &self.centers[range], |i, center, gap| {
            let kernel = Kernel::new(center, gap.clamp(min_width, 1.0));
            widths[i] = kernel.width;
            norms[i] = -(kernel.mass.ln() + LN_SQRT_TAU);
        });
    }

    /// Sets the kernels of a joint axis and multiplies their masses into `products`.
    fn fit_joint(&mut self, j: usize, joint_axis: usize, min_width: f64, products: &mut Products) {
        let (k, m) = (self.count, products.axes);
        let range = j * k..(j + 1) * k;
        let (joint, bases) = (&mut self.joint, &mut self.bases);
        let (centers, widths) = (&self.centers[range.clone()], &mut self.widths[range.clone()]);
        let norms = &mut self.norms[range];
        self.sorted.visit(j, centers, |i, center, gap| {
            let kernel = Kernel::new(center, gap.clamp(min_width, 1.0));
            widths[i] = kernel.width;
            norms[i] = 1.0 / kernel.mass;
            joint[i * m + joint_axis] = [center, FRAC_1_SQRT_2 * kernel.scale];
            products.multiply(i, kernel.mass, bases);
        });
        // A trial that failed before it had a value: a uniform kernel.
        for (i, _) in centers.iter().enumerate().filter(|(_, center)| center.is_nan()) {
            norms[i] = LN_SQRT_TAU.exp();
            joint[i * m + joint_axis] = [0.5, 0.0];
            products.values[i] *= (-LN_SQRT_TAU).exp();
        }
    }

    /// Sets the weights of the components: their logarithms and cumulative sums.
    fn set_weights(&mut self, weights: &[f64], prior_weight: f64) {
        let k = self.count;
        let weight = |i: usize| weights.get(i).copied().unwrap_or(1.0).max(0.0);
        let total = (0..k).map(weight).sum::<f64>() + prior_weight;
        let total = if total > 0.0 { total } else { 1.0 };
        self.weights.clear();
        self.cumulative.clear();
        self.bases.clear();
        let (mut sum, mut last) = (0.0, (1.0, 0.0));
        for i in 0..=k {
            let share = if i < k { weight(i) } else { prior_weight } / total;
            sum += share;
            // Equal weights share a logarithm.
            if share != last.0 {
                last = (share, share.ln());
            }
            self.weights.push(share);
            self.cumulative.push(sum);
            self.bases.push(last.1);
        }
    }
}

/// A truncated normal kernel on `[0, 1]`.
struct Kernel {
    width: f64,
    /// `1 / width`.
    scale: f64,
    /// The normalization without the factor `sqrt(2 pi)`: the width times the share inside `[0, 1]`.
    mass: f64,
}

impl Kernel {
    #[inline]
    fn new(center: f64, width: f64) -> Self {
        let scale = 1.0 / width;
        let inside = fast_normal::inside(center * scale, (1.0 - center) * scale);
        Self { width, scale, mass: (inside * width).max(1e-300) }
    }
}

/// Products of the kernels' masses over the joint axes, so that a component takes one logarithm and
/// not one per axis.
struct Products {
    /// `[k]`
    values: Vec<f64>,
    /// The number of joint axes.
    axes: usize,
}

impl Products {
    /// Multiplies a mass into the product of component `i`; a product that would underflow is moved
    /// into `bases`.
    #[inline]
    fn multiply(&mut self, i: usize, mass: f64, bases: &mut [f64]) {
        let product = &mut self.values[i];
        if *product * mass < 1e-300 {
            bases[i] -= product.ln();
            *product = 1.0;
        }
        *product *= mass;
    }

    /// Subtracts the log normalizations from the log weights.
    fn subtract_from(self, bases: &mut [f64]) {
        for (base, product) in bases.iter_mut().zip(self.values) {
            *base -= product.ln() + self.axes as f64 * LN_SQRT_TAU;
        }
    }
}
