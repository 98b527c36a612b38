//! Options and bandwidths of the sampler.

use crate::TpeConfig;
use crate::parzen::Bandwidth;

/// Options and bandwidths.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) config: TpeConfig,
    pub(crate) good_bandwidth: Bandwidth,
    pub(crate) bad_bandwidth: Bandwidth,
}

/// The fewest objectives of which nearly all trials are on the first front.
const MANY_OBJECTIVES: usize = 4;

impl Settings {
    /// The weight of the prior in the good density of so many objectives. Of many the good trials lie
    /// all over a front of many dimensions, and what lies between them is as good.
    pub(crate) fn prior_weight(&self, objectives: usize) -> f64 {
        self.config.prior_weight * if objectives >= MANY_OBJECTIVES { 4.0 } else { 1.0 }
    }

    /// The share of the proposals by independent parameters for so many objectives.
    pub(crate) fn independent_share(&self, objectives: usize) -> f64 {
        self.config.independent_share * if objectives >= MANY_OBJECTIVES { 2.0 } else { 1.0 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: TpeConfig::default(),
            good_bandwidth: Bandwidth::GOOD,
            bad_bandwidth: Bandwidth::BAD,
        }
    }
}
