//! Sources as a part of the record: what the first process read counts for all.

use super::Sources;
use crate::study::BuildError;
use crate::{Storage, StoreError};
use automl_space::Space;
use serde_json::Value as Json;

/// The study's attribute that holds its sources.
const SOURCES: &str = "automl:sources";

/// The sources that count: the recorded ones, else the given ones, which are recorded.
///
/// # Errors
/// [`BuildError::Sources`] for given sources with other names than the recorded ones.
pub(crate) fn pinned(
    storage: &mut dyn Storage,
    given: Option<Sources>,
    space: &Space,
) -> Result<Option<Sources>, BuildError> {
    let stored = match (storage.attribute(SOURCES)?, &given) {
        (Some(stored), _) => stored,
        (None, None) => return Ok(None),
        (None, Some(sources)) => {
            let json = sources.to_json();
            match storage.shared() {
                Some(shared) => shared.attribute_or_insert(SOURCES, &json)?,
                None => {
                    storage.set_attribute(SOURCES, &json)?;
                    json
                }
            }
        }
    };
    let unreadable = || StoreError::Mismatch {
        study: names(&stored).join(", "),
        place: SOURCES.to_owned(),
        reason: "the recorded sources do not fit the space".to_owned(),
    };
    let sources = Sources::from_json(&stored, space).ok_or_else(unreadable)?;
    let recorded: Vec<&str> = sources.studies().iter().map(|s| s.name.as_str()).collect();
    if let Some(given) = given {
        let given: Vec<&str> = given.studies().iter().map(|s| s.name.as_str()).collect();
        if given != recorded {
            let list = |names: Vec<&str>| names.join(", ");
            return Err(BuildError::Sources { given: list(given), recorded: list(recorded) });
        }
    }
    Ok(Some(sources))
}

/// The names in recorded sources.
fn names(json: &Json) -> Vec<&str> {
    let studies = json["studies"].as_array().map_or(&[][..], Vec::as_slice);
    studies.iter().filter_map(|study| study["name"].as_str()).collect()
}
