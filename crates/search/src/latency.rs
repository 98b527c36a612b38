//! The latency of a space's networks on the device at hand.

use automl_arch::{Graph, NetworkSpace};
use automl_numeric::stream;
use automl_train::{Device, LatencyError, LatencyProfile, Timing};
use std::collections::HashSet;

/// Draws per network that is wanted, so that a small space does not keep the search for new
/// networks going for ever.
const DRAWS: u64 = 20;

/// The networks that a search times for its table.
pub(crate) const TIMED: u64 = 160;

/// Times different networks drawn from the prior of a space, of those that `allowed` lets pass, and
/// fits a table to most of them. `stop` ends it early, see [`LatencyProfile::measure`].
///
/// # Errors
/// Too few networks for a table, or a stop before there are enough.
pub fn profile(
    space: &NetworkSpace,
    allowed: &dyn Fn(&Graph) -> bool,
    networks: u64,
    timing: &Timing,
    seed: u64,
    device: &Device,
    stop: &dyn Fn() -> bool,
) -> Result<LatencyProfile, LatencyError> {
    let mut prints = HashSet::new();
    let drawn: Vec<_> = (0..DRAWS * networks)
        .map(|draw| {
            let config = space.space().sample_prior(&mut stream(seed, draw, "latency"));
            space.architecture(&config)
        })
        .filter(|network| {
            let network = network.graph().ok().filter(|network| allowed(network));
            network.is_some_and(|network| prints.insert(network.fingerprint()))
        })
        .take(networks as usize)
        .collect();
    LatencyProfile::measure(&drawn, timing, device, stop)
}
