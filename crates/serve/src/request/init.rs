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
    pub(crate) space: SpaceSource,
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
    /// Whether each reply to `tell` says what becomes of the trial.
    pub(crate) verdicts: bool,
}

/// Where the space comes from.
#[derive(Debug)]
pub(crate) enum SpaceSource {
    Given(Space),
    /// From a study of this name in the storage.
    Stored(String),
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
    "verdicts",
];

/// The fields of `fidelity`.
const FIDELITY: &[&str] = &["name", "type", "min", "max", "resumable", "total_cost"];

pub(super) fn parse(map: &Map<String, Value>) -> Result<Init, String> {
    field::known_only("init", map, INIT)?;
    match field::unsigned(map, "protocol")? {
        None | Some(1) => {}
        Some(other) => return Err(format!("protocol {other} is unknown: this is version 1")),
    }
    let study = field::text(map, "study")?.unwrap_or_else(|| "study".into());
    let space = space(map, &study)?;
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
        shared: field::flag(map, "shared")?,
        worker: field::text(map, "worker")?,
        study,
        constraints: field::unsigned(map, "constraints")?.unwrap_or(0) as usize,
        fidelity: field::get(map, "fidelity").map(fidelity).transpose()?,
        warm_start: field::get(map, "warm_start").map_or(Ok(Vec::new()), sources)?,
        verdicts: field::flag(map, "verdicts")?,
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

/// The space: in the form of the protocol or of ConfigSpace, or that of a stored study. Without one a
/// stored study keeps its own.
fn space(map: &Map<String, Value>, study: &str) -> Result<SpaceSource, String> {
    let given = match field::get(map, "space") {
        Some(Value::String(name)) if field::get(map, "storage").is_none() => {
            return Err(format!("the space of the study {name:?} needs a \"storage\""));
        }
        Some(Value::String(name)) => return Ok(SpaceSource::Stored(name.clone())),
        Some(space) if space.get("hyperparameters").is_some() => Space::from_configspace(space),
        Some(space) => Space::from_json(space),
        None if field::get(map, "storage").is_some() => {
            return Ok(SpaceSource::Stored(study.to_owned()));
        }
        None => return Err("init needs a \"space\"".into()),
    };
    given.map(SpaceSource::Given).map_err(|e| e.to_string())
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
    let resumable = field::flag(map, "resumable")?;
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
