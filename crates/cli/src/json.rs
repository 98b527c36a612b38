//! Events and results as JSON lines, for programs (`--json`).

use automl::tune::{TuneEvent, TuneOutcome};
use serde_json::{Map, Value, json};

/// A number; text where JSON has none.
fn number(x: f64) -> Value {
    if x.is_finite() { x.into() } else { x.to_string().into() }
}

/// The state's name as in tables.
fn state(state: automl::study::State) -> String {
    format!("{state:?}").to_ascii_lowercase()
}

/// An event of `automl tune`.
pub(crate) fn tune_event(event: &TuneEvent) -> Option<Value> {
    Some(match event {
        TuneEvent::Start { study, folder, known, trials, slots } => json!({
            "event": "start", "study": study, "folder": folder, "known": known,
            "trials": trials, "workers": slots,
        }),
        TuneEvent::Run { trial, slot, target, line } => json!({
            "event": "run", "trial": trial, "slot": slot, "target": target, "command": line,
        }),
        TuneEvent::Trial { trial, state: at, fidelity, values, reason } => {
            let values: Map<String, Value> =
                values.iter().map(|(name, value)| (name.clone(), number(*value))).collect();
            json!({
                "event": "trial", "trial": trial, "state": state(*at), "fidelity": fidelity,
                "values": values, "reason": reason,
            })
        }
        TuneEvent::Note(text) => json!({"event": "note", "text": text}),
        _ => return None,
    })
}

/// The result of `automl tune`.
pub(crate) fn tune_result(outcome: &TuneOutcome) -> Value {
    let best: Vec<Value> = outcome
        .best
        .iter()
        .map(|best| json!({"trial": best.trial, "values": best.values, "command": best.command}))
        .collect();
    json!({
        "event": "result", "study": outcome.study, "folder": outcome.folder,
        "finished": outcome.is_finished, "trials": outcome.finished, "failed": outcome.failed,
        "best": best,
    })
}

/// An event of `automl search`.
#[cfg(feature = "train")]
pub(crate) fn search_event(event: &automl::search::Event) -> Option<Value> {
    use automl::search::Event;
    Some(match event {
        Event::Start(start) => json!({
            "event": "start", "study": start.study, "folder": start.folder, "data": start.data,
            "device": start.device, "workers": start.workers, "memory": start.memory,
            "known": start.known, "trials": start.trials, "limits": start.limits,
        }),
        Event::Learning { epoch, epochs, loss, accuracy } => json!({
            "event": "learning", "epoch": epoch, "epochs": epochs, "loss": number(*loss),
            "accuracy": accuracy,
        }),
        Event::Learned { candidates, starts, accuracy } => json!({
            "event": "learned", "candidates": candidates, "starts": starts, "accuracy": accuracy,
        }),
        Event::Training { trial, params, from, until } => json!({
            "event": "training", "trial": trial, "params": params, "from": from, "until": until,
        }),
        Event::Candidate { trial, state, reason, epochs, accuracy, loss, params, macs } => json!({
            "event": "candidate", "trial": trial, "state": state, "reason": reason,
            "epochs": epochs, "accuracy": accuracy, "loss": loss.map(number), "params": params,
            "macs": macs,
        }),
        Event::Progress(progress) => json!({
            "event": "progress", "tried": progress.tried, "running": progress.running,
            "trials": progress.trials, "best": progress.best, "front": progress.front,
            "seconds": progress.elapsed.as_secs_f64(),
            "left": progress.left.map(|left| left.as_secs_f64()),
        }),
        Event::Final { networks, epochs } => {
            json!({"event": "final", "networks": networks, "epochs": epochs})
        }
        Event::FinalProgress(progress) => json!({
            "event": "final-progress", "networks": progress.networks, "done": progress.done,
            "seconds": progress.elapsed.as_secs_f64(), "left": progress.left.as_secs_f64(),
        }),
        Event::Trained(network) => json!({"event": "trained", "network": network}),
        Event::Note(text) => json!({"event": "note", "text": text}),
        _ => return None,
    })
}

/// The result of `automl search`.
#[cfg(feature = "train")]
pub(crate) fn search_result(outcome: &automl::search::SearchOutcome) -> Value {
    use automl::search::SearchOutcome;
    let finished = matches!(outcome, SearchOutcome::Finished(_) | SearchOutcome::Shared(_));
    json!({"event": "result", "finished": finished, "summary": outcome.summary()})
}

/// An event of `automl train`.
#[cfg(feature = "train")]
pub(crate) fn fit_event(progress: &automl::search::fit::Progress) -> Option<Value> {
    use automl::search::fit::Progress;
    Some(match progress {
        Progress::Note(text) => json!({"event": "note", "text": text}),
        Progress::Start { data, device, params, macs, epoch, epochs } => json!({
            "event": "start", "data": data, "device": device, "params": params, "macs": macs,
            "epoch": epoch, "epochs": epochs,
        }),
        Progress::Init { network, tensors } => {
            json!({"event": "init", "network": network, "tensors": tensors})
        }
        Progress::Epoch(report) => json!({
            "event": "epoch", "epoch": report.epoch, "loss": number(report.loss),
            "seconds": report.time.as_secs_f64(),
        }),
        _ => return None,
    })
}

/// An event of `automl compress`.
#[cfg(feature = "train")]
pub(crate) fn compression_event(progress: &automl::search::compression::Progress) -> Option<Value> {
    use automl::compress::CompressionEvent;
    use automl::search::compression::Progress;
    Some(match progress {
        Progress::Note(text) => json!({"event": "note", "text": text}),
        Progress::Start { data, device, cost, epochs, .. } => json!({
            "event": "start", "data": data, "device": device, "params": cost.parameters,
            "macs": cost.macs, "epochs": epochs,
        }),
        Progress::Step(CompressionEvent::Smaller { parameters, macs }) => {
            json!({"event": "smaller", "params": parameters, "macs": macs})
        }
        Progress::Step(CompressionEvent::Instead(error)) => {
            json!({"event": "note", "text": error.to_string()})
        }
        Progress::Step(CompressionEvent::Epoch(report)) => json!({
            "event": "epoch", "epoch": report.epoch, "loss": number(report.loss),
            "seconds": report.time.as_secs_f64(),
        }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_lacks_are_texts() {
        let event = TuneEvent::Trial {
            trial: 3,
            state: automl::study::State::Complete,
            fidelity: None,
            values: vec![("loss".into(), f64::NAN), ("acc".into(), 0.5)],
            reason: None,
        };
        let found = tune_event(&event).unwrap().to_string();
        assert!(found.contains(r#""acc":0.5"#) && found.contains(r#""loss":"NaN""#), "{found}");
        assert!(found.contains(r#""state":"complete""#), "{found}");
    }
}
