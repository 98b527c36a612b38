//! Sets of values of one parameter: a list, or an interval.

use super::Reader;
use serde_json::{Value as Json, json};

/// The values that a clause admits.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    List(Vec<Json>),
    /// Both ends belong to the interval; either may be infinite.
    Range(f64, f64),
}

impl Values {
    /// The clause in this crate's JSON form.
    pub(super) fn clause(&self, parent: &str) -> Json {
        let mut clause = json!({ "parent": parent });
        match self {
            Self::List(values) => clause["values"] = json!(values),
            Self::Range(low, high) => {
                for (key, bound) in [("low", low), ("high", high)] {
                    if bound.is_finite() {
                        clause[key] = json!(bound);
                    }
                }
            }
        }
        clause
    }

    fn holds(&self, value: &Json) -> bool {
        match self {
            Self::List(values) => values.contains(value),
            Self::Range(low, high) => value.as_f64().is_some_and(|x| (*low..=*high).contains(&x)),
        }
    }

    /// The values of both; `None` where there are none.
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Range(a, b), Self::Range(c, d)) => {
                let (low, high) = (a.max(*c), b.min(*d));
                (low <= high).then_some(Self::Range(low, high))
            }
            (Self::List(values), set) | (set, Self::List(values)) => {
                let values: Vec<_> = values.iter().filter(|v| set.holds(v)).cloned().collect();
                (!values.is_empty()).then_some(Self::List(values))
            }
        }
    }

    /// The intervals of which the set consists; `None` where a value is not a number.
    fn ranges(&self) -> Option<Vec<(f64, f64)>> {
        match self {
            Self::List(values) => values.iter().map(|v| v.as_f64().map(|x| (x, x))).collect(),
            Self::Range(low, high) => Some(vec![(*low, *high)]),
        }
    }
}

impl Reader<'_> {
    /// The values of a parameter beyond a bound: `relation` is `LT`, `LE`, `GT` or `GE`. Those of an
    /// ordinal are compared by their position. `None` where the relation does not suit the
    /// parameter.
    pub(super) fn beyond(&self, parent: &str, relation: &str, bound: &Json) -> Option<Values> {
        let above = relation.starts_with('G');
        let inclusive = relation.ends_with('E');
        match self.original(parent)?["type"].as_str()? {
            "ordinal" => {
                let mut values = self.values(parent)?;
                let at = values.iter().position(|value| value == bound)?;
                Some(Values::List(match above {
                    true => values.split_off(at + usize::from(!inclusive)),
                    false => values.drain(..at + usize::from(inclusive)).collect(),
                }))
            }
            "categorical" | "constant" => None,
            _ => {
                let x = bound.as_f64()?;
                let x = match (self.is_whole(parent), inclusive, above) {
                    (true, true, true) => x.ceil(),
                    (true, true, false) => x.floor(),
                    (true, false, true) => x.floor() + 1.0,
                    (true, false, false) => x.ceil() - 1.0,
                    (false, true, _) => x,
                    (false, false, true) => x.next_up(),
                    (false, false, false) => x.next_down(),
                };
                Some(match above {
                    true => Values::Range(x, f64::INFINITY),
                    false => Values::Range(f64::NEG_INFINITY, x),
                })
            }
        }
    }

    /// The values of a parameter other than `value`; `None` for a continuum and for long ranges.
    pub(super) fn except(&self, parent: &str, value: &Json) -> Option<Values> {
        let mut values = self.values(parent)?;
        values.retain(|other| other != value);
        Some(Values::List(values))
    }

    /// The union of two sets of values; `None` where it is neither a list nor one interval.
    pub(super) fn union(&self, parent: &str, a: &Values, b: &Values) -> Option<Values> {
        if let (Values::List(a), Values::List(b)) = (a, b) {
            let more = b.iter().filter(|value| !a.contains(value));
            return Some(Values::List(a.iter().chain(more).cloned().collect()));
        }
        let mut ranges = [a.ranges()?, b.ranges()?].concat();
        ranges.sort_by(|a, b| a.0.total_cmp(&b.0));
        let after = |x: f64| if self.is_whole(parent) { x.floor() + 1.0 } else { x.next_up() };
        let mut merged: Vec<(f64, f64)> = Vec::new();
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= after(last.1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        if let [(low, high)] = merged[..] {
            return Some(Values::Range(low, high));
        }
        let mut values = self.values(parent)?;
        values.retain(|value| a.holds(value) || b.holds(value));
        Some(Values::List(values))
    }
}
