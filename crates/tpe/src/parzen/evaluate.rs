//! The density at points, many at a time.

use super::ParzenEstimator;
use crate::axis::{Kind, coordinates};
use crate::gauss;
use automl_space::Config;
use automl_space::normal::LN_SQRT_TAU;

/// Points that pass over an axis' kernels together, while these lie in the nearest cache.
const BLOCK: usize = 8;

impl ParzenEstimator {
    /// The logarithm of the density at a configuration.
    pub fn log_density(&self, config: &Config) -> f64 {
        let mut point = Vec::with_capacity(self.axes.len());
        coordinates(&self.axes, config, &mut point);
        let mut densities = Vec::with_capacity(1);
        self.log_densities(&point, &mut Vec::new(), &mut densities);
        densities.pop().unwrap_or(f64::NEG_INFINITY)
    }

    /// Appends the logarithms of the densities at points to `out`. `points`: `[n, d]` coordinates,
    /// NaN where inactive; `sums`: memory to work in.
    pub(crate) fn log_densities(&self, points: &[f64], sums: &mut Vec<f64>, out: &mut Vec<f64>) {
        let (d, k) = (self.axes.len(), self.count);
        for block in points.chunks(BLOCK * d) {
            sums.clear();
            for _ in 0..block.len() / d {
                sums.extend_from_slice(&self.bases);
            }
            for j in 0..d {
                for (point, sums) in block.chunks_exact(d).zip(sums.chunks_exact_mut(k + 1)) {
                    if !point[j].is_nan() {
                        self.add_axis(j, point[j], sums);
                    }
                }
            }
            out.extend(sums.chunks_exact(k + 1).map(log_sum));
        }
    }

    /// Adds the logarithms of one axis' kernels at `x`, the prior's last.
    fn add_axis(&self, j: usize, x: f64, sums: &mut [f64]) {
        let (k, axis) = (self.count, &self.axes[j]);
        let prior = axis.log_prior(x, self.strength);
        sums[k] += prior;
        let range = j * k..(j + 1) * k;
        let (centres, norms) = (&self.centres[range.clone()], &self.norms[range.clone()]);
        let (widths, scales) = (&self.widths[range.clone()], &self.scales[range]);
        let sums = &mut sums[..k];
        match axis.kind {
            Kind::Continuous if axis.always => {
                for ((sum, c), s) in sums.iter_mut().zip(centres).zip(scales) {
                    let z = (x - c) * s;
                    *sum -= z * z;
                }
            }
            Kind::Continuous => {
                for (((sum, c), s), norm) in sums.iter_mut().zip(centres).zip(scales).zip(norms) {
                    let z = (x - c) * s;
                    *sum += if c.is_nan() { prior } else { norm - z * z };
                }
            }
            Kind::Grid { .. } => {
                let (low, high) = axis.cell(x);
                let (cell, middle) = ((high - low).max(1e-300), 0.5 * (low + high));
                for i in 0..k {
                    sums[i] += if centres[i].is_nan() {
                        prior
                    } else if cell < 0.25 * widths[i] {
                        // Midpoint rule: exact to (cell / width)^2 / 24.
                        let z = (middle - centres[i]) * scales[i];
                        norms[i] - z * z + cell.ln()
                    } else {
                        let (c, w) = (centres[i], widths[i]);
                        let mass = gauss::mass((low - c) / w, (high - c) / w).max(1e-300);
                        mass.ln() + norms[i] + w.ln() + LN_SQRT_TAU
                    };
                }
            }
            Kind::Choice { .. } => {
                for i in 0..k {
                    sums[i] += if centres[i].is_nan() {
                        prior
                    } else if centres[i] == x {
                        widths[i]
                    } else {
                        norms[i]
                    };
                }
            }
        }
    }
}

/// The logarithm of the sum of exponentials, in four lanes that compilers can vectorise.
fn log_sum(logs: &[f64]) -> f64 {
    let (lanes, rest) = logs.as_chunks::<4>();
    let mut most = [f64::NEG_INFINITY; 4];
    for lane in lanes {
        for (most, log) in most.iter_mut().zip(lane) {
            *most = if *log > *most { *log } else { *most };
        }
    }
    let most = most.iter().chain(rest).copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    let mut sums = [0.0; 4];
    for lane in lanes {
        for (sum, log) in sums.iter_mut().zip(lane) {
            *sum += gauss::exp(log - most);
        }
    }
    let rest: f64 = rest.iter().map(|log| gauss::exp(log - most)).sum();
    most + (sums.iter().sum::<f64>() + rest).ln()
}
