//! The latency table of a search.

use super::setup::Setup;
use super::{SearchError, artifact};
use crate::latency::{self, TIMED};
use automl_study::Storage;
use automl_train::{LatencyProfile, Timing};
use std::time::Instant;

/// The study's attribute that holds the table.
const ATTRIBUTE: &str = "automl:latency";

/// The latency table of the device: measured once for a study, so that all of its trials are judged
/// by the same. Where the time is over early, it is made of the networks that were timed by then.
pub(super) fn profile(
    setup: Setup<'_>,
    record: &mut dyn Storage,
    deadline: Option<Instant>,
) -> Result<LatencyProfile, SearchError> {
    let path = setup.folder.path.join("latency.json");
    if let Some(known) = artifact::known(record, ATTRIBUTE, &path)? {
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
    artifact::keep(record, ATTRIBUTE, &path, profile)
}
