//! Parts that describe themselves: name, options with ranges and defaults, documentation and
//! constructor in one place.
//!
//! A sampler or scheduler has a configuration, declared with [`options!`](crate::options). From that
//! one declaration come the serde form (TOML, JSON, `name{option=value}` of the command line), the
//! check of the ranges, the help text and the reference page.
//!
//! # Examples
//! A sampler of one's own, with an option:
//! ```
//! use automl_space::Config;
//! use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};
//! use automl_study::{ProposeError, Sampler, View};
//! use rand::{Rng, RngExt};
//!
//! automl_study::options! {
//!     /// Uniform draws with a share of repetitions of the first trial.
//!     pub struct RepeatConfig = "repeat" {
//!         /// Share of the proposals that repeat the first trial.
//!         pub share: f64 = 0.1, in inside(0.0, 1.0);
//!     }
//! }
//!
//! impl SamplerConfig for RepeatConfig {
//!     fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
//!         self.check()?;
//!         Ok(Box::new(Repeat { share: self.share }))
//!     }
//! }
//!
//! #[derive(Debug)]
//! struct Repeat {
//!     share: f64,
//! }
//!
//! impl Sampler for Repeat {
//!     fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
//!         match view.history.trials().first() {
//!             Some(first) if rng.random::<f64>() < self.share => Ok(first.config.clone()),
//!             _ => Ok(view.space.sample(rng)),
//!         }
//!     }
//! }
//!
//! let config = RepeatConfig::from_options(&serde_json::from_str(r#"{"share": 0.5}"#)?)?;
//! assert_eq!(config, RepeatConfig { share: 0.5 });
//! let error = RepeatConfig { share: 1.5 }.check().unwrap_err();
//! assert_eq!(error.to_string(), "repeat: share = 1.5 is not in (0, 1)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allowed;
mod context;
mod macros;

pub use allowed::Allowed;
pub use context::{StudyContext, Supports};

use crate::{Sampler, Scheduler};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;
use thiserror::Error;

/// Options as JSON, by name.
pub type Options = Map<String, Value>;

/// A refused option, or a study that the part does not support.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum OptionError {
    /// The part has no option of this name.
    #[error("{part} has no option {option:?}{}; its options: {known}",
        nearest.as_ref().map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default())]
    Unknown {
        /// The part.
        part: &'static str,
        /// The name given.
        option: String,
        /// The option with the most similar name.
        nearest: Option<String>,
        /// All options of the part.
        known: String,
    },
    /// A value of the wrong type, or outside the option's range.
    #[error("{part}: {option} = {value} is not {allowed}")]
    Value {
        /// The part.
        part: &'static str,
        /// The option.
        option: String,
        /// The value given.
        value: String,
        /// The allowed values.
        allowed: String,
    },
    /// The study has a property that the part cannot serve.
    #[error("{part} {reason}")]
    Unsupported {
        /// The part.
        part: &'static str,
        /// The reason, continuing the name of the part.
        reason: String,
    },
}

/// One option of a part.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Name of the Rust field.
    pub field: &'static str,
    /// Documentation.
    pub help: &'static str,
    /// Values that are allowed.
    pub allowed: Allowed,
    /// Whether the value may be absent (`null`).
    pub is_optional: bool,
}

impl OptionSpec {
    /// Name in settings and on the command line: the field's with hyphens.
    pub fn name(&self) -> String {
        self.field.replace('_', "-")
    }
}

/// The configuration of a part; declared with [`options!`](crate::options).
pub trait PartConfig:
    Serialize + DeserializeOwned + Default + Clone + fmt::Debug + Send + Sync + 'static
{
    /// Name of the part in settings, on the command line and in the protocol.
    const NAME: &'static str;

    /// Documentation of the part.
    const SUMMARY: &'static str;

    /// The options in order.
    const OPTIONS: &'static [OptionSpec];

    /// The options as JSON, by [`OptionSpec::name`].
    fn options(&self) -> Options {
        match serde_json::to_value(self) {
            Ok(Value::Object(options)) => options,
            _ => Options::new(),
        }
    }

    /// A configuration with these options, and defaults for the others. Names may have underscores
    /// in place of hyphens.
    ///
    /// # Errors
    /// [`OptionError::Unknown`] or [`OptionError::Value`].
    fn from_options(given: &Options) -> Result<Self, OptionError> {
        let mut config = Self::default();
        let mut options = config.options();
        for (name, value) in given {
            let name = name.replace('_', "-");
            let Some(spec) = Self::OPTIONS.iter().find(|spec| spec.name() == name) else {
                return Err(unknown::<Self>(&name));
            };
            options.insert(name, value.clone());
            // One by one, so that an error names the option.
            config = serde_json::from_value(Value::Object(options.clone()))
                .map_err(|_| refused::<Self>(spec, value))?;
        }
        config.check()?;
        Ok(config)
    }

    /// Checks the ranges of all options.
    ///
    /// # Errors
    /// [`OptionError::Value`] for the first value that is out of range.
    fn check(&self) -> Result<(), OptionError> {
        let options = self.options();
        for spec in Self::OPTIONS {
            let value = options.get(&spec.name()).unwrap_or(&Value::Null);
            let is_absent = value.is_null() && spec.is_optional;
            if !is_absent && !spec.allowed.contains(value) {
                return Err(refused::<Self>(spec, value));
            }
        }
        Ok(())
    }
}

/// A configuration that makes a sampler.
pub trait SamplerConfig: PartConfig {
    /// Kinds of studies that the sampler can serve.
    const SUPPORTS: Supports = Supports::EVERY_STUDY;

    /// The sampler for a study.
    ///
    /// # Errors
    /// [`OptionError`] for options out of range or a study that the sampler cannot serve.
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError>;
}

/// A configuration that makes a scheduler.
pub trait SchedulerConfig: PartConfig {
    /// Kinds of studies that the scheduler can serve.
    const SUPPORTS: Supports = Supports::WITH_FIDELITY;

    /// The scheduler for a study.
    ///
    /// # Errors
    /// [`OptionError`] for options out of range or a study that the scheduler cannot serve.
    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError>;
}

/// The known name most similar to `name`, for error texts; `None` where none is close
/// (Damerau-Levenshtein distance above a third of the length).
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &str| strsim::damerau_levenshtein(name, other);
    let closest = known.into_iter().min_by_key(|other| distance(other))?;
    (distance(closest) <= name.chars().count().max(3) / 3).then_some(closest)
}

/// Whether a type, as written, is an `Option`: used by [`options!`](crate::options).
#[doc(hidden)]
pub const fn is_optional(ty: &str) -> bool {
    matches!(ty.as_bytes(), [b'O', b'p', b't', b'i', b'o', b'n', b'<' | b' ', ..])
}

fn unknown<P: PartConfig>(option: &str) -> OptionError {
    let known: Vec<String> = P::OPTIONS.iter().map(OptionSpec::name).collect();
    OptionError::Unknown {
        part: P::NAME,
        option: option.to_owned(),
        nearest: nearest(option, known.iter().map(String::as_str)).map(str::to_owned),
        known: if known.is_empty() { "none".into() } else { known.join(", ") },
    }
}

fn refused<P: PartConfig>(spec: &OptionSpec, value: &Value) -> OptionError {
    OptionError::Value {
        part: P::NAME,
        option: spec.name(),
        value: value.to_string(),
        allowed: spec.allowed.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    crate::options! {
        /// A part of the tests.
        pub(crate) struct ExampleConfig = "example" {
            /// A count.
            pub start_up: u64 = 10, in at_least(1.0);
            /// A share.
            pub share: f64 = 0.25, in inside(0.0, 1.0);
            /// A limit, if any.
            pub limit: Option<u64> = None, in between(2.0, 8.0);
            /// A kind.
            pub kind: String = "fast".into(), in one_of(&["fast", "exact"]);
            /// A switch.
            pub verbose: bool = false, in any();
        }
    }

    fn parse(options: Value) -> Result<ExampleConfig, String> {
        let Value::Object(options) = options else { unreachable!() };
        ExampleConfig::from_options(&options).map_err(|error| error.to_string())
    }

    #[test]
    fn options_have_defaults_and_two_spellings() {
        assert_eq!(parse(json!({})), Ok(ExampleConfig::default()));
        let expected = ExampleConfig { start_up: 3, ..Default::default() };
        assert_eq!(parse(json!({"start-up": 3})), Ok(expected.clone()));
        assert_eq!(parse(json!({"start_up": 3})), Ok(expected));
        assert_eq!(parse(json!({"limit": 4})).unwrap().limit, Some(4));
        assert_eq!(ExampleConfig::OPTIONS[0].name(), "start-up");
        assert_eq!(ExampleConfig::OPTIONS[0].help.trim(), "A count.");
    }

    #[test]
    fn errors_name_option_value_and_range() {
        let error = |options| parse(options).unwrap_err();
        assert_eq!(error(json!({"start-up": 0})), "example: start-up = 0 is not at least 1");
        assert_eq!(error(json!({"share": 1.0})), "example: share = 1.0 is not in (0, 1)");
        assert_eq!(error(json!({"share": "x"})), "example: share = \"x\" is not in (0, 1)");
        assert_eq!(error(json!({"limit": 9})), "example: limit = 9 is not in [2, 8]");
        assert_eq!(error(json!({"kind": "slow"})), "example: kind = \"slow\" is not fast or exact");
        let typo = error(json!({"shrae": 0.5}));
        assert!(typo.contains("no option \"shrae\" (did you mean \"share\"?)"), "{typo}");
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        for share in [f64::NAN, f64::INFINITY] {
            let config = ExampleConfig { share, ..Default::default() };
            assert!(config.check().is_err());
        }
    }
}
