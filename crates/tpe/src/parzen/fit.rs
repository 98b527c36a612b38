//! Weights, widths and normalisations from observations.

use super::{Bandwidth, ParzenEstimator};
use crate::axis::Kind;
use crate::gauss;
use automl_numeric::normal::LN_SQRT_TAU;

impl ParzenEstimator {
    /// Fits anew, reusing the memory. `points`: `[n, d]` coordinates, the same as at the last fit
    /// with others behind, of which `rows` are used; `weights`: one for each row, or none for equal
    /// ones.
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
        self.weigh(weights, prior_weight);
        for field in [&mut self.centres, &mut self.widths, &mut self.norms] {
            field.resize(d * k, 0.0);
        }
        let m = self.axes.iter().filter(|axis| axis.is_joint()).count();
        self.joint.resize(k * m, [0.0; 2]);
        let narrowest = 1.0 / (2.0 + k as f64).powf(bandwidth.exponent).min(bandwidth.narrowest);
        self.sorted.replace(rows, points.len() / d.max(1));
        // Products of normalisations, so that a kernel takes one logarithm and not one per axis.
        let mut products = vec![1.0; k];
        let mut place = 0;
        for (j, axis) in self.axes.iter().enumerate() {
            let range = j * k..(j + 1) * k;
            let (centres, widths) =
                (&mut self.centres[range.clone()], &mut self.widths[range.clone()]);
            for (centre, &row) in centres.iter_mut().zip(rows) {
                *centre = points[row * d + j];
            }
            let norms = &mut self.norms[range];
            let least = match axis.kind {
                Kind::Choice { n } => {
                    let b = bandwidth.choices / (k as f64 + 1.0);
                    // For choices: the logarithms of the own choice's and of another's probability.
                    let whole = (1.0 + n as f64 * b).ln();
                    widths.fill((1.0 + b).ln() - whole);
                    norms.fill(b.ln() - whole);
                    continue;
                }
                Kind::Grid { n } => narrowest.max(bandwidth.cells / n).min(1.0),
                Kind::Continuous => narrowest,
            };
            let joint = axis.is_joint();
            self.sorted.visit(j, centres, |i, centre, gap| {
                let width = gap.clamp(least, 1.0);
                let scale = 1.0 / width;
                let inside = gauss::inside(centre * scale, (1.0 - centre) * scale);
                let mass = (inside * width).max(1e-300);
                widths[i] = width;
                if !joint {
                    norms[i] = -(mass.ln() + LN_SQRT_TAU);
                    return;
                }
                self.joint[i * m + place] = [centre, std::f64::consts::FRAC_1_SQRT_2 * scale];
                if products[i] * mass < 1e-300 {
                    self.bases[i] -= products[i].ln();
                    products[i] = 1.0;
                }
                products[i] *= mass;
            });
            if joint {
                // A trial that ended before it had a value: uniform there.
                for (i, _) in centres.iter().enumerate().filter(|(_, centre)| centre.is_nan()) {
                    self.joint[i * m + place] = [0.5, 0.0];
                    products[i] *= (-LN_SQRT_TAU).exp();
                }
                place += 1;
            }
        }
        for (base, product) in self.bases.iter_mut().zip(products) {
            *base -= product.ln() + m as f64 * LN_SQRT_TAU;
        }
    }

    /// Sets the components' weights, their logarithms and their running sums.
    fn weigh(&mut self, weights: &[f64], prior_weight: f64) {
        let k = self.count;
        let weight = |i: usize| weights.get(i).copied().unwrap_or(1.0).max(0.0);
        let total = (0..k).map(weight).sum::<f64>() + prior_weight;
        let total = if total > 0.0 { total } else { 1.0 };
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
            self.cumulative.push(sum);
            self.bases.push(last.1);
        }
    }
}
