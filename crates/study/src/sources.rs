//! Trials of earlier studies in the terms of a new one.

mod agreement;
mod control;
mod pinned;

pub use agreement::{ranking_evidence, ranking_weights};
pub(crate) use pinned::pinned;

use automl_space::{Config, Space, Value};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The largest violation that is kept: an infinite one has no JSON form.
const MAX_VIOLATION: f64 = 1e300;

/// One trial of an earlier study.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceTrial {
    /// The configuration in the space of the new study.
    pub config: Config,
    /// Finite losses, one for each objective of the new study; smaller is better.
    pub losses: Vec<f64>,
    /// The sum of the positive constraint values, at least 0.
    pub violation: f64,
    /// Whether the trial was trained to the highest fidelity of its study.
    pub complete: bool,
}

/// One earlier study.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The name, for messages.
    pub name: String,
    /// Whether the earlier study had each parameter of the new space; the values of the others are
    /// defaults and say nothing. `[parameters]`
    pub known: Vec<bool>,
    /// The trials with losses.
    pub trials: Vec<SourceTrial>,
}

/// Earlier studies that a new one learns from, and the configurations that it tries first.
///
/// Samplers and schedulers receive them by [`Sampler::warm_start`](crate::Sampler::warm_start) and
/// [`Scheduler::warm_start`](crate::Scheduler::warm_start); [`StudyBuilder::warm_start`] sees to that.
/// Cheap to clone. The crate `automl-transfer` makes them from recorded studies.
///
/// [`StudyBuilder::warm_start`]: crate::StudyBuilder::warm_start
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_study::{Sources, Study};
///
/// let mut space = Space::builder();
/// space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let good = space.decode(&[0.3]);
/// let sources = Sources::new(vec![good.clone()], vec![]);
/// let mut study = Study::builder(space).warm_start(sources).build()?;
/// assert_eq!(study.ask()?.config, good);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources(Arc<Inner>);

#[derive(Debug, Default, PartialEq)]
struct Inner {
    first: Vec<Config>,
    studies: Vec<Source>,
}

impl Sources {
    /// Earlier `studies`, and the configurations of the first trials in order.
    pub fn new(first: Vec<Config>, studies: Vec<Source>) -> Self {
        Self(Arc::new(Inner { first, studies }))
    }

    /// The configurations of the first trials, in order.
    pub fn first(&self) -> &[Config] {
        &self.0.first
    }

    /// The earlier studies.
    pub fn studies(&self) -> &[Source] {
        &self.0.studies
    }

    /// Whether there are neither earlier studies nor first configurations.
    pub fn is_empty(&self) -> bool {
        self.0.first.is_empty() && self.0.studies.is_empty()
    }

    /// The number of objectives of the earlier studies; 0 without any.
    pub fn objectives(&self) -> usize {
        let trials = self.studies().iter().flat_map(|study| &study.trials);
        trials.map(|trial| trial.losses.len()).next().unwrap_or(0)
    }

    /// The same with at most so many first configurations.
    #[must_use]
    pub fn with_first(self, most: usize) -> Self {
        if self.first().len() <= most {
            return self;
        }
        Self::new(self.first()[..most].to_vec(), self.studies().to_vec())
    }

    /// The same with `config` as the very first trial, unless it is one of the first already.
    #[must_use]
    pub fn with_default(self, config: Config) -> Self {
        if self.first().contains(&config) {
            return self;
        }
        let mut first = vec![config];
        first.extend_from_slice(self.first());
        Self::new(first, self.studies().to_vec())
    }

    /// The JSON form, with values by position in the space.
    pub(crate) fn to_json(&self) -> Json {
        let trial = |trial: &SourceTrial| {
            json!([
                values(&trial.config),
                trial.losses,
                trial.violation.min(MAX_VIOLATION),
                trial.complete
            ])
        };
        let study = |study: &Source| {
            let trials: Vec<Json> = study.trials.iter().map(trial).collect();
            json!({ "name": study.name, "known": study.known, "trials": trials })
        };
        let first: Vec<Json> = self.first().iter().map(values).collect();
        json!({ "first": first, "studies": self.studies().iter().map(study).collect::<Vec<_>>() })
    }

    /// Reads [`Sources::to_json`]; `None` where it does not fit the space.
    pub(crate) fn from_json(json: &Json, space: &Space) -> Option<Self> {
        let trial = |json: &Json| {
            let numbers = json[1].as_array()?.iter().map(Json::as_f64);
            Some(SourceTrial {
                config: config(&json[0], space)?,
                losses: numbers.collect::<Option<_>>()?,
                violation: json[2].as_f64()?,
                complete: json[3].as_bool()?,
            })
        };
        let study = |json: &Json| {
            let known = json["known"].as_array()?.iter().map(Json::as_bool);
            Some(Source {
                name: json["name"].as_str()?.to_owned(),
                known: known.collect::<Option<_>>()?,
                trials: json["trials"].as_array()?.iter().map(trial).collect::<Option<_>>()?,
            })
        };
        let first = json["first"].as_array()?.iter().map(|c| config(c, space));
        let studies = json["studies"].as_array()?.iter().map(study);
        Some(Self::new(first.collect::<Option<_>>()?, studies.collect::<Option<_>>()?))
    }
}

/// The values of a configuration: numbers, indices of choices, and null where inactive.
fn values(config: &Config) -> Json {
    let one = |value| match value {
        None => Json::Null,
        Some(Value::Float(x)) => json!(x),
        Some(Value::Int(x)) => json!(x),
        Some(Value::Category(index)) => json!(index),
    };
    config.values().map(one).collect()
}

/// The configuration with these [`values`]; `None` where it does not fit the space.
fn config(json: &Json, space: &Space) -> Option<Config> {
    use automl_space::Domain;
    let list = json.as_array().filter(|list| list.len() == space.len())?;
    let mut config = Config::empty(space.len());
    for (index, (json, param)) in list.iter().zip(space.params()).enumerate() {
        let value = match (json, param.domain()) {
            (Json::Null, _) => None,
            (json, Domain::Float(_)) => Some(Value::Float(json.as_f64()?)),
            (json, Domain::Int(_)) => Some(Value::Int(json.as_i64()?)),
            (json, Domain::Categorical(_)) => {
                Some(Value::Category(usize::try_from(json.as_u64()?).ok()?))
            }
        };
        config.set(index, value);
    }
    space.check(&config).ok().map(|()| config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_json_form_gives_everything_back(
            units in proptest::collection::vec(proptest::array::uniform3(0.0..1.0f64), 1..8),
            loss in -1e9..1e9f64,
        ) {
            let mut builder = Space::builder();
            let kind = builder.choice("kind", ["a", "b"]).add().unwrap();
            builder.float("x", 1e-4..=1.0).log().add().unwrap();
            builder.int("n", 1..=9).when(kind, "a").add().unwrap();
            let space = builder.build().unwrap();
            let configs: Vec<Config> = units.iter().map(|unit| space.decode(unit)).collect();
            let trial = |config: &Config| SourceTrial {
                config: config.clone(),
                losses: vec![loss, -loss],
                violation: 0.5,
                complete: loss > 0.0,
            };
            let study = Source {
                name: "earlier".into(),
                known: vec![true, false, true],
                trials: configs.iter().map(trial).collect(),
            };
            let sources = Sources::new(configs[..1].to_vec(), vec![study]);
            let text = sources.to_json().to_string();
            let json: Json = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(Sources::from_json(&json, &space), Some(sources));
        }
    }
}
