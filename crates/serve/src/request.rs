//! Requests of the protocol, read field by field so that an error names the field.

use automl_registry::PartSpec;
use automl_space::Space;
use automl_study::part::nearest;
use automl_study::{Direction, Ladder};
use serde_json::{Map, Value};

/// One request.
#[derive(Debug)]
pub(super) enum Request {
    Init(Box<Init>),
    Ask,
    Tell(Tell),
    Quit,
}

/// The start of a study.
#[derive(Debug)]
pub(super) struct Init {
    pub(super) space: Space,
    /// Without one a stored study keeps its own.
    pub(super) seed: Option<u64>,
    pub(super) budget: Option<u64>,
    pub(super) directions: Vec<Direction>,
    pub(super) sampler: PartSpec,
    pub(super) scheduler: PartSpec,
    pub(super) storage: Option<String>,
    pub(super) study: String,
    /// Whether other processes work on the study too.
    pub(super) shared: bool,
    pub(super) constraints: usize,
    pub(super) fidelity: Option<Fidelity>,
}

/// The ladder and what the client will pay in all.
#[derive(Debug)]
pub(super) struct Fidelity {
    pub(super) ladder: Ladder,
    pub(super) total_cost: Option<f64>,
}

/// A result.
#[derive(Debug)]
pub(super) struct Tell {
    pub(super) id: u64,
    pub(super) result: Told,
    pub(super) constraints: Vec<f64>,
    pub(super) fidelity: Option<u64>,
}

/// What was told of a trial.
#[derive(Debug)]
pub(super) enum Told {
    Values(Vec<f64>),
    Pruned,
    Failed(String),
}

/// Reads one line.
pub(super) fn parse(line: &str) -> Result<Request, String> {
    let json: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    let Value::Object(map) = json else { return Err("a request is a JSON object".into()) };
    match map.get("cmd").and_then(Value::as_str) {
        Some("init") => init(&map).map(|init| Request::Init(Box::new(init))),
        Some("ask") => Ok(Request::Ask),
        Some("tell") => tell(&map).map(Request::Tell),
        Some("quit") => Ok(Request::Quit),
        Some(other) => Err(format!("unknown command {other:?}: init, ask, tell or quit")),
        None => Err("the request has no string \"cmd\"".into()),
    }
}

/// A field that is present and not null.
fn field<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn unsigned(map: &Map<String, Value>, name: &str) -> Result<Option<u64>, String> {
    let wrong = |value: &Value| format!("{name:?} must be an integer of at least 0, not {value}");
    field(map, name).map(|value| whole(value).ok_or_else(|| wrong(value))).transpose()
}

/// An integer; clients that only know floats write `3.0`.
fn integer(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9e15);
    value.as_i64().or_else(|| float().map(|x| x as i64))
}

/// An integer of at least 0.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| integer(value)?.try_into().ok())
}

fn text(map: &Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    field(map, name)
        .map(|value| match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(format!("{name:?} must be a string, not {other}")),
        })
        .transpose()
}

/// A sampler or scheduler: a name, a name with options in braces, or an object.
fn part(map: &Map<String, Value>, name: &str) -> Result<PartSpec, String> {
    let Some(value) = field(map, name) else { return Ok(PartSpec::named("auto")) };
    if !matches!(value, Value::String(_) | Value::Object(_)) {
        return Err(format!("{name:?} must be a name or an object with a \"name\", not {value}"));
    }
    serde_json::from_value(value.clone()).map_err(|error| format!("{name:?}: {error}"))
}

/// Refuses fields that the request does not have.
fn known_only(what: &str, map: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    let Some(other) = map.keys().find(|key| !known.contains(&key.as_str())) else { return Ok(()) };
    let hint = nearest(other, known.iter().copied());
    let hint = hint.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default();
    Err(format!("{what} has no field {other:?}{hint}: {}", known.join(", ")))
}

/// The fields of `init`.
const INIT: &[&str] = &[
    "cmd",
    "protocol",
    "space",
    "seed",
    "budget",
    "n_objectives",
    "direction",
    "sampler",
    "scheduler",
    "storage",
    "study",
    "shared",
    "constraints",
    "fidelity",
];

/// The fields of `fidelity`.
const FIDELITY: &[&str] = &["name", "type", "min", "max", "resumable", "total_cost"];

fn init(map: &Map<String, Value>) -> Result<Init, String> {
    known_only("init", map, INIT)?;
    match unsigned(map, "protocol")? {
        None | Some(1) => {}
        Some(other) => return Err(format!("protocol {other} is unknown: this is version 1")),
    }
    let space = field(map, "space").ok_or("init needs a \"space\"")?;
    let space = Space::from_json(space).map_err(|e| e.to_string())?;
    // Any integer is a seed: a negative one is taken as its bit pattern.
    let seed = |value: &Value| whole(value).or_else(|| integer(value).map(|seed| seed as u64));
    let wrong = |value: &Value| format!("\"seed\" must be an integer, not {value}");
    let seed =
        field(map, "seed").map(|value| seed(value).ok_or_else(|| wrong(value))).transpose()?;
    let objectives = unsigned(map, "n_objectives")?.unwrap_or(1);
    if !(1..=64).contains(&objectives) {
        return Err(format!("\"n_objectives\" must lie between 1 and 64, not {objectives}"));
    }
    Ok(Init {
        space,
        seed,
        budget: unsigned(map, "budget")?,
        directions: directions(field(map, "direction"), objectives as usize)?,
        sampler: part(map, "sampler")?,
        scheduler: part(map, "scheduler")?,
        storage: text(map, "storage")?,
        shared: match field(map, "shared") {
            None => false,
            Some(Value::Bool(shared)) => *shared,
            Some(other) => return Err(format!("\"shared\" must be true or false, not {other}")),
        },
        study: text(map, "study")?.unwrap_or_else(|| "study".into()),
        constraints: unsigned(map, "constraints")?.unwrap_or(0) as usize,
        fidelity: field(map, "fidelity").map(fidelity).transpose()?,
    })
}

fn direction(value: &Value) -> Result<Direction, String> {
    match value.as_str() {
        Some("minimize") => Ok(Direction::Minimize),
        Some("maximize") => Ok(Direction::Maximize),
        _ => Err(format!("a direction is \"minimize\" or \"maximize\", not {value}")),
    }
}

fn directions(value: Option<&Value>, objectives: usize) -> Result<Vec<Direction>, String> {
    match value {
        None => Ok(vec![Direction::Minimize; objectives]),
        Some(Value::Array(list)) if list.len() == objectives => {
            list.iter().map(direction).collect()
        }
        Some(Value::Array(list)) => {
            Err(format!("{} directions for {objectives} objectives", list.len()))
        }
        Some(one) => Ok(vec![direction(one)?; objectives]),
    }
}

fn fidelity(value: &Value) -> Result<Fidelity, String> {
    let Value::Object(map) = value else {
        return Err(format!("\"fidelity\" must be an object, not {value}"));
    };
    known_only("\"fidelity\"", map, FIDELITY)?;
    if let Some(kind) = text(map, "type")?
        && kind != "int"
    {
        return Err(format!("a fidelity of type {kind:?} is not supported: int"));
    }
    let name = text(map, "name")?.unwrap_or_else(|| "fidelity".into());
    let min = unsigned(map, "min")?.ok_or("\"fidelity\" needs a \"min\"")?;
    let max = unsigned(map, "max")?.ok_or("\"fidelity\" needs a \"max\"")?;
    let resumable = match field(map, "resumable") {
        None => false,
        Some(Value::Bool(resumable)) => *resumable,
        Some(other) => return Err(format!("\"resumable\" must be true or false, not {other}")),
    };
    let total_cost = match field(map, "total_cost") {
        None => None,
        Some(value) => match value.as_f64() {
            Some(cost) if cost > 0.0 => Some(cost),
            _ => return Err(format!("\"total_cost\" must be a positive number, not {value}")),
        },
    };
    let ladder = Ladder::new(&name, min, max, resumable).map_err(|e| e.to_string())?;
    Ok(Fidelity { ladder, total_cost })
}

fn tell(map: &Map<String, Value>) -> Result<Tell, String> {
    let id = match field(map, "id") {
        None => return Err("tell needs an \"id\"".into()),
        Some(value) => {
            let text = value.as_str().and_then(|text| text.parse().ok());
            whole(value).or(text).ok_or_else(|| format!("there is no open trial {value}"))?
        }
    };
    let constraints = match field(map, "constraints") {
        None => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| number(value, "constraints").map(|c| c.unwrap_or(f64::NAN)))
            .collect::<Result<_, _>>()?,
        Some(other) => return Err(format!("\"constraints\" must be a list, not {other}")),
    };
    Ok(Tell { id, result: told(map)?, constraints, fidelity: unsigned(map, "fidelity")? })
}

fn told(map: &Map<String, Value>) -> Result<Told, String> {
    match text(map, "state")?.as_deref() {
        Some("failed") => return Ok(Told::Failed("the client told a failure".into())),
        Some("pruned") => return Ok(Told::Pruned),
        None | Some("complete") => {}
        Some(other) => {
            return Err(format!("unknown state {other:?}: complete, pruned or failed"));
        }
    }
    let values = match (map.get("value"), map.get("values")) {
        (Some(_), Some(_)) => return Err("tell holds \"value\" or \"values\", not both".into()),
        (None, None) => return Err("tell needs a \"value\" or \"values\"".into()),
        (Some(value), None) => number(value, "value")?.map(|value| vec![value]),
        (None, Some(Value::Null)) => None,
        (None, Some(Value::Array(list))) => {
            list.iter().map(|value| number(value, "values")).collect::<Result<Option<_>, _>>()?
        }
        (None, Some(other)) => return Err(format!("\"values\" must be a list, not {other}")),
    };
    Ok(match values {
        Some(values) => Told::Values(values),
        None => Told::Failed("the client told no value".into()),
    })
}

/// A number, or what stands for one that JSON cannot write; `None` for null.
fn number(value: &Value, name: &str) -> Result<Option<f64>, String> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(number.as_f64()),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "nan" => Ok(Some(f64::NAN)),
            "inf" | "infinity" => Ok(Some(f64::INFINITY)),
            "-inf" | "-infinity" => Ok(Some(f64::NEG_INFINITY)),
            _ => Err(format!("{name:?} must be a number, not {text:?}")),
        },
        other => Err(format!("{name:?} must be a number, not {other}")),
    }
}
