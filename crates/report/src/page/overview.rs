//! What was asked and what came out.

use super::PageOptions;
use crate::StudyData;
use crate::data::state_name;
use crate::plot::{count, duration, isolated, number};
use automl_study::{Direction, State};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

/// Title, state and the few figures that matter most.
pub(super) fn header(data: &StudyData, options: &PageOptions) -> Markup {
    let written = options.written.unwrap_or_else(|| Timestamp::now().as_microsecond());
    let running = data.count(State::Running);
    html! {
        p.kind { @if data.settings().is_search() { "Search" } @else { "Study" } }
        h1 { bdi { (data.name()) } }
        p.state {
            @if options.is_live {
                span.live { "under way" }
                " · " label { input type="checkbox" #reload checked; " reload every 10 s" }
                " · "
            } @else if running > 0 {
                (count(running as u64)) (if running == 1 { " trial was" } else { " trials were" }) " running · "
            }
            "written " time datetime=(time(written)) { (time(written)) }
        }
        dl.headline {
            div { dt { "trials" } dd { (count(data.trials().len() as u64)) } }
            @for at in 0..data.objectives().len().min(3) { (best(data, at)) }
            @if data.objectives().len() > 1 {
                div { dt { "on the front" } dd { (count(data.front().len() as u64)) } }
            }
            @if let Some(seconds) = span(data) { div { dt { "time" } dd { (duration(seconds)) } } }
        }
    }
}

fn best(data: &StudyData, at: usize) -> Markup {
    let objective = &data.objectives()[at];
    html! {
        @if let Some(trial) = data.best(at) {
            div {
                dt { "best " bdi { (objective.name) } }
                dd { (number(trial.values[at])) }
                dd.n { "trial " (trial.number) }
            }
            @if let Some(other) = data.recommended().filter(|other| other.number != trial.number) {
                div {
                    dt { "recommended" }
                    dd { (number(other.values[at])) }
                    dd.n { "trial " (other.number) ", by a model of the noise" }
                }
            }
        }
    }
}

/// Seconds from the first start to the last end.
fn span(data: &StudyData) -> Option<f64> {
    let start = data.trials().iter().filter_map(|trial| trial.started).min()?;
    let end = data.trials().iter().filter_map(|trial| trial.finished.max(trial.started)).max()?;
    Some((end - start).max(0) as f64 / 1e6)
}

/// UTC, to the second.
fn time(micros: i64) -> String {
    let time = Timestamp::from_microsecond(micros).ok();
    time.map(|time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()).unwrap_or_default()
}

/// Settings and results in two lists.
pub(super) fn facts(data: &StudyData) -> Markup {
    html! {
        div.columns {
            div { h3 { "Asked" } dl.facts { @for (name, value) in asked(data) { dt { bdi { (name) } } dd { bdi { (value) } } } } }
            div { h3 { "Came out" } dl.facts { @for (name, value) in came(data) { dt { bdi { (name) } } dd { bdi { (value) } } } } }
        }
        @if let Some(command) = command(data) {
            h3 { "Again" }
            pre { code { (command) } }
        }
    }
}

fn asked(data: &StudyData) -> Vec<(String, String)> {
    let settings = data.settings();
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut push = |name: &str, value: Option<String>| {
        rows.extend(value.map(|value| (name.to_owned(), value)));
    };
    let goal = |direction: Direction| match direction {
        Direction::Minimize => "smallest",
        Direction::Maximize => "largest",
    };
    let objectives: Vec<String> = data
        .objectives()
        .iter()
        .map(|o| format!("{} {}", goal(o.direction), isolated(&o.name)))
        .collect();
    push("objectives", Some(objectives.join(", ")));
    push("parameters", Some(count(data.params().len() as u64)));
    for (name, path) in [
        ("data set", "data.dataset"),
        ("trials", "search.trials"),
        ("sampler", "search.sampler"),
        ("scheduler", "search.scheduler"),
        ("epochs", "training.epochs"),
        ("recipe", "training.recipe"),
        ("at most, parameters", "search.max-params"),
        ("at most, MACs", "search.max-macs"),
        ("at most, time for one image", "search.max-latency"),
        ("time limit", "search.timeout"),
        ("workers", "workers"),
        ("device", "device"),
    ] {
        push(name, settings.get(path));
    }
    push("seed", settings.seed.map(|seed| seed.to_string()).or_else(|| settings.get("seed")));
    rows
}

fn came(data: &StudyData) -> Vec<(String, String)> {
    let states = [
        State::Complete,
        State::Pruned,
        State::Paused,
        State::Running,
        State::Waiting,
        State::Failed,
    ];
    let counts = states.into_iter().map(|state| (state, data.count(state))).filter(|(_, n)| *n > 0);
    let counts: Vec<String> =
        counts.map(|(state, n)| format!("{} {}", count(n as u64), state_name(state))).collect();
    let mut rows = vec![(
        "trials".to_owned(),
        if counts.is_empty() { "none yet".to_owned() } else { counts.join(", ") },
    )];
    for (at, objective) in data.objectives().iter().enumerate() {
        if let Some(trial) = data.best(at) {
            let value = format!("{} (trial {})", number(trial.values[at]), trial.number);
            rows.push((format!("best {}", objective.name), value));
        }
    }
    let feasible = data.trials().iter().filter(|trial| !trial.is_feasible()).count();
    if feasible > 0 {
        rows.push(("violate a constraint".into(), count(feasible as u64)));
    }
    let summary = &data.settings().summary;
    if let Some(device) = summary["device"].as_str() {
        rows.push(("device".into(), device.to_owned()));
    }
    if let Some(seconds) = summary["seconds"].as_f64() {
        rows.push(("time of the last run".into(), duration(seconds)));
    }
    if !data.networks().is_empty() {
        rows.push(("networks".into(), count(data.networks().len() as u64)));
    }
    rows.push(("record".into(), data.place().to_owned()));
    rows
}

/// The command that makes the study again, of a search.
fn command(data: &StudyData) -> Option<String> {
    let settings = data.settings();
    if !settings.is_search() {
        return None;
    }
    let mut assignments = Vec::new();
    leaves("", &settings.tree, &mut assignments);
    Some(format!("automl search {}", assignments.join(" ")))
}

/// An option `--set path=value` for each setting that has a value, without those that name the study.
fn leaves(path: &str, tree: &Value, assignments: &mut Vec<String>) {
    match tree {
        Value::Object(fields) => {
            for (name, value) in fields {
                let own = path.is_empty() && ["runs", "storage", "study"].contains(&name.as_str());
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if !own {
                    leaves(&path, value, assignments);
                }
            }
        }
        Value::Null => {}
        Value::String(text) => {
            assignments.push(format!("--set {}", quoted(&format!("{path}={text}"))))
        }
        other => assignments.push(format!("--set {}", quoted(&format!("{path}={other}")))),
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "=._-/,:@%+".contains(c));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
