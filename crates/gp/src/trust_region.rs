//! A trust region around the best trial: its size follows from the trials.

use automl_numeric::order;

/// Settings of a trust region, in units of the side of the cube.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionOptions {
    /// The side at the start and after a restart.
    pub first: f64,
    /// The side below which the search starts again elsewhere.
    pub least: f64,
    /// The largest side.
    pub most: f64,
    /// Improvements in a row after which the side doubles.
    pub successes: usize,
    /// Trials without improvement after which the side halves; the dimension if that is more.
    pub failures: usize,
}

impl Default for RegionOptions {
    fn default() -> Self {
        Self { first: 0.8, least: 1.0 / 128.0, most: 1.6, successes: 3, failures: 4 }
    }
}

/// Where a trust region stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    /// Its side, before it is stretched along the length scales.
    pub(crate) side: f64,
    /// The row in its centre: the best since the last restart.
    pub(crate) centre: usize,
    /// The first row since the last restart.
    pub(crate) since: usize,
}

impl Region {
    /// Replays the trials: `losses` in order, of which the first `startup` after each restart
    /// were drawn without a model.
    ///
    /// # Source
    /// Eriksson et al. (2019), "Scalable Global Optimization via Local Bayesian Optimization"
    /// (TuRBO), arXiv:1910.01739, section 2 and supplement C.
    pub(crate) fn replay(
        losses: &[f64],
        dimensions: usize,
        startup: usize,
        options: RegionOptions,
    ) -> Self {
        let failures = options.failures.max(dimensions);
        let mut region = Self { side: options.first, centre: 0, since: 0 };
        let (mut good, mut bad) = (0, 0);
        for (i, loss) in losses.iter().enumerate() {
            let best = losses[region.centre];
            let is_first = i == region.since;
            if is_first || order::compare(*loss, best).is_lt() {
                region.centre = i;
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
                region.side = (2.0 * region.side).min(options.most);
                good = 0;
            } else if bad >= failures {
                region.side *= 0.5;
                bad = 0;
            }
            if region.side < options.least && i + 1 < losses.len() {
                region = Self { side: options.first, centre: i + 1, since: i + 1 };
            }
        }
        region
    }

    /// The box around `centre`, stretched along the length scales with its volume kept.
    ///
    /// # Source
    /// Eriksson et al. (2019), equation 1.
    pub(crate) fn bounds(&self, centre: &[f64], lengths: &[f64]) -> Vec<(f64, f64)> {
        let log = |l: &f64| l.clamp(1e-3, 1e3).ln();
        let mean = lengths.iter().map(log).sum::<f64>() / lengths.len().max(1) as f64;
        let half = |l: &f64| 0.5 * self.side * (log(l) - mean).clamp(-2.0, 2.0).exp();
        let widths = lengths.iter().map(half);
        centre.iter().zip(widths).map(|(c, w)| ((c - w).max(0.0), (c + w).min(1.0))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_follows_successes_and_failures() {
        let options = RegionOptions::default();
        let side = |losses: &[f64]| Region::replay(losses, 2, 1, options).side;
        assert_eq!(side(&[9.0, 8.0, 7.0, 6.0]), 1.6);
        assert_eq!(side(&[1.0, 8.0, 7.0, 6.0, 5.0]), 0.4);
        let mut stuck = vec![1.0; 200];
        let region = Region::replay(&stuck, 2, 1, options);
        assert!(region.since > 0 && region.side >= options.least);
        stuck[region.since - 1] = 0.5;
        assert_ne!(Region::replay(&stuck, 2, 1, options).since, region.since);
    }

    #[test]
    fn boxes_are_stretched_along_long_scales() {
        let region = Region { side: 0.4, centre: 0, since: 0 };
        let bounds = region.bounds(&[0.5, 0.5], &[2.0, 0.5]);
        assert!((bounds[0].1 - 0.9).abs() < 1e-12 && (bounds[1].1 - 0.6).abs() < 1e-12);
        assert_eq!(region.bounds(&[1.0], &[1.0]), [(0.8, 1.0)]);
    }
}
