//! The request that begins a study.

use super::field;
use automl_registry::PartSpec;
use automl_space::Space;
use automl_study::{Direction, Ladder};
use automl_transfer::SourceSpec;
use serde_json::{Map, Value};

/// The start of a study.
#[derive(Debug)]
pub(crate) struct Init {
    pub(crate) space: Space,
    /// Without one a stored study keeps its own.
    pub(crate) seed: Option<u64>,
    pub(crate) budget: Option<u64>,
    pub(crate) directions: Vec<Direction>,
    pub(crate) sampler: PartSpec,
    pub(crate) scheduler: PartSpec,
    pub(crate) storage: Option<String>,
    pub(crate) study: String,
    /// Whether other processes work on the study too.
    pub(crate) shared: bool,
    /// The name of this worker and of its predecessor.
    pub(crate) worker: Option<String>,
    pub(crate) constraints: usize,
    pub(crate) fidelity: Option<Fidelity>,
    /// Earlier studies to learn from.
    pub(crate) warm_start: Vec<SourceSpec>,
}

/// The ladder and what the client will pay in all.
#[derive(Debug)]
pub(crate) struct Fidelity {
    pub(crate) ladder: Ladder,
    pub(crate) total_cost: Option<f64>,
}

/// A sampler or scheduler: a name, a name with options in braces, or an object.
fn part(map: &Map<String, Value>, name: &str) -> Result<PartSpec, String> {
    let Some(value) = field::get(map, name) else { return Ok(PartSpec::named("auto")) };
    if !matches!(value, Value::String(_) | Value::Object(_)) {
        return Err(format!("{name:?} must be a name or an object with a \"name\", not {value}"));
    }
    serde_json::from_value(value.clone()).map_err(|error| format!("{name:?}: {error}"))
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
    "worker",
    "constraints",
    "fidelity",
    "warm_start",
];

/// The fields of `fidelity`.
const FIDELITY: &[&str] = &["name", "type", "min", "max", "resumable", "total_cost"];

pub(super) fn parse(map: &Map<String, Value>) -> Result<Init, String> {
    field::known_only("init", map, INIT)?;
    match field::unsigned(map, "protocol")? {
        None | Some(1) => {}
        Some(other) => return Err(format!("protocol {other} is unknown: this is version 1")),
    }
    let space = field::get(map, "space").ok_or("init needs a \"space\"")?;
    let space = Space::from_json(space).map_err(|e| e.to_string())?;
    // Any integer is a seed: a negative one is taken as its bit pattern.
    let seed = |value: &Value| {
        field::whole(value).or_else(|| field::integer(value).map(|seed| seed as u64))
    };
    let wrong = |value: &Value| format!("\"seed\" must be an integer, not {value}");
    let seed =
        field::get(map, "seed").map(|value| seed(value).ok_or_else(|| wrong(value))).transpose()?;
    let objectives = field::unsigned(map, "n_objectives")?.unwrap_or(1);
    if !(1..=64).contains(&objectives) {
        return Err(format!("\"n_objectives\" must lie between 1 and 64, not {objectives}"));
    }
    Ok(Init {
        space,
        seed,
        budget: field::unsigned(map, "budget")?,
        directions: directions(field::get(map, "direction"), objectives as usize)?,
        sampler: part(map, "sampler")?,
        scheduler: part(map, "scheduler")?,
        storage: field::text(map, "storage")?,
        shared: match field::get(map, "shared") {
            None => false,
            Some(Value::Bool(shared)) => *shared,
            Some(other) => return Err(format!("\"shared\" must be true or false, not {other}")),
        },
        worker: field::text(map, "worker")?,
        study: field::text(map, "study")?.unwrap_or_else(|| "study".into()),
        constraints: field::unsigned(map, "constraints")?.unwrap_or(0) as usize,
        fidelity: field::get(map, "fidelity").map(fidelity).transpose()?,
        warm_start: field::get(map, "warm_start").map_or(Ok(Vec::new()), sources)?,
    })
}

/// A source, or a list of sources.
fn sources(value: &Value) -> Result<Vec<SourceSpec>, String> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let read = |value: &Value| {
        serde_json::from_value(value.clone()).map_err(|error| format!("\"warm_start\": {error}"))
    };
    list.iter().map(read).collect()
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
    field::known_only("\"fidelity\"", map, FIDELITY)?;
    if let Some(kind) = field::text(map, "type")?
        && kind != "int"
    {
        return Err(format!("a fidelity of type {kind:?} is not supported: int"));
    }
    let name = field::text(map, "name")?.unwrap_or_else(|| "fidelity".into());
    let min = field::unsigned(map, "min")?.ok_or("\"fidelity\" needs a \"min\"")?;
    let max = field::unsigned(map, "max")?.ok_or("\"fidelity\" needs a \"max\"")?;
    let resumable = match field::get(map, "resumable") {
        None => false,
        Some(Value::Bool(resumable)) => *resumable,
        Some(other) => return Err(format!("\"resumable\" must be true or false, not {other}")),
    };
    let total_cost = match field::get(map, "total_cost") {
        None => None,
        Some(value) => match value.as_f64() {
            Some(cost) if cost > 0.0 => Some(cost),
            _ => return Err(format!("\"total_cost\" must be a positive number, not {value}")),
        },
    };
    let ladder = Ladder::new(&name, min, max, resumable).map_err(|e| e.to_string())?;
    Ok(Fidelity { ladder, total_cost })
}
