//! Evaluation of the density, several points at a time.

use super::{Form, ParzenEstimator};
use crate::axis::{Kind, coordinates};
use crate::fast_normal;
use automl_numeric::normal::LN_SQRT_TAU;
use automl_space::Config;

/// Points evaluated together, as lanes that compilers vectorize.
const LANES: usize = 8;

/// Distance below the largest logarithm at which a term is lost in rounding: `e^-45 < 2^-64`.
pub(super) const NEGLIGIBLE: f64 = 45.0;

/// Scratch memory for the log densities of all components at some points.
pub(crate) type Logs = Vec<[f64; LANES]>;

impl ParzenEstimator {
    /// The natural logarithm of the density at a configuration of the same space.
    pub fn log_density(&self, config: &Config) -> f64 {
        let mut point = Vec::with_capacity(self.axes.len());
        coordinates(&self.axes, config, &mut point);
        self.log_densities_of::<1>(&point, &mut Vec::new())[0]
    }

    /// Appends the log densities at some points to `out`.
    ///
    /// `points`: `[n, d]` coordinates, NaN where inactive; `logs`: scratch memory.
    pub(crate) fn log_densities(
        &self,
        form: Form,
        points: &[f64],
        logs: &mut Logs,
        out: &mut Vec<f64>,
    ) {
        let d = self.axes.len();
        let blocks = points.chunks_exact(LANES * d);
        let rest = blocks.remainder();
        for block in blocks {
            out.extend(match form {
                Form::Joint => self.log_densities_of(block, logs),
                Form::Independent => self.log_marginals_of(block, logs),
            });
        }
        let mut logs = Vec::new();
        for point in rest.chunks_exact(d) {
            out.extend(match form {
                Form::Joint => self.log_densities_of::<1>(point, &mut logs),
                Form::Independent => self.log_marginals_of::<1>(point, &mut logs),
            });
        }
    }

    /// The log densities at `L` points. `points`: `[L, d]`.
    fn log_densities_of<const L: usize>(
        &self,
        points: &[f64],
        logs: &mut Vec<[f64; L]>,
    ) -> [f64; L] {
        let (d, k) = (self.axes.len(), self.count);
        logs.clear();
        logs.extend(self.bases.iter().map(|base| [*base; L]));
        let mut joint = Vec::with_capacity(d);
        for (j, axis) in self.axes.iter().enumerate() {
            let x = std::array::from_fn(|lane| points[lane * d + j]);
            let prior = x.map(|x| if x.is_nan() { 0.0 } else { axis.log_prior(x, self.strength) });
            for (log, prior) in logs[k].iter_mut().zip(prior) {
                *log += prior;
            }
            match axis.is_joint() {
                true => joint.push(x),
                false => self.add_axis(j, x, prior, &mut logs[..k]),
            }
        }
        self.add_joint(&joint, logs);
        log_sums(logs)
    }

    /// Adds the log kernels of the `m` joint axes at `L` points.
    ///
    /// `x`: `[m]` coordinates; `logs`: `[k + 1]`.
    fn add_joint<const L: usize>(&self, x: &[[f64; L]], logs: &mut [[f64; L]]) {
        let m = x.len();
        let floor = logs[self.count].map(|prior| prior - NEGLIGIBLE);
        for (i, logs) in logs[..self.count].iter_mut().enumerate() {
            let mut sums = *logs;
            for ([center, scale], x) in self.joint[i * m..][..m].iter().zip(x) {
                let mut above = false;
                for lane in 0..L {
                    let z = (x[lane] - center) * scale;
                    sums[lane] -= z * z;
                    above |= sums[lane] > floor[lane];
                }
                // Further axes can only lower the sums.
                if !above {
                    break;
                }
            }
            *logs = sums;
        }
    }

    /// Adds the log kernels of an axis that is not joint at `L` coordinates.
    ///
    /// `x`: coordinates; `prior`: log prior densities there; `logs`: `[k]`.
    pub(super) fn add_axis<const L: usize>(
        &self,
        j: usize,
        x: [f64; L],
        prior: [f64; L],
        logs: &mut [[f64; L]],
    ) {
        let (k, axis) = (self.count, &self.axes[j]);
        let range = j * k..(j + 1) * k;
        let (centers, widths) = (&self.centers[range.clone()], &self.widths[range.clone()]);
        let norms = &self.norms[range];
        let cells = x.map(|x| {
            let (low, high) = axis.cell(x);
            Cell { low, high, log: (high - low).max(1e-300).ln() }
        });
        for (i, logs) in logs.iter_mut().enumerate() {
            let (center, width, norm) = (centers[i], widths[i], norms[i]);
            for lane in 0..L {
                logs[lane] += match axis.kind {
                    _ if x[lane].is_nan() => 0.0,
                    _ if center.is_nan() => prior[lane],
                    Kind::Continuous => {
                        let z = (x[lane] - center) / width;
                        norm - 0.5 * z * z
                    }
                    Kind::Grid { .. } => cells[lane].log_mass(center, width) + norm,
                    Kind::Choice { .. } if x[lane] == center => width,
                    Kind::Choice { .. } => norm,
                };
            }
        }
    }
}

/// The interval of `[0, 1]` that a value of a grid stands for.
#[derive(Clone, Copy)]
struct Cell {
    low: f64,
    high: f64,
    /// The logarithm of the length.
    log: f64,
}

impl Cell {
    /// The logarithm of the mass of `exp(-(x - center)^2 / (2 width^2))` over the cell.
    fn log_mass(&self, center: f64, width: f64) -> f64 {
        if self.high - self.low < 0.25 * width {
            // Midpoint rule, of relative error (cell / width)^2 / 24.
            let z = (0.5 * (self.low + self.high) - center) / width;
            return self.log - 0.5 * z * z;
        }
        let mass = fast_normal::mass((self.low - center) / width, (self.high - center) / width);
        mass.max(1e-300).ln() + width.ln() + LN_SQRT_TAU
    }
}

/// `ln sum_i exp(logs_i)` in each lane.
pub(super) fn log_sums<const L: usize>(logs: &[[f64; L]]) -> [f64; L] {
    let mut max = [f64::MIN; L];
    for logs in logs {
        for (max, log) in max.iter_mut().zip(logs) {
            *max = if *log > *max { *log } else { *max };
        }
    }
    let mut sums = [0.0; L];
    for logs in logs {
        let is_negligible = logs.iter().zip(&max).all(|(log, max)| *log < max - NEGLIGIBLE);
        if !is_negligible {
            for ((sum, log), max) in sums.iter_mut().zip(logs).zip(&max) {
                *sum += fast_normal::exp(log - max);
            }
        }
    }
    std::array::from_fn(|lane| max[lane] + sums[lane].ln())
}
