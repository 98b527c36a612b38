//! The request for the trials so far.

use super::field;
use serde_json::{Map, Value};

/// A part of the trials.
#[derive(Debug)]
pub(crate) struct Page {
    /// The first number.
    pub(crate) since: u64,
    /// The largest number of trials.
    pub(crate) limit: Option<u64>,
    /// Only trials in this state.
    pub(crate) state: Option<String>,
}

/// The fields of `trials`.
const TRIALS: &[&str] = &["cmd", "since", "limit", "state"];

/// The states of trials.
const STATES: &[&str] = &["waiting", "running", "paused", "complete", "pruned", "failed"];

pub(super) fn parse(map: &Map<String, Value>) -> Result<Page, String> {
    field::known_only("trials", map, TRIALS)?;
    let state = field::text(map, "state")?;
    if let Some(state) = &state
        && !STATES.contains(&state.as_str())
    {
        return Err(format!("there is no state {state:?}: {}", STATES.join(", ")));
    }
    let since = field::unsigned(map, "since")?.unwrap_or(0);
    Ok(Page { since, limit: field::unsigned(map, "limit")?, state })
}
