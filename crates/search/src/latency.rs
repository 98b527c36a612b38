//! The latency of a space's networks on the device at hand.

use crate::ArchitectureSpace;
use automl_arch::Graph;
use automl_numeric::stream;
use automl_train::{Device, LatencyError, LatencyProfile, Timing};
use std::collections::HashSet;

/// Draws per network; a small space may not have as many different networks as are wanted.
const DRAWS: u64 = 20;

/// The number of networks that a search times for its table.
pub const TIMED: u64 = 160;

/// Times different networks of a space and fits a latency table to most of them.
///
/// The networks are drawn from the prior of `space`, of those that `allowed` accepts. `stop` ends the
/// measurement early, see [`LatencyProfile::measure`].
///
/// # Errors
/// [`LatencyError`]: too few networks for a table, also where `stop` ended the measurement.
///
/// # Examples
/// ```no_run
/// use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
/// use automl_search::latency;
/// use automl_train::{Timing, cpu};
///
/// let blocks = BlockSpace::new(1, 8, 10, &BlockSpaceOptions::default())?;
/// let space = NetworkSpace::Blocks(blocks);
/// let (timing, device) = (Timing::default(), cpu());
/// let profile = latency::profile(&space, &|_| true, 160, &timing, 0, &device, &|| false)?;
/// println!("{}", profile.report);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn profile(
    space: &dyn ArchitectureSpace,
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
