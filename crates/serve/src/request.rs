//! Requests of the protocol, read field by field so that an error names the field.

mod field;
mod init;
mod integer;
mod tell;

pub(super) use init::Init;
pub(super) use tell::{Tell, Told};

use serde_json::Value;

/// One request.
#[derive(Debug)]
pub(super) enum Request {
    Init(Box<Init>),
    Ask,
    Tell(Tell),
    Quit,
}

/// Reads one line.
pub(super) fn parse(line: &str) -> Result<Request, String> {
    let json: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    let Value::Object(map) = json else { return Err("a request is a JSON object".into()) };
    match map.get("cmd").and_then(Value::as_str) {
        Some("init") => integer::check(line)
            .and_then(|()| init::parse(&map))
            .map(|init| Request::Init(Box::new(init))),
        Some("ask") => Ok(Request::Ask),
        Some("tell") => tell::parse(&map).map(Request::Tell),
        Some("quit") => Ok(Request::Quit),
        Some(other) => Err(format!("unknown command {other:?}: init, ask, tell or quit")),
        None => Err("the request has no string \"cmd\"".into()),
    }
}
