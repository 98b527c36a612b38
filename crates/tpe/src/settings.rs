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

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: TpeConfig::default(),
            good_bandwidth: Bandwidth::GOOD,
            bad_bandwidth: Bandwidth::BAD,
        }
    }
}
