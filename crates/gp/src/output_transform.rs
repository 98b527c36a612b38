//! Output warping: monotone transforms that bring losses close to draws of a Gaussian process.

use automl_numeric::order;

/// A monotone transform of losses (output warping), up to the shift and the unit, which
/// [`OutputTransform::apply`] takes from the losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OutputTransform {
    /// The identity.
    Identity,
    /// `((v + offset)^power - 1) / power`, the logarithm for power 0; `v >= 0` is the loss above
    /// the least, in units of the distance from the least to the median. A power below 1 stretches
    /// the good losses and compresses the bad ones, one above 1 does the opposite.
    ///
    /// # Source
    /// Box & Cox (1964), "An Analysis of Transformations", equation 2; chosen by likelihood times
    /// Jacobian as in their section 3.
    Power { power: f64, offset: f64 },
}

/// The transforms of which the evidence selects one or several.
pub(crate) const TRANSFORMS: [OutputTransform; 7] = [
    OutputTransform::Identity,
    OutputTransform::Power { power: 0.0, offset: 1.0 },
    OutputTransform::Power { power: 0.0, offset: 0.1 },
    OutputTransform::Power { power: 0.0, offset: 0.01 },
    OutputTransform::Power { power: 0.5, offset: 0.05 },
    OutputTransform::Power { power: 2.0, offset: 0.3 },
    OutputTransform::Power { power: 4.0, offset: 0.5 },
];

/// The number of units above the least loss beyond which losses grow as an iterated logarithm, so
/// that outliers do not flatten the rest: `1e250` lies at 220 units.
const TAIL: f64 = 30.0;

/// Transformed losses, standardized.
#[derive(Clone, Debug)]
pub(crate) struct TransformedOutputs {
    /// The losses, with mean 0 and standard deviation 1.
    pub(crate) y: Vec<f64>,
    /// The logarithm of the transform's slope at each loss, up to a constant that is the same for
    /// every transform.
    log_slopes: Vec<f64>,
    transform: OutputTransform,
    low: f64,
    unit: f64,
    mean: f64,
    sd: f64,
}

impl OutputTransform {
    /// Transforms finite losses. `y` must not be empty.
    pub(crate) fn apply(self, y: &[f64]) -> TransformedOutputs {
        let mut sorted = y.to_vec();
        sorted.sort_by(|a, b| order::compare(*a, *b));
        let (low, median) = (sorted[0], sorted[sorted.len() / 2]);
        let above = sorted.iter().map(|v| v - low).find(|d| *d > 0.0).unwrap_or(1.0);
        let unit = if median > low { median - low } else { above };
        let mut outputs = TransformedOutputs {
            y: vec![],
            log_slopes: vec![],
            transform: self,
            low,
            unit,
            mean: 0.0,
            sd: 1.0,
        };
        for &v in y {
            let (value, log_slope) = outputs.map(v);
            outputs.y.push(value);
            outputs.log_slopes.push(log_slope);
        }
        let n = y.len() as f64;
        let mean = outputs.y.iter().sum::<f64>() / n;
        let sd = (outputs.y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
        outputs.mean = mean;
        outputs.sd = if sd > 1e-12 { sd } else { 1.0 };
        outputs.y.iter_mut().for_each(|v| *v = (*v - mean) / outputs.sd);
        outputs
    }
}

impl TransformedOutputs {
    /// The transformed value before standardizing, and the logarithm of the slope.
    fn map(&self, y: f64) -> (f64, f64) {
        let (mut v, mut log_slope) = (((y - self.low) / self.unit).min(f64::MAX), 0.0);
        if v > TAIL {
            let log = (v / TAIL).ln();
            log_slope = -log - log.ln_1p();
            v = TAIL * (1.0 + log.ln_1p());
        }
        match self.transform {
            OutputTransform::Identity => (v, log_slope),
            OutputTransform::Power { power, offset } => {
                let log = (v + offset).max(1e-12).ln();
                let value = if power == 0.0 { log } else { (power * log).exp_m1() / power };
                (value, log_slope + (power - 1.0) * log)
            }
        }
    }

    /// The log Jacobian determinant of the transform for the losses at these positions, up to a
    /// constant that is the same for every transform.
    pub(crate) fn log_jacobian(&self, at: &[usize]) -> f64 {
        at.iter().map(|&i| self.log_slopes[i] - self.sd.ln()).sum()
    }

    /// The loss that one standardized unit of [`OutputTransform::Identity`] stands for.
    pub(crate) fn deviation(&self) -> f64 {
        self.unit * self.sd
    }

    /// The standardized transform of a loss.
    pub(crate) fn standardized(&self, y: f64) -> f64 {
        (self.map(y).0 - self.mean) / self.sd
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn transforms_keep_the_order_and_their_jacobian_is_the_derivative(
            y in proptest::collection::vec(-5.0..5.0f64, 3..20), which in 0usize..7, far in 0.0..30.0f64,
        ) {
            let mut y = y;
            y.push(10.0_f64.powf(far));
            let identity = OutputTransform::Identity.apply(&y[..3]);
            let apart = identity.deviation() * (identity.y[1] - identity.y[0]);
            if y[..3].iter().all(|v| v - identity.low < TAIL * identity.unit) {
                prop_assert!((apart - (y[1] - y[0])).abs() < 1e-9 * (1.0 + apart.abs()));
            }
            let outputs = TRANSFORMS[which].apply(&y);
            for i in 0..y.len() {
                prop_assert!(outputs.y[i].is_finite());
                for j in 0..y.len() {
                    prop_assert!(y[i] >= y[j] || outputs.y[i] <= outputs.y[j]);
                }
                prop_assert!((outputs.standardized(y[i]) - outputs.y[i]).abs() < 1e-9);
                let e = 1e-6 * outputs.unit;
                let (up, down) = (outputs.map(y[i] + e).0, outputs.map(y[i]).0);
                let slope = (up - down) / (e / outputs.unit);
                if y[i] < 100.0 && slope > 1e-3 {
                    prop_assert!((slope.ln() - outputs.map(y[i]).1).abs() < 1e-2);
                }
            }
        }
    }
}
