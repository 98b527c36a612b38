//! A part by name, with options.

use automl_study::part::Options;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The name of a sampler or scheduler with options: `tpe` or `tpe{startup=20}` as text, and in JSON
/// or TOML the same text or a table such as `{"name": "tpe", "startup": 20}`.
///
/// # Examples
/// ```
/// use automl_registry::PartSpec;
///
/// let spec: PartSpec = "tpe{startup=20}".parse()?;
/// assert_eq!(spec, serde_json::from_str(r#"{"name": "tpe", "startup": 20}"#)?);
/// assert_eq!(spec.to_string(), "tpe{startup=20}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartSpec {
    /// The name in the registry.
    pub name: String,
    /// The options that are given, by name.
    pub options: Options,
}

/// A text that is not of the form `name{option=value,...}`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{text:?} is not of the form name or name{{option=value,...}}: {reason}")]
pub struct SpecError {
    text: String,
    reason: &'static str,
}

impl PartSpec {
    /// The part of this name with its default options.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), options: Options::new() }
    }

    /// The same part with one more option.
    pub fn with(mut self, option: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.insert(option.into().replace('_', "-"), value.into());
        self
    }
}

impl FromStr for PartSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let error = |reason| SpecError { text: text.to_owned(), reason };
        let text = text.trim();
        let Some((name, rest)) = text.split_once('{') else {
            return Ok(Self::named(text));
        };
        let inner = rest.strip_suffix('}').ok_or_else(|| error("the brace is not closed"))?;
        let mut spec = Self::named(name.trim());
        for assignment in assignments(inner) {
            let (option, value) =
                assignment.split_once(['=', ':']).ok_or_else(|| error("an option has no value"))?;
            let value = value.trim();
            // A word that is not JSON is a string.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            let option = option.trim().trim_matches('"').replace('_', "-");
            if spec.options.insert(option, value).is_some() {
                return Err(error("an option is given twice"));
            }
        }
        Ok(spec)
    }
}

/// The parts between commas that stand outside brackets and quotes; empty ones are left out.
fn assignments(text: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut quoted) = (0_i32, false);
    let parts = text.split(move |c| {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0 && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

impl fmt::Display for PartSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.options.is_empty() {
            return Ok(());
        }
        let options: Vec<String> =
            self.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write!(f, "{{{}}}", options.join(","))
    }
}

impl Serialize for PartSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.options.is_empty() {
            return serializer.serialize_str(&self.name);
        }
        let mut map = serializer.serialize_map(Some(self.options.len() + 1))?;
        map.serialize_entry("name", &self.name)?;
        for (option, value) in &self.options {
            map.serialize_entry(option, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for PartSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpecVisitor)
    }
}

struct SpecVisitor;

impl<'de> Visitor<'de> for SpecVisitor {
    type Value = PartSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name such as \"tpe\", or a table with a name and options")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PartSpec, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PartSpec, A::Error> {
        let mut spec = PartSpec::default();
        let mut is_named = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "name" {
                spec.name = map.next_value()?;
                is_named = true;
            } else {
                spec.options.insert(key.replace('_', "-"), map.next_value()?);
            }
        }
        if is_named { Ok(spec) } else { Err(A::Error::missing_field("name")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_and_tables_are_equal() {
        let text: PartSpec = "asha{eta = 4, kind=fast, list=[1, 2], on=true}".parse().unwrap();
        let json = r#"{"eta":4,"name":"asha","kind":"fast","list":[1,2],"on":true}"#;
        assert_eq!(text, serde_json::from_str(json).unwrap());
        assert_eq!(serde_json::to_string(&PartSpec::named("gp")).unwrap(), "\"gp\"");
        let error = |text: &str| text.parse::<PartSpec>().unwrap_err().to_string();
        assert!(error("tpe{startup=2").contains("not closed"));
        assert!(error("tpe{startup}").contains("no value"));
        assert!(error("tpe{a=1,a=2}").contains("twice"));
        assert!(serde_json::from_str::<PartSpec>("{\"eta\":4}").is_err());
    }

    proptest! {
        #[test]
        fn every_form_gives_the_part_back(
            name in "[a-z][a-z-]{0,8}",
            options in proptest::collection::btree_map("[a-z][a-z-]{0,8}", -1000i64..1000, 0..4),
        ) {
            prop_assume!(!options.contains_key("name"));
            let spec = options
                .into_iter()
                .fold(PartSpec::named(name), |spec, (option, value)| spec.with(option, value));
            prop_assert_eq!(&spec, &spec.to_string().parse().unwrap());
            let json = serde_json::to_string(&spec).unwrap();
            prop_assert_eq!(&spec, &serde_json::from_str::<PartSpec>(&json).unwrap());
        }
    }
}
