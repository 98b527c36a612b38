//! The trust region of TuRBO, recomputed from the trials.

use automl_numeric::order;

/// Options of the trust region of TuRBO: a box around the best trial that proposals stay in, its
/// side given in units of the unit cube's.
///
/// | Option | Default | Range | Purpose |
/// |---|---|---|---|
/// | `initial` | 0.8 | > 0 | side at the start and after a restart |
/// | `min` | 1/128 | > 0 | side below which the search restarts |
/// | `max` | 1.6 | ≥ `initial` | largest side |
/// | `successes` | 3 | ≥ 1 | improvements in a row after which the side doubles |
/// | `failures` | 4 | ≥ 1 | trials without improvement after which the side halves |
///
/// # Source
/// Eriksson et al. (2019), "Scalable Global Optimization via Local Bayesian Optimization" (TuRBO),
/// arXiv:1910.01739, section 2 and supplement C.
///
/// # Examples
/// ```
/// use automl_gp::{GpOptions, GpSampler, TrustRegionOptions};
///
/// let region = TrustRegionOptions { initial: 0.4, ..TrustRegionOptions::default() };
/// let options = GpOptions { trust_region: Some(region), ..GpOptions::default() };
/// let sampler = GpSampler::new(options);
/// # let _ = sampler;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrustRegionOptions {
    /// The side at the start and after a restart.
    pub initial: f64,
    /// The side below which the search restarts elsewhere.
    pub min: f64,
    /// The largest side.
    pub max: f64,
    /// Improvements in a row after which the side doubles.
    pub successes: usize,
    /// Trials in a row without improvement after which the side halves; the dimension if that is
    /// more.
    pub failures: usize,
}

impl Default for TrustRegionOptions {
    fn default() -> Self {
        Self { initial: 0.8, min: 1.0 / 128.0, max: 1.6, successes: 3, failures: 4 }
    }
}

/// The state of a trust region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TrustRegion {
    /// The side, before the box is stretched along the length scales.
    pub(crate) side: f64,
    /// The row at the center: the best since the last restart.
    pub(crate) center: usize,
    /// The first row since the last restart.
    pub(crate) since: usize,
}

impl TrustRegion {
    /// Replays the trials: `losses` in order, the first `startup` of which after each restart were
    /// drawn without a model.
    ///
    /// # Source
    /// Eriksson et al. (2019), "Scalable Global Optimization via Local Bayesian Optimization"
    /// (TuRBO), arXiv:1910.01739, section 2 and supplement C.
    pub(crate) fn replay(
        losses: &[f64],
        dimensions: usize,
        startup: usize,
        options: TrustRegionOptions,
    ) -> Self {
        let failures = options.failures.max(dimensions);
        let mut region = Self { side: options.initial, center: 0, since: 0 };
        let (mut good, mut bad) = (0, 0);
        for (i, loss) in losses.iter().enumerate() {
            let best = losses[region.center];
            let is_first = i == region.since;
            if is_first || order::compare(*loss, best).is_lt() {
                region.center = i;
            }
            if is_first || i < region.since + startup {
                continue;
            }
            if *loss < best - 1e-3 * best.abs() {
                (good, bad) = (good + 1, 0);
            } else {
                (good, bad) = (0, bad + 1);
            }
            if good >= options.successes {
                region.side = (2.0 * region.side).min(options.max);
                good = 0;
            } else if bad >= failures {
                region.side *= 0.5;
                bad = 0;
            }
            if region.side < options.min && i + 1 < losses.len() {
                region = Self { side: options.initial, center: i + 1, since: i + 1 };
            }
        }
        region
    }

    /// The box around `center`, stretched along the length scales at equal volume. `[columns]`
    ///
    /// # Source
    /// Eriksson et al. (2019), equation 1.
    pub(crate) fn bounds(&self, center: &[f64], lengths: &[f64]) -> Vec<(f64, f64)> {
        let log = |l: &f64| l.clamp(1e-3, 1e3).ln();
        let mean = lengths.iter().map(log).sum::<f64>() / lengths.len().max(1) as f64;
        let half = |l: &f64| 0.5 * self.side * (log(l) - mean).clamp(-2.0, 2.0).exp();
        let widths = lengths.iter().map(half);
        center.iter().zip(widths).map(|(c, w)| ((c - w).max(0.0), (c + w).min(1.0))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_follows_successes_and_failures() {
        let options = TrustRegionOptions::default();
        let side = |losses: &[f64]| TrustRegion::replay(losses, 2, 1, options).side;
        assert_eq!(side(&[9.0, 8.0, 7.0, 6.0]), 1.6);
        assert_eq!(side(&[1.0, 8.0, 7.0, 6.0, 5.0]), 0.4);
        // The start-up design and improvements by less than a thousandth count as neither, and in many
        // dimensions the side halves after as many failures.
        assert_eq!(TrustRegion::replay(&[9.0, 8.0, 7.0, 6.0], 2, 4, options).side, 0.8);
        assert_eq!(side(&[9.0, 8.999, 8.998, 8.997]), 0.8);
        let failing = |trials: usize| TrustRegion::replay(&vec![1.0; trials], 9, 1, options).side;
        assert_eq!((failing(9), failing(10)), (0.8, 0.4));
        let mut stuck = vec![1.0; 200];
        let region = TrustRegion::replay(&stuck, 2, 1, options);
        assert!(region.since > 0 && region.side >= options.min);
        stuck[region.since - 1] = 0.5;
        assert_ne!(TrustRegion::replay(&stuck, 2, 1, options).since, region.since);
    }

    #[test]
    fn boxes_are_stretched_along_long_scales() {
        let region = TrustRegion { side: 0.4, center: 0, since: 0 };
        let bounds = region.bounds(&[0.5, 0.5], &[2.0, 0.5]);
        assert!((bounds[0].1 - 0.9).abs() < 1e-12 && (bounds[1].1 - 0.6).abs() < 1e-12);
        assert_eq!(region.bounds(&[1.0], &[1.0]), [(0.8, 1.0)]);
    }
}
