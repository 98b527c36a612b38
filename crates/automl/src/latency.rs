//! The latency of a space's networks on the device at hand.

use automl_models::NetworkSpace;
use automl_space::stream;
use automl_train::{Device, LatencyError, LatencyProfile, Timing};
use std::collections::HashSet;

/// Draws per network that is wanted, so that a small space does not keep the search for new
/// networks going for ever.
const DRAWS: u64 = 20;

/// Times different networks drawn from the prior of a space, and fits a table to most of them.
/// `stop` is asked before each.
///
/// # Errors
/// Too few networks for a table, or a stop.
pub fn profile(
    space: &NetworkSpace,
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
        .filter(|network| network.fingerprint().is_ok_and(|print| prints.insert(print)))
        .take(networks as usize)
        .collect();
    LatencyProfile::measure(&drawn, timing, device, stop)
}
