//! The smallest network of a space, for limits that no network keeps.

use crate::candidate::{Candidate, Candidates};
use crate::caps::Caps;
use automl_arch::Cost;
use automl_numeric::stream;
use automl_space::Config;
use rand::RngExt;
use std::sync::Arc;

/// Networks that are drawn from the prior.
const DRAWS: u64 = 256;

/// Changes of the best network so far.
const CHANGES: u64 = 1_024;

/// The share of the parameters that a change draws anew.
const RATE: f64 = 0.15;

/// A network of the space within the limits, or the one that exceeds them least: the best of some
/// draws, changed for the better step by step.
fn nearest(candidates: &Candidates, caps: &Caps) -> Option<Arc<Candidate>> {
    let space = candidates.space();
    let excess = |candidate: &Candidate| caps.excess(&candidate.graph, candidate.cost);
    let mut best: Option<(f64, Arc<Candidate>)> = None;
    let look = |config: &Config, best: &mut Option<(f64, Arc<Candidate>)>| {
        let Ok(candidate) = candidates.of(config) else { return };
        let excess = excess(&candidate);
        if best.as_ref().is_none_or(|(least, _)| excess < *least) {
            *best = Some((excess, candidate));
        }
    };
    for draw in 0..DRAWS {
        look(&space.sample_prior(&mut stream(0, draw, "smallest network")), &mut best);
    }
    for change in 0..CHANGES {
        let Some((excess, known)) = &best else { break };
        if *excess <= 0.0 {
            break;
        }
        let mut rng = stream(0, change, "smaller network");
        let config = space.build_config(|index, param| match known.config.value(index) {
            Some(value) if rng.random::<f64>() >= RATE => value,
            _ => param.domain().sample(&mut rng),
        });
        look(&config, &mut best);
    }
    best.map(|(_, candidate)| candidate)
}

/// Needs of a network in words.
fn needs(cost: Cost) -> String {
    let Cost { parameters, macs, flash_bytes, ram_bytes, .. } = cost;
    format!(
        "{parameters} parameters, {macs} multiply-accumulates, {flash_bytes} bytes of flash and \
         {ram_bytes} bytes of RAM"
    )
}

/// The needs of the network of a space that exceeds some limits least, in words; `None` for a space of
/// which no network can be built.
///
/// # Examples
/// ```
/// use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
/// use automl_candidates::{Candidates, Caps, smallest};
/// use automl_settings::SearchSettings;
/// use std::sync::Arc;
///
/// let options = BlockSpaceOptions { width: 0.03125, ..BlockSpaceOptions::default() };
/// let networks = NetworkSpace::Blocks(BlockSpace::new(1, 8, 10, &options)?);
/// let search = SearchSettings { max_params: Some(10), ..SearchSettings::default() };
/// let needs = smallest(&Candidates::new(Arc::new(networks)), &Caps::new(&search, 8, true));
/// assert!(needs.is_some_and(|needs| needs.contains("parameters")));
/// # Ok::<(), automl_arch::BlockSpaceError>(())
/// ```
pub fn smallest(candidates: &Candidates, caps: &Caps) -> Option<String> {
    nearest(candidates, caps).map(|candidate| needs(candidate.cost))
}
