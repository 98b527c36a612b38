//! What the study's record holds beside the trials: what is tuned, so that no run goes on with another
//! program, and the time of the trials.

use crate::{TuneError, TuneSettings};
use automl_study::Study;
use serde_json::{Value, json};

/// The study's attribute that holds what is tuned.
const TUNED: &str = "automl:tune";

/// The trial's attribute that holds the seconds of its runs.
pub(crate) const SECONDS: &str = "automl:seconds";

/// Optuna's attribute for the names of the objectives.
const METRIC_NAMES: &str = "study:metric_names";

/// What must be equal in all runs of a study.
fn tuned(settings: &TuneSettings) -> Value {
    json!({
        "command": settings.command,
        "environment": settings.environment,
        "objectives": settings.objectives,
        "constraints": settings.limits,
        "fidelity": settings.fidelity,
    })
}

/// Records what is tuned, or compares it with the record.
pub(crate) fn agree(
    study: &mut Study,
    name: &str,
    settings: &TuneSettings,
) -> Result<(), TuneError> {
    let now = tuned(settings);
    let Some(storage) = study.storage() else { return Ok(()) };
    let before = match storage.shared() {
        Some(shared) => shared.attribute_or_insert(TUNED, &now)?,
        None => storage.attribute(TUNED)?.unwrap_or_else(|| now.clone()),
    };
    for what in ["command", "environment", "objectives", "constraints", "fidelity"] {
        if before[what] != now[what] {
            return Err(TuneError::Differs {
                study: name.to_owned(),
                what,
                before: before[what].to_string(),
                now: now[what].to_string(),
            });
        }
    }
    let names: Vec<&str> = settings.objectives.iter().map(|o| o.name.as_str()).collect();
    storage.set_attribute(METRIC_NAMES, &json!(names))?;
    Ok(())
}
