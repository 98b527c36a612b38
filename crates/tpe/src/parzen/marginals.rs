//! The product of the marginal densities: parameters as if they were independent.

use super::ParzenEstimator;
use super::density::{NEGLIGIBLE, log_sums};
use crate::fast_normal;
use automl_numeric::normal::LN_SQRT_TAU;

impl ParzenEstimator {
    /// The sum over the active parameters of the log marginal densities at `L` points:
    /// `sum_j ln sum_i w_i K_ij(x_j)`. `points`: `[L, d]`; `logs`: scratch memory.
    ///
    /// # Source
    /// Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization", section 4.
    pub(super) fn log_marginals_of<const L: usize>(
        &self,
        points: &[f64],
        logs: &mut Vec<[f64; L]>,
    ) -> [f64; L] {
        let (d, k) = (self.axes.len(), self.count);
        let mut totals = [0.0; L];
        let mut joint_axis = 0;
        for (j, axis) in self.axes.iter().enumerate() {
            let x: [f64; L] = std::array::from_fn(|lane| points[lane * d + j]);
            let prior = x.map(|x| if x.is_nan() { 0.0 } else { axis.log_prior(x, self.strength) });
            let own = if axis.is_joint() {
                joint_axis += 1;
                self.log_marginal(j, joint_axis - 1, x, prior)
            } else {
                logs.clear();
                logs.extend(self.weights.iter().map(|weight| [weight.max(1e-300).ln(); L]));
                logs[k].iter_mut().zip(prior).for_each(|(log, prior)| *log += prior);
                self.add_axis(j, x, prior, &mut logs[..k]);
                log_sums(logs)
            };
            totals.iter_mut().zip(own).for_each(|(total, own)| *total += own);
        }
        totals
    }

    /// The log marginal density of a joint axis at `L` coordinates `x`, of log prior density `prior`.
    fn log_marginal<const L: usize>(
        &self,
        j: usize,
        joint_axis: usize,
        x: [f64; L],
        prior: [f64; L],
    ) -> [f64; L] {
        let k = self.count;
        let axes = (self.joint.len() / k.max(1)).max(1);
        let kernels = self.joint.iter().skip(joint_axis).step_by(axes);
        let heights = self.weights.iter().zip(&self.norms[j * k..(j + 1) * k]);
        let mut sums = [0.0; L];
        for ([center, scale], (weight, norm)) in kernels.zip(heights) {
            let squares = x.map(|x| ((x - center) * scale).powi(2));
            if squares.iter().any(|square| *square < NEGLIGIBLE) {
                let height = weight * norm;
                for (sum, square) in sums.iter_mut().zip(squares) {
                    *sum += height * fast_normal::exp(-square);
                }
            }
        }
        let tau = (-LN_SQRT_TAU).exp();
        std::array::from_fn(|lane| {
            (tau * sums[lane] + self.weights[k] * prior[lane].exp()).max(1e-300).ln()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bandwidth, Form, ParzenEstimator};
    use automl_numeric::stream;
    use automl_space::{Config, Space};
    use rand::RngExt;

    /// The space of one parameter, or of all.
    fn space(which: Option<usize>) -> Space {
        let mut builder = Space::builder();
        let wanted = |i: usize| which.is_none_or(|which| which == i);
        if wanted(0) {
            builder.float("x", 0.0..=1.0).add().unwrap();
        }
        if wanted(1) {
            builder.float("rate", 1e-4..=1.0).log().add().unwrap();
        }
        if wanted(2) {
            builder.int("layers", 1..=8).add().unwrap();
        }
        if wanted(3) {
            builder.choice("kind", ["a", "b", "c"]).add().unwrap();
        }
        builder.build().unwrap()
    }

    /// The log density of the product is the sum of those of estimators of one parameter each.
    #[test]
    fn marginals_are_the_densities_of_single_parameters() {
        let units: Vec<[f64; 4]> = (0..13).map(|i| stream(3, i, "units").random()).collect();
        let weights: Vec<f64> = (1..=12).map(|i| 1.0 / f64::from(i)).collect();
        let densities =
            |space: &Space, of: &dyn Fn(&[f64; 4]) -> Vec<f64>, form: Form| -> Vec<f64> {
                let configs: Vec<Config> = units.iter().map(|u| space.decode(&of(u))).collect();
                let seen: Vec<&Config> = configs[..12].iter().collect();
                let p = ParzenEstimator::new(space, &seen, &weights, 0.5, 0.0, Bandwidth::GOOD);
                let mut points = Vec::new();
                configs.iter().for_each(|c| crate::axis::coordinates(&p.axes, c, &mut points));
                let mut out = Vec::new();
                p.log_densities(form, &points, &mut Vec::new(), &mut out);
                out
            };
        let product = densities(&space(None), &|u| u.to_vec(), Form::Independent);
        let each = |i: usize| densities(&space(Some(i)), &|u| vec![u[i]], Form::Joint);
        let each: Vec<Vec<f64>> = (0..4).map(each).collect();
        for (at, product) in product.iter().enumerate() {
            let sum: f64 = each.iter().map(|own| own[at]).sum();
            assert!((product - sum).abs() < 1e-6, "{product} {sum}");
        }
    }
}
