//! The portfolio in the product: networks that did well on other data sets.

use crate::adapt::{distinct, named, within};
use crate::candidate::Candidates;
use crate::caps::Caps;
use automl_space::{Choice, Config};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The networks, made by `cargo xtask portfolio`.
const NETWORKS: &str = include_str!("portfolio.json");

/// The most networks that are tried first.
const MOST: usize = 8;

/// The share of the planned trials that may be the portfolio's.
const SHARE: u64 = 4;

/// A network of the portfolio.
#[derive(Debug, Deserialize)]
struct Entry {
    /// Channels of the images that it was found on.
    channels: usize,
    /// Their side in pixels.
    side: usize,
    /// Values of the parameters by name.
    network: BTreeMap<String, Choice>,
}

/// The size class of images, which the default limits of a search distinguish.
fn class(side: usize) -> u8 {
    match side {
        0..=16 => 0,
        17..=40 => 1,
        _ => 2,
    }
}

/// The networks of the portfolio for images of channels and a mean side, adapted to the space and the limits: those that
/// were found on the most similar images first, at most eight and at most a quarter of the planned trials.
///
/// Empty for spaces other than the block space.
///
/// # Examples
/// ```
/// use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
/// use automl_candidates::{Candidates, Caps, portfolio};
/// use automl_settings::SearchSettings;
/// use std::sync::Arc;
///
/// let options = BlockSpaceOptions { extended: true, ..BlockSpaceOptions::default() };
/// let blocks = BlockSpace::new(3, 32, 10, &options)?;
/// let candidates = Candidates::new(Arc::new(NetworkSpace::Blocks(blocks)));
/// let caps = Caps::new(&SearchSettings::default(), 32, true);
/// let first = portfolio(&candidates, &caps, (3, 32), 90);
/// assert!(first.iter().all(|config| candidates.of(config).is_ok_and(|network| caps.allow(&network))));
/// # Ok::<(), automl_arch::BlockSpaceError>(())
/// ```
pub fn portfolio(
    candidates: &Candidates,
    caps: &Caps,
    (channels, side): (usize, usize),
    planned_trials: u64,
) -> Vec<Config> {
    if candidates.networks().blocks().is_none() {
        return Vec::new();
    }
    let mut entries: Vec<Entry> = serde_json::from_str(NETWORKS).unwrap_or_default();
    // Stable: the order of the file is that of the greedy choice.
    entries.sort_by_key(|entry| {
        (entry.channels.min(2) != channels.min(2), class(entry.side).abs_diff(class(side)))
    });
    let space = candidates.space();
    let own = entries.iter().filter_map(|entry| {
        let config = named(space, |name| entry.network.get(name).cloned());
        within(candidates, caps, &config)
    });
    let most = MOST.min((planned_trials / SHARE) as usize);
    let mut first = distinct(candidates, own);
    first.truncate(most);
    first
}
