//! The density at points, several at a time.

use super::ParzenEstimator;
use crate::axis::{Kind, coordinates};
use crate::gauss;
use automl_numeric::normal::LN_SQRT_TAU;
use automl_space::Config;

/// Points that pass over the kernels together, as lanes that compilers can vectorise.
const LANES: usize = 8;

/// What lies so far below another logarithm adds less to the sum than rounding.
const NEGLIGIBLE: f64 = 45.0;

/// Memory for the logarithms of all components at some points.
pub(crate) type Logs = Vec<[f64; LANES]>;

impl ParzenEstimator {
    /// The logarithm of the density at a configuration.
    pub fn log_density(&self, config: &Config) -> f64 {
        let mut point = Vec::with_capacity(self.axes.len());
        coordinates(&self.axes, config, &mut point);
        self.log_densities_of::<1>(&point, &mut Vec::new())[0]
    }

    /// Appends the logarithms of the densities at points to `out`. `points`: `[n, d]` coordinates,
    /// NaN where inactive; `logs`: memory to work in.
    pub(crate) fn log_densities(&self, points: &[f64], logs: &mut Logs, out: &mut Vec<f64>) {
        let d = self.axes.len();
        let blocks = points.chunks_exact(LANES * d);
        let rest = blocks.remainder();
        for block in blocks {
            out.extend(self.log_densities_of(block, logs));
        }
        let mut logs = Vec::new();
        for point in rest.chunks_exact(d) {
            out.extend(self.log_densities_of::<1>(point, &mut logs));
        }
    }

    /// The logarithms of the densities at `L` points. `points`: `[L, d]`.
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

    /// Adds the logarithms of the kernels of the joint axes at `L` points. `x`: `[m]` coordinates.
    fn add_joint<const L: usize>(&self, x: &[[f64; L]], logs: &mut [[f64; L]]) {
        let m = x.len();
        let floor = logs[self.count].map(|prior| prior - NEGLIGIBLE);
        for (i, logs) in logs[..self.count].iter_mut().enumerate() {
            let mut sums = *logs;
            for ([centre, scale], x) in self.joint[i * m..][..m].iter().zip(x) {
                let mut above = false;
                for lane in 0..L {
                    let z = (x[lane] - centre) * scale;
                    sums[lane] -= z * z;
                    above |= sums[lane] > floor[lane];
                }
                // From here on it can only fall.
                if !above {
                    break;
                }
            }
            *logs = sums;
        }
    }

    /// Adds the logarithms of the kernels of an axis that is not joint at `L` coordinates, the
    /// prior's there being `prior`. `logs`: `[k]`
    fn add_axis<const L: usize>(
        &self,
        j: usize,
        x: [f64; L],
        prior: [f64; L],
        logs: &mut [[f64; L]],
    ) {
        let (k, axis) = (self.count, &self.axes[j]);
        let range = j * k..(j + 1) * k;
        let (centres, widths) = (&self.centres[range.clone()], &self.widths[range.clone()]);
        let norms = &self.norms[range];
        let cells = x.map(|x| {
            let (low, high) = axis.cell(x);
            Cell { low, high, log: (high - low).max(1e-300).ln() }
        });
        for (i, logs) in logs.iter_mut().enumerate() {
            let (centre, width, norm) = (centres[i], widths[i], norms[i]);
            for lane in 0..L {
                logs[lane] += match axis.kind {
                    _ if x[lane].is_nan() => 0.0,
                    _ if centre.is_nan() => prior[lane],
                    Kind::Continuous => {
                        let z = (x[lane] - centre) / width;
                        norm - 0.5 * z * z
                    }
                    Kind::Grid { .. } => cells[lane].log_mass(centre, width) + norm,
                    Kind::Choice { .. } if x[lane] == centre => width,
                    Kind::Choice { .. } => norm,
                };
            }
        }
    }
}

/// The part of `[0, 1]` that a value of a grid stands for.
#[derive(Clone, Copy)]
struct Cell {
    low: f64,
    high: f64,
    /// The logarithm of its length.
    log: f64,
}

impl Cell {
    /// The logarithm of a normal kernel's mass over the cell, without its normalisation.
    fn log_mass(&self, centre: f64, width: f64) -> f64 {
        if self.high - self.low < 0.25 * width {
            // Midpoint rule: exact to (cell / width)^2 / 24.
            let z = (0.5 * (self.low + self.high) - centre) / width;
            return self.log - 0.5 * z * z;
        }
        let mass = gauss::mass((self.low - centre) / width, (self.high - centre) / width);
        mass.max(1e-300).ln() + width.ln() + LN_SQRT_TAU
    }
}

/// The logarithm of each lane's sum of exponentials.
fn log_sums<const L: usize>(logs: &[[f64; L]]) -> [f64; L] {
    let mut most = [f64::MIN; L];
    for logs in logs {
        for (most, log) in most.iter_mut().zip(logs) {
            *most = if *log > *most { *log } else { *most };
        }
    }
    let mut sums = [0.0; L];
    for logs in logs {
        let below = logs.iter().zip(&most).all(|(log, most)| *log < most - NEGLIGIBLE);
        if !below {
            for ((sum, log), most) in sums.iter_mut().zip(logs).zip(&most) {
                *sum += gauss::exp(log - most);
            }
        }
    }
    std::array::from_fn(|lane| most[lane] + sums[lane].ln())
}
