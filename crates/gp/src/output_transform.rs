//! Scales of outputs: what makes losses look like draws of a Gaussian process.

use automl_numeric::order;

/// A monotone map of losses, up to the shift and the unit that [`Scale::warp`] takes from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// As they are.
    Linear,
    /// `((v + offset)^power - 1) / power`, the logarithm for power 0; `v >= 0` is the loss above
    /// the least, in units of the distance from the least to the median. A power below 1 spreads
    /// the good losses and gathers the bad ones, one above 1 does the opposite.
    ///
    /// # Source
    /// Box & Cox (1964), "An Analysis of Transformations", equation 2; chosen by likelihood times
    /// Jacobian as in their section 3.
    Power {
        /// The power.
        power: f64,
        /// The offset.
        offset: f64,
    },
}

/// The scales that compete.
pub(crate) const SCALES: [Scale; 7] = [
    Scale::Linear,
    Scale::Power { power: 0.0, offset: 1.0 },
    Scale::Power { power: 0.0, offset: 0.1 },
    Scale::Power { power: 0.0, offset: 0.01 },
    Scale::Power { power: 0.5, offset: 0.05 },
    Scale::Power { power: 2.0, offset: 0.3 },
    Scale::Power { power: 4.0, offset: 0.5 },
];

/// Beyond this many units above the least loss only the logarithm's logarithm counts, so outliers
/// cannot flatten the rest: `1e250` lies at 220 units.
const TAIL: f64 = 30.0;

/// Losses on a scale, standardised.
#[derive(Clone, Debug)]
pub(crate) struct Warped {
    /// The losses, with mean 0 and standard deviation 1.
    pub(crate) y: Vec<f64>,
    /// The logarithm of the map's slope at each loss, up to a constant that is the same for every
    /// scale.
    log_slopes: Vec<f64>,
    scale: Scale,
    low: f64,
    unit: f64,
    mean: f64,
    sd: f64,
}

impl Scale {
    /// Maps finite losses. `y` must not be empty.
    pub(crate) fn warp(self, y: &[f64]) -> Warped {
        let mut sorted = y.to_vec();
        sorted.sort_by(|a, b| order::compare(*a, *b));
        let (low, median) = (sorted[0], sorted[sorted.len() / 2]);
        let above = sorted.iter().map(|v| v - low).find(|d| *d > 0.0).unwrap_or(1.0);
        let unit = if median > low { median - low } else { above };
        let mut warped =
            Warped { y: vec![], log_slopes: vec![], scale: self, low, unit, mean: 0.0, sd: 1.0 };
        for &v in y {
            let (value, log_slope) = warped.map(v);
            warped.y.push(value);
            warped.log_slopes.push(log_slope);
        }
        let n = y.len() as f64;
        let mean = warped.y.iter().sum::<f64>() / n;
        let sd = (warped.y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
        warped.mean = mean;
        warped.sd = if sd > 1e-12 { sd } else { 1.0 };
        warped.y.iter_mut().for_each(|v| *v = (*v - mean) / warped.sd);
        warped
    }
}

impl Warped {
    /// The value on the scale before standardising, and the logarithm of the slope.
    fn map(&self, y: f64) -> (f64, f64) {
        let (mut v, mut log_slope) = (((y - self.low) / self.unit).min(f64::MAX), 0.0);
        if v > TAIL {
            let log = (v / TAIL).ln();
            log_slope = -log - log.ln_1p();
            v = TAIL * (1.0 + log.ln_1p());
        }
        match self.scale {
            Scale::Linear => (v, log_slope),
            Scale::Power { power, offset } => {
                let log = (v + offset).max(1e-12).ln();
                let value = if power == 0.0 { log } else { (power * log).exp_m1() / power };
                (value, log_slope + (power - 1.0) * log)
            }
        }
    }

    /// The logarithm of the map's Jacobian determinant for the losses at these positions, up to a
    /// constant that is the same for every scale.
    pub(crate) fn log_jacobian(&self, at: &[usize]) -> f64 {
        at.iter().map(|&i| self.log_slopes[i] - self.sd.ln()).sum()
    }

    /// What one on the standardised scale is among small losses of the linear scale.
    pub(crate) fn deviation(&self) -> f64 {
        self.unit * self.sd
    }

    /// Where a loss lies on the standardised scale.
    pub(crate) fn place(&self, y: f64) -> f64 {
        (self.map(y).0 - self.mean) / self.sd
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn scales_keep_the_order_and_their_jacobian_is_the_derivative(
            y in proptest::collection::vec(-5.0..5.0f64, 3..20), which in 0usize..7, far in 0.0..30.0f64,
        ) {
            let mut y = y;
            y.push(10.0_f64.powf(far));
            let linear = Scale::Linear.warp(&y[..3]);
            let apart = linear.deviation() * (linear.y[1] - linear.y[0]);
            if y[..3].iter().all(|v| v - linear.low < TAIL * linear.unit) {
                prop_assert!((apart - (y[1] - y[0])).abs() < 1e-9 * (1.0 + apart.abs()));
            }
            let warped = SCALES[which].warp(&y);
            for i in 0..y.len() {
                prop_assert!(warped.y[i].is_finite());
                for j in 0..y.len() {
                    prop_assert!(y[i] >= y[j] || warped.y[i] <= warped.y[j]);
                }
                prop_assert!((warped.place(y[i]) - warped.y[i]).abs() < 1e-9);
                let e = 1e-6 * warped.unit;
                let (up, down) = (warped.map(y[i] + e).0, warped.map(y[i]).0);
                let slope = (up - down) / (e / warped.unit);
                if y[i] < 100.0 && slope > 1e-3 {
                    prop_assert!((slope.ln() - warped.map(y[i]).1).abs() < 1e-2);
                }
            }
        }
    }
}
