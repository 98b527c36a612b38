//! What a stored study began with, so that no later process mixes other settings in.

use super::request::Init;
use automl_study::{StoreError, Study};
use serde_json::{Value, json};
use std::time::Duration;

/// The study's attribute that holds the settings.
const KEY: &str = "automl:protocol";

/// The study's attribute that holds its seed.
const SEED: &str = "automl:seed";

/// The age up to which a heartbeat shows that its worker is alive.
const LEASE: Duration = Duration::from_secs(180);

/// The settings that all processes of a study share, by the names of the protocol.
pub(super) fn settings(init: &Init) -> Value {
    let fidelity = init.fidelity.as_ref().map(|fidelity| {
        let ladder = &fidelity.ladder;
        json!({ "name": ladder.name(), "min": ladder.min(), "max": ladder.max(),
                "resumable": ladder.resumable() })
    });
    let scheduler = init.scheduler.to_string();
    json!({ "constraints": init.constraints, "fidelity": fidelity, "scheduler": scheduler })
}

/// Refuses settings other than those that the study began with, and work without `shared` while
/// others are at work.
pub(super) fn check(
    study: &mut Study,
    settings: &Value,
    seed: Option<u64>,
    shared: bool,
) -> Result<(), String> {
    let text = |error: StoreError| error.to_string();
    let Some(storage) = study.storage() else { return Ok(()) };
    let stored = storage.attribute(SEED).map_err(text)?.and_then(|seed| seed.as_u64());
    let Some(record) = storage.shared() else { return Ok(()) };
    if !shared {
        let busy = record.busy(LEASE).map_err(text)?;
        if let Some(first) = busy.first() {
            let n = busy.len();
            return Err(format!(
                "{n} running trials have a fresh heartbeat of another process, such as trial \
                 {first}: say \"shared\": true to work beside it, or wait {} s after its end",
                LEASE.as_secs()
            ));
        }
    }
    let begun = record.attribute_or_insert(KEY, settings).map_err(text)?;
    let differs = |name: &str, value: &Value, begun: &Value| {
        Err(format!("{name} = {value}: the study began with {begun}; begin another study"))
    };
    for (name, value) in settings.as_object().into_iter().flatten() {
        if begun.get(name).is_some_and(|begun| begun != value) {
            return differs(name, value, &begun[name]);
        }
    }
    match (seed, stored) {
        (Some(seed), Some(stored)) if seed != stored => {
            differs("seed", &seed.into(), &stored.into())
        }
        _ => Ok(()),
    }
}
