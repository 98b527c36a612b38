//! Requests of the protocol, read field by field so that an error names the field.

mod field;
mod given;
mod init;
mod integer;
mod tell;
mod trials;

pub(super) use given::Added;
pub(super) use init::{Init, SpaceSource};
pub(super) use tell::{Tell, Told};
pub(super) use trials::Page;

use serde_json::{Map, Value};

/// One request.
#[derive(Debug)]
pub(super) enum Request {
    Init(Box<Init>),
    /// The next trial, or the one of this number.
    Ask(Option<u64>),
    Tell(Tell),
    /// Parameters of a trial that is asked next.
    Enqueue(Map<String, Value>),
    /// A result from elsewhere.
    Add(Added),
    Best,
    /// The best trial where losses are noisy.
    Recommend,
    Front,
    Trials(Page),
    /// The importance of the parameters for an objective.
    Importance(usize),
    Quit,
}

/// The commands.
const COMMANDS: &[&str] = &[
    "init",
    "ask",
    "tell",
    "enqueue",
    "add",
    "best",
    "recommend",
    "front",
    "trials",
    "importance",
    "quit",
];

/// Reads one line.
pub(super) fn parse(line: &str) -> Result<Request, String> {
    let json: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    let Value::Object(map) = json else { return Err("a request is a JSON object".into()) };
    let only = |known: &[&str]| {
        let command = map.get("cmd").and_then(Value::as_str).unwrap_or_default();
        field::known_only(command, &map, &[&["cmd"], known].concat())
    };
    match map.get("cmd").and_then(Value::as_str) {
        Some("init") => integer::check(line)
            .and_then(|()| init::parse(&map))
            .map(|init| Request::Init(Box::new(init))),
        Some("ask") => only(&["id"]).and_then(|()| tell::id(&map)).map(Request::Ask),
        Some("tell") => tell::parse(&map).map(Request::Tell),
        Some("enqueue") => {
            only(&["params"]).and_then(|()| given::params(&map)).map(Request::Enqueue)
        }
        Some("add") => given::parse(&map).map(Request::Add),
        Some("best") => only(&[]).map(|()| Request::Best),
        Some("recommend") => only(&[]).map(|()| Request::Recommend),
        Some("front") => only(&[]).map(|()| Request::Front),
        Some("trials") => trials::parse(&map).map(Request::Trials),
        Some("importance") => only(&["objective"])
            .and_then(|()| field::unsigned(&map, "objective"))
            .map(|objective| Request::Importance(objective.unwrap_or(0) as usize)),
        Some("quit") => only(&[]).map(|()| Request::Quit),
        Some(other) => Err(unknown(other)),
        None => Err("the request has no string \"cmd\"".into()),
    }
}

/// The message for a command that there is not.
fn unknown(command: &str) -> String {
    let hint = automl_study::part::nearest(command, COMMANDS.iter().copied());
    let hint = hint.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default();
    format!("unknown command {command:?}{hint}: {}", COMMANDS.join(", "))
}
