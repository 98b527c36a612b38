//! The latency table of a search.

use super::SearchError;
use super::setup::Setup;
use crate::latency::{self, TIMED};
use automl_train::{LatencyProfile, Timing};
use std::time::Instant;

/// The latency table of the device: measured once for a study, so that all of its trials are judged
/// by the same. Where the time is over early, it is made of the networks that were timed by then.
pub(super) fn profile(
    setup: Setup<'_>,
    deadline: Option<Instant>,
) -> Result<LatencyProfile, SearchError> {
    let path = setup.folder.path.join("latency.json");
    if let Ok(text) = std::fs::read_to_string(&path)
        && let Ok(known) = serde_json::from_str(&text)
    {
        return Ok(known);
    }
    setup.note(format!("timing {TIMED} networks for the latency table"));
    let (space, timing, seed) = (&setup.plan.networks, Timing::default(), setup.settings.seed);
    let over = || setup.is_over(deadline);
    let profile = latency::profile(space, &|_| true, TIMED, &timing, seed, setup.device, &over)?;
    if setup.stop.is_set() {
        // A continuation times all of them.
        return Err(SearchError::Stopped);
    }
    let text = serde_json::to_string_pretty(&profile).unwrap_or_default();
    super::write_file(&path, &text)?;
    Ok(profile)
}
