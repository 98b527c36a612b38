//! The journal of trials of other programs that do not fit the study.

use super::now;
use crate::trial::attribute;
use crate::{Storage, StoreError, Trial};
use tracing::warn;

/// Warns of a trial that was set aside, and adds it to the journal among the study's attributes.
pub(super) fn note_set_aside(storage: &mut dyn Storage, trial: &Trial) -> Result<(), StoreError> {
    let Some(reason) = trial.misfit() else { return Ok(()) };
    let number = trial.number;
    warn!("trial {number} of another program is set aside: {reason}");
    let key = format!("{}:{number}", attribute::SET_ASIDE);
    let entry = serde_json::json!({ "reason": reason, "time": now() });
    insert(storage, &key, entry).map(drop)
}

/// Sets an attribute of the study unless it has one, and returns what it has then.
pub(super) fn insert(
    storage: &mut dyn Storage,
    key: &str,
    value: serde_json::Value,
) -> Result<serde_json::Value, StoreError> {
    match storage.shared() {
        Some(shared) => shared.attribute_or_insert(key, &value),
        None => match storage.attribute(key)? {
            Some(known) => Ok(known),
            None => storage.set_attribute(key, &value).map(|()| value),
        },
    }
}
