//! What is measured of a trial: objectives, constraints and the fidelity.

use automl_study::{Direction, Ladder, LadderError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A named value that is minimized or maximized.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Its name in the program's results.
    pub name: String,
    /// Whether smaller or larger is better.
    pub direction: Direction,
}

impl Objective {
    /// An objective to minimize: smaller values are better.
    pub fn minimize(name: impl Into<String>) -> Self {
        Self { name: name.into(), direction: Direction::Minimize }
    }

    /// An objective to maximize: larger values are better.
    pub fn maximize(name: impl Into<String>) -> Self {
        Self { name: name.into(), direction: Direction::Maximize }
    }
}

/// A limit on a named value of the program's results, such as `memory<=512`.
///
/// # Examples
/// ```
/// use automl_tune::Limit;
///
/// let limit: Limit = "memory <= 512".parse()?;
/// assert_eq!(limit.violation(600.0), 88.0);
/// assert_eq!("recall>=0.9".parse::<Limit>()?.violation(1.0), 0.9 - 1.0);
/// # Ok::<(), automl_tune::LimitError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Limit {
    /// The name in the program's results.
    pub name: String,
    /// The bound.
    pub bound: f64,
    /// Whether the bound is the largest allowed value rather than the smallest.
    pub is_upper: bool,
}

/// A text that is not of the form `NAME<=NUMBER` or `NAME>=NUMBER`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the constraint {text:?} is not of the form NAME<=NUMBER or NAME>=NUMBER")]
pub struct LimitError {
    text: String,
}

impl Limit {
    /// The constraint's value: at most zero where the limit holds.
    pub fn violation(&self, value: f64) -> f64 {
        if self.is_upper { value - self.bound } else { self.bound - value }
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let error = || LimitError { text: text.to_owned() };
        let is_upper = text.contains("<=");
        let (name, bound) =
            text.split_once(if is_upper { "<=" } else { ">=" }).ok_or_else(error)?;
        let bound: f64 = bound.trim().parse().map_err(|_| error())?;
        let name = name.trim();
        if name.is_empty() || !bound.is_finite() {
            return Err(error());
        }
        Ok(Self { name: name.to_owned(), bound, is_upper })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_upper { "<=" } else { ">=" };
        write!(f, "{}{sign}{}", self.name, self.bound)
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

impl TryFrom<String> for Limit {
    type Error = LimitError;

    fn try_from(text: String) -> Result<Self, LimitError> {
        text.parse()
    }
}

/// The amount of work of one training, in whole units such as epochs.
///
/// # Examples
/// ```
/// use automl_tune::Fidelity;
///
/// let fidelity: Fidelity = "epochs=3..81".parse()?;
/// assert_eq!((fidelity.min, fidelity.max), (3, 81));
/// let from_one: Fidelity = "27".parse()?;
/// assert_eq!(from_one.to_string(), "epochs=1..27");
/// # Ok::<(), automl_tune::FidelityError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fidelity {
    /// The name: of the placeholder and of the field in the program's reports.
    pub name: String,
    /// The lowest useful amount.
    #[serde(default = "one")]
    pub min: u64,
    /// The highest amount.
    pub max: u64,
}

fn one() -> u64 {
    1
}

/// A text that is not of the form `NAME=MIN..MAX`.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the fidelity {text:?} is not of the form NAME=MIN..MAX or NAME=MAX, with 1 <= MIN <= MAX")]
pub struct FidelityError {
    text: String,
}

impl Fidelity {
    /// The ladder of a study; `resumable` where a paused trial goes on from its checkpoint.
    pub(crate) fn ladder(&self, resumable: bool) -> Result<Ladder, LadderError> {
        Ladder::new(&self.name, self.min, self.max, resumable)
    }
}

impl FromStr for Fidelity {
    type Err = FidelityError;

    fn from_str(text: &str) -> Result<Self, FidelityError> {
        let error = || FidelityError { text: text.to_owned() };
        let (name, range) = text.split_once('=').unwrap_or(("epochs", text));
        let (min, max) = range.split_once("..").unwrap_or(("1", range));
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| error());
        let (min, max) = (number(min)?, number(max.trim_start_matches('='))?);
        let name = name.trim();
        if name.is_empty() || min == 0 || min > max {
            return Err(error());
        }
        Ok(Self { name: name.to_owned(), min, max })
    }
}

impl fmt::Display for Fidelity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}..{}", self.name, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_limits_and_fidelities_are_refused() {
        for text in ["memory", "memory<512", "<=3", "memory<=much", "memory<=inf"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
        for text in ["", "epochs", "epochs=0", "epochs=9..3", "=9", "epochs=1..2..3"] {
            assert!(text.parse::<Fidelity>().is_err(), "{text}");
        }
    }
}
