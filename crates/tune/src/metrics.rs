//! Values that a program tells: read from JSON lines, from matches of regular expressions, or from a
//! file.

use crate::{Limit, Objective};
use regex::bytes::{Regex, RegexBuilder};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// The reason for which a `--regex` was refused.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The text is not of the form `NAME=PATTERN`.
    #[error("the pattern {text:?} is not of the form NAME=PATTERN")]
    Form {
        /// The text.
        text: String,
    },
    /// The pattern is not a regular expression.
    #[error("the pattern of {name:?} is not a regular expression: {reason}")]
    Syntax {
        /// The name of the value.
        name: String,
        /// The explanation.
        reason: String,
    },
    /// A pattern for a value that is neither an objective nor in a constraint.
    #[error("the pattern of {name:?} belongs to no objective or constraint: {known}")]
    Unknown {
        /// The name of the value.
        name: String,
        /// The names that are read.
        known: String,
    },
    /// A value without a pattern, where others have one.
    #[error("{name:?} has no pattern: give --regex '{name}=PATTERN'")]
    Missing {
        /// The name of the value.
        name: String,
    },
}

/// Values of one moment of a program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Observation {
    /// The fidelity at which they were measured, where told.
    pub(crate) fidelity: Option<u64>,
    /// The objective values in order; NaN where told so.
    pub(crate) values: Vec<f64>,
    /// The values of the constraints, at most zero where they hold; `None` where not all are told.
    pub(crate) constraints: Option<Vec<f64>>,
}

/// The names that are read from a program's output.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    objectives: Vec<String>,
    limits: Vec<Limit>,
    fidelity: Option<String>,
    patterns: Vec<(String, Regex)>,
}

impl Metrics {
    pub(crate) fn new(
        objectives: &[Objective],
        limits: &[Limit],
        fidelity: Option<&str>,
        patterns: &[String],
    ) -> Result<Self, PatternError> {
        let patterns = patterns.iter().map(|text| pattern(text)).collect::<Result<Vec<_>, _>>()?;
        let metrics = Self {
            objectives: objectives.iter().map(|objective| objective.name.clone()).collect(),
            limits: limits.to_vec(),
            fidelity: fidelity.map(str::to_owned),
            patterns,
        };
        if !metrics.patterns.is_empty() {
            metrics.check_patterns()?;
        }
        Ok(metrics)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let limits = self.limits.iter().map(|limit| limit.name.as_str());
        self.objectives.iter().map(String::as_str).chain(limits)
    }

    fn check_patterns(&self) -> Result<(), PatternError> {
        let has = |name: &str| self.patterns.iter().any(|(known, _)| known == name);
        if let Some(name) = self.names().find(|name| !has(name)) {
            return Err(PatternError::Missing { name: name.to_owned() });
        }
        let is_known = |name: &str| {
            self.names().any(|known| known == name) || self.fidelity.as_deref() == Some(name)
        };
        match self.patterns.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, _)) => Err(PatternError::Unknown {
                name: name.clone(),
                known: self.names().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// A reader of the lines of one run.
    pub(crate) fn reader(self: &Arc<Self>) -> LineReader {
        LineReader { metrics: self.clone(), matched: Map::new() }
    }

    /// The values of a file: a JSON object or, for one objective, a number.
    pub(crate) fn read_file(&self, path: &Path) -> Result<Observation, String> {
        let shown = path.display();
        let bytes =
            std::fs::read(path).map_err(|error| format!("no result in {shown}: {error}"))?;
        let text = String::from_utf8_lossy(&bytes);
        let json = lenient(text.trim()).ok_or_else(|| format!("{shown} is not JSON"))?;
        match self.observation(&json) {
            Ok(Some(observation)) => Ok(observation),
            Ok(None) => Err(format!("{shown} has no {:?}", self.objectives[0])),
            Err(reason) => Err(format!("{shown}: {reason}")),
        }
    }

    /// The values in a JSON value; `None` where it has none of the objectives.
    fn observation(&self, json: &Value) -> Result<Option<Observation>, String> {
        let map = match json {
            Value::Object(map) => map,
            Value::Number(_) | Value::String(_) if self.objectives.len() == 1 => {
                let Some(value) = number(json) else { return Ok(None) };
                let constraints = self.limits.is_empty().then(Vec::new);
                return Ok(Some(Observation { fidelity: None, values: vec![value], constraints }));
            }
            _ => return Ok(None),
        };
        if !self.objectives.iter().any(|name| map.contains_key(name)) {
            return Ok(None);
        }
        let read = |name: &str| {
            let value = map.get(name).ok_or_else(|| format!("the result has no {name:?}"))?;
            number(value).ok_or_else(|| format!("{name:?} is not a number: {value}"))
        };
        let values = self.objectives.iter().map(|name| read(name)).collect::<Result<_, _>>()?;
        let is_told = self.limits.iter().all(|limit| map.contains_key(&limit.name));
        let limits = self.limits.iter();
        let constraints = limits.map(|limit| read(&limit.name).map(|value| limit.violation(value)));
        let constraints = if is_told { Some(constraints.collect::<Result<_, _>>()?) } else { None };
        let fidelity = match self.fidelity.as_ref().and_then(|name| Some((name, map.get(name)?))) {
            None => None,
            Some((name, value)) => Some(whole(value).ok_or_else(|| {
                format!("{name:?} must be a whole number of at least 1, not {value}")
            })?),
        };
        Ok(Some(Observation { fidelity, values, constraints }))
    }

    /// The reason for a run without any result.
    pub(crate) fn missing(&self) -> String {
        let names: Vec<String> = self.names().map(|name| format!("{name:?}")).collect();
        if self.patterns.is_empty() {
            format!("no line of the output is a JSON object with {}", names.join(", "))
        } else {
            format!("no match for {} in the output", names.join(", "))
        }
    }

    /// The name of the first objective that is NaN.
    pub(crate) fn not_a_number(&self, values: &[f64]) -> Option<&str> {
        let mut named = self.objectives.iter().zip(values);
        named.find(|(_, value)| value.is_nan()).map(|(name, _)| name.as_str())
    }
}

/// Reads a program's output line by line.
#[derive(Debug)]
pub(crate) struct LineReader {
    metrics: Arc<Metrics>,
    /// The last match of each pattern.
    matched: Map<String, Value>,
}

impl LineReader {
    /// The values on a line of standard output; `None` for any other line.
    pub(crate) fn read(&mut self, line: &str) -> Option<Result<Observation, String>> {
        if self.metrics.patterns.is_empty() {
            let line = line.trim();
            if !line.starts_with(|c: char| c == '{' || c == '-' || c.is_ascii_alphanumeric()) {
                return None;
            }
            return self.metrics.observation(&lenient(line)?).transpose();
        }
        self.read_match(line)
    }

    /// The values on a line of standard error, where patterns are searched for as well.
    pub(crate) fn read_error(&mut self, line: &str) -> Option<Result<Observation, String>> {
        if self.metrics.patterns.is_empty() { None } else { self.read_match(line) }
    }

    /// The values once a line has completed them.
    fn read_match(&mut self, line: &str) -> Option<Result<Observation, String>> {
        let mut is_new = false;
        for (name, pattern) in &self.metrics.patterns {
            if let Some(captures) = pattern.captures_iter(line.as_bytes()).last()
                && let Some(found) = captures.get(1).or_else(|| captures.get(0))
            {
                let text = String::from_utf8_lossy(found.as_bytes());
                self.matched.insert(name.clone(), text.trim().into());
                is_new = true;
            }
        }
        let has_all = self.metrics.patterns.iter().all(|(name, _)| self.matched.contains_key(name));
        if !is_new || !has_all {
            return None;
        }
        let matched = std::mem::take(&mut self.matched);
        self.metrics.observation(&Value::Object(matched)).transpose()
    }
}

fn pattern(text: &str) -> Result<(String, Regex), PatternError> {
    let (name, pattern) = text
        .split_once('=')
        .filter(|(name, pattern)| !name.trim().is_empty() && !pattern.is_empty())
        .ok_or_else(|| PatternError::Form { text: text.to_owned() })?;
    let name = name.trim().to_owned();
    // `\d` and `\w` are ASCII: the tables of Unicode are not part of the build.
    match RegexBuilder::new(pattern).unicode(false).build() {
        Ok(pattern) => Ok((name, pattern)),
        Err(error) => {
            // The lines before show the place in the pattern.
            let reason = error.to_string().lines().last().unwrap_or_default().to_owned();
            let reason = reason.trim_start_matches("error: ").to_owned();
            Err(PatternError::Syntax { name, reason })
        }
    }
}

/// A number, or what programs write for one: `null`, `"nan"`, `"inf"`, a number as text.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::NAN),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u64> {
    let number = number(value)?;
    (number.fract() == 0.0 && (1.0..9e15).contains(&number)).then_some(number as u64)
}

/// JSON with the numbers `NaN`, `Infinity` and `-Infinity`, as Python writes them.
fn lenient(text: &str) -> Option<Value> {
    if let Ok(json) = serde_json::from_str(text) {
        return Some(json);
    }
    let (mut quoted, mut escaped) = (false, false);
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| rest.starts_with(word));
        if let (false, Some(word)) = (quoted, word) {
            plain.push_str(&format!("\"{word}\""));
            rest = &rest[word.len()..];
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        plain.push(c);
        rest = &rest[c.len_utf8()..];
    }
    serde_json::from_str(&plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(patterns: &[&str]) -> Result<Arc<Metrics>, PatternError> {
        let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        let objectives = [Objective::minimize("loss"), Objective::maximize("acc")];
        let limits = ["mb<=5".parse().unwrap()];
        Metrics::new(&objectives, &limits, Some("epochs"), &patterns).map(Arc::new)
    }

    #[test]
    fn json_lines_are_read_and_others_passed_over() {
        let metrics = metrics(&[]).unwrap();
        let mut reader = metrics.reader();
        assert_eq!(reader.read("epoch 3 of 5"), None);
        assert_eq!(reader.read("{\"note\": 1}"), None);
        assert_eq!(reader.read("{broken"), None);
        assert_eq!(reader.read("0.5"), None);
        let read = reader.read(" {\"loss\": 1.5, \"acc\": 2, \"epochs\": 3.0} ").unwrap().unwrap();
        let expected = Observation { fidelity: Some(3), values: vec![1.5, 2.0], constraints: None };
        assert_eq!(read, expected);
        let read = reader.read("{\"loss\": NaN, \"acc\": -Infinity, \"mb\": 7}").unwrap().unwrap();
        assert!(read.values[0].is_nan() && read.values[1] == f64::NEG_INFINITY);
        assert_eq!(read.constraints, Some(vec![2.0]));
        assert_eq!(metrics.not_a_number(&read.values), Some("loss"));
        let partial = reader.read("{\"loss\": 1}").unwrap().unwrap_err();
        assert!(partial.contains("\"acc\""), "{partial}");
        let zero = reader.read("{\"loss\": 1, \"acc\": 1, \"epochs\": 0}").unwrap().unwrap_err();
        assert!(zero.contains("at least 1"), "{zero}");
    }

    #[test]
    fn one_objective_may_be_a_plain_number() {
        let metrics =
            Arc::new(Metrics::new(&[Objective::minimize("loss")], &[], None, &[]).unwrap());
        let mut reader = metrics.reader();
        assert_eq!(reader.read("0.25").unwrap().unwrap().values, [0.25]);
        assert!(reader.read("NaN").unwrap().unwrap().values[0].is_nan());
        assert_eq!(reader.read("\"text\""), None);
    }

    #[test]
    fn patterns_complete_a_result_over_lines() {
        let metrics = metrics(&[
            "loss=loss: ([0-9.]+)",
            "acc=acc ([0-9.]+)",
            "mb=mb=(\\d+)",
            "epochs=ep (\\d+)",
        ]);
        let metrics = metrics.unwrap();
        let mut reader = metrics.reader();
        assert_eq!(reader.read("ep 2 loss: 0.5 loss: 0.25"), None);
        let read = reader.read("acc 0.75, mb=3").unwrap().unwrap();
        let expected = Observation {
            fidelity: Some(2),
            values: vec![0.25, 0.75],
            constraints: Some(vec![-2.0]),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn patterns_are_checked() {
        for (patterns, part) in [
            (&["loss"][..], "NAME=PATTERN"),
            (&["loss=("], "loss"),
            (&["loss=a"], "\"acc\" has no pattern"),
            (&["loss=a", "acc=b", "mb=c", "f1=d"], "\"f1\""),
        ] {
            let error = metrics(patterns).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
