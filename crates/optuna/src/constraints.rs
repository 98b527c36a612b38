//! Black-box constraints among the attributes of a trial.
//!
//! Optuna 5 has an attribute `constraints:NAME` for each constraint; earlier versions have a list
//! `constraints`; its elements count as constraints named by their positions.

use crate::codec;
use std::collections::BTreeMap;

/// The attribute of earlier versions: a list.
pub const LIST: &str = "constraints";

/// The constraints of one trial while its attributes are read.
///
/// # Examples
/// ```
/// use automl_optuna::constraints::Constraints;
///
/// let mut constraints = Constraints::default();
/// constraints.read("constraints:memory", "-Infinity");
/// constraints.read("constraints:latency", "2.5");
/// assert_eq!(constraints.names(), ["latency", "memory"]);
/// assert_eq!(constraints.values(), [2.5, f64::NEG_INFINITY]);
/// ```
#[derive(Debug, Default)]
pub struct Constraints {
    listed: Vec<f64>,
    named: BTreeMap<Name, f64>,
}

/// A name in order: positions by number, then texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Position(usize),
    Text(String),
}

impl Name {
    fn of(text: &str) -> Self {
        match text.parse::<usize>() {
            Ok(position) if position.to_string() == text => Self::Position(position),
            _ => Self::Text(text.to_owned()),
        }
    }
}

impl Constraints {
    /// Takes an attribute in, if it holds constraints.
    pub fn read(&mut self, key: &str, text: &str) {
        match key.strip_prefix(LIST) {
            Some("") => self.listed = codec::parse_constraints(text),
            Some(rest) => {
                if let Some(name) = rest.strip_prefix(':') {
                    let value = codec::parse_constraints(&format!("[{text}]"));
                    self.named.insert(Name::of(name), value.first().copied().unwrap_or(f64::NAN));
                }
            }
            None => {}
        }
    }

    /// The names that stand in attributes of their own, in order.
    pub fn names(&self) -> Vec<String> {
        let text = |name: &Name| match name {
            Name::Position(position) => position.to_string(),
            Name::Text(text) => text.clone(),
        };
        self.named.keys().map(text).collect()
    }

    /// The values in the order of their names. A name replaces an element of the list.
    pub fn values(self) -> Vec<f64> {
        if self.named.is_empty() {
            return self.listed;
        }
        let listed = self.listed.into_iter().enumerate();
        let mut all: BTreeMap<Name, f64> =
            listed.map(|(position, value)| (Name::Position(position), value)).collect();
        all.extend(self.named);
        all.into_values().collect()
    }
}

/// The attributes that hold these values: key and text. Names that do not fit in number give way to
/// positions.
pub fn attributes<'a>(
    values: &'a [f64],
    names: &'a [String],
) -> impl Iterator<Item = (String, String)> + 'a {
    let named = names.len() == values.len();
    values.iter().enumerate().map(move |(position, value)| {
        let key = match names.get(position) {
            Some(name) if named => format!("{LIST}:{name}"),
            _ => format!("{LIST}:{position}"),
        };
        (key, codec::constraint(*value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attributes: &[(&str, &str)]) -> Constraints {
        let mut constraints = Constraints::default();
        attributes.iter().for_each(|(key, text)| constraints.read(key, text));
        constraints
    }

    #[test]
    fn lists_and_names_are_one() {
        assert_eq!(read(&[("constraints", "[1.5, -2]")]).values(), [1.5, -2.0]);
        let named =
            [("constraints:b", "2.0"), ("constraints:10", "3"), ("constraints:9", "-Infinity")];
        assert_eq!(read(&named).names(), ["9", "10", "b"]);
        assert_eq!(read(&named).values(), [f64::NEG_INFINITY, 3.0, 2.0]);
        let both = [("constraints", "[1, 2]"), ("constraints:1", "5"), ("constraints:z", "7")];
        assert_eq!(read(&both).values(), [1.0, 5.0, 7.0]);
        assert!(read(&[("constraints:z", "\"x\"")]).values()[0].is_nan());
        assert!(read(&[("constraintsz", "1"), ("fixed", "2")]).values().is_empty());
    }

    #[test]
    fn what_is_written_reads_back() {
        let values = [1.5, f64::INFINITY, f64::NEG_INFINITY];
        for names in [vec![], vec!["b".to_owned(), "c".into(), "d".into()], vec!["b".into()]] {
            let mut constraints = Constraints::default();
            for (key, text) in attributes(&values, &names) {
                constraints.read(&key, &text);
            }
            assert_eq!(constraints.values(), values);
        }
    }
}
