//! Numbers as text: `f1 - 0.1 * macs / 1e6`.

use super::parse;
use super::shortened;
use super::term::Term;
use crate::{Config, Domain, FloatDomain, Param, SpaceError, Value};

/// A number made of named numbers, in the arithmetic of [`Expression`](super::Expression).
///
/// # Examples
/// ```
/// use automl_space::Measure;
///
/// let score = Measure::parse("f1 - 0.1 * macs / 1e6", &["f1", "macs"])?;
/// assert_eq!(score.value(&[0.75, 500_000.0]), 0.7);
/// assert!(score.reads("macs") && Measure::parse("f2", &["f1"]).is_err());
/// # Ok::<(), automl_space::SpaceError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    text: String,
    names: Vec<String>,
    term: Term,
}

impl Measure {
    /// Parses a text over the given names.
    ///
    /// # Errors
    /// [`SpaceError::Constraint`] with the text and the reason: a syntax error, an unknown name or
    /// function, or nesting beyond 100 levels.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, SpaceError> {
        let failed = |reason| SpaceError::Constraint { name: shortened(text), reason };
        let any = FloatDomain::new(-1e300, 1e300, false, None);
        let domain = Domain::Float(any.map_err(|error| failed(error.to_string()))?);
        let param = |name: &&str| Param::new((*name).to_owned(), domain.clone(), None, None);
        let params: Vec<Param> = names.iter().map(param).collect();
        let term = parse::term(text, &params).map_err(failed)?;
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self { text: text.trim().to_owned(), names, term })
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the number depends on this name.
    pub fn reads(&self, name: &str) -> bool {
        self.names.iter().position(|own| own == name).is_some_and(|index| self.term.reads(index))
    }

    /// The number for values in the order of the names; NaN where one is missing.
    pub fn value(&self, values: &[f64]) -> f64 {
        let mut config = Config::empty(self.names.len());
        for (index, value) in values.iter().take(self.names.len()).enumerate() {
            config.set(index, Some(Value::Float(*value)));
        }
        self.term.value(&config).unwrap_or(f64::NAN)
    }
}
