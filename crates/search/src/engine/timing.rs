//! The latency table of a search.

use super::artifact;
use super::setup::Setup;
use crate::SearchError;
use crate::error::unless_stopped;
use crate::latency::{self, TIMED};
use automl_study::SharedStorage;
use automl_train::{LatencyProfile, Timing};
use std::time::Instant;

/// The study's attribute that holds the table.
const ATTRIBUTE: &str = "automl:latency";

/// The latency table of the device, measured once for a study so that all of its trials are judged
/// by the same one. A deadline cuts the number of timed networks; `None` where the stop flag was set.
pub(super) fn profile(
    setup: Setup<'_>,
    record: &mut dyn SharedStorage,
    deadline: Option<Instant>,
) -> Result<Option<LatencyProfile>, SearchError> {
    let path = setup.folder.path.join("latency.json");
    if let Some(known) = artifact::known(record, ATTRIBUTE, &path)? {
        return Ok(Some(known));
    }
    setup.note(format!("timing {TIMED} networks for the latency table"));
    let (timing, seed) = (Timing::default(), setup.settings.seed);
    let over = || setup.is_over(deadline);
    let networks = setup.plan.candidates.networks();
    let profile = latency::profile(networks, &|_| true, TIMED, &timing, seed, setup.device, &over);
    match unless_stopped(profile, setup.settings, setup.stop)? {
        // A continuation times all of them.
        Some(profile) if !setup.stop.is_set() => {
            artifact::keep(record, ATTRIBUTE, &path, profile).map(Some)
        }
        _ => Ok(None),
    }
}
