//! Values in Optuna's schema.

use automl_space::{Choice, Domain, Value};
use automl_study::{Direction, State};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A parameter's value from Optuna's internal number; `None` if it lies outside the domain.
pub fn value(domain: &Domain, internal: f64) -> Option<Value> {
    let value = match domain {
        // Of a grid, its very point.
        Domain::Float(_) if domain.contains(Value::Float(internal)) => domain.nearest(internal)?,
        Domain::Int(_) if internal.fract() == 0.0 => Value::Int(internal as i64),
        Domain::Categorical(_) if internal >= 0.0 && internal.fract() == 0.0 => {
            Value::Category(internal as usize)
        }
        _ => return None,
    };
    domain.contains(value).then_some(value)
}

/// A literal as JSON.
pub fn literal(choice: &Choice) -> serde_json::Value {
    match choice {
        Choice::Null => serde_json::Value::Null,
        Choice::Bool(x) => (*x).into(),
        Choice::Int(x) => (*x).into(),
        Choice::Float(x) => (*x).into(),
        Choice::Str(x) => x.as_str().into(),
    }
}

/// The name of a state in the schema; a paused trial is a running one with an attribute.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Waiting => "WAITING",
        State::Running | State::Paused => "RUNNING",
        State::Complete => "COMPLETE",
        State::Pruned => "PRUNED",
        State::Failed => "FAIL",
    }
}

/// The state behind a name.
///
/// # Examples
/// ```
/// use automl_optuna::codec::{state, state_name};
/// use automl_study::State;
///
/// assert_eq!(state_name(State::Paused), "RUNNING");
/// assert_eq!(state("RUNNING", true), Some(State::Paused));
/// assert_eq!(state("LOST", false), None);
/// ```
pub fn state(name: &str, paused: bool) -> Option<State> {
    Some(match name {
        "WAITING" => State::Waiting,
        "RUNNING" if paused => State::Paused,
        "RUNNING" => State::Running,
        "COMPLETE" => State::Complete,
        "PRUNED" => State::Pruned,
        "FAIL" => State::Failed,
        _ => return None,
    })
}

/// The name of a direction in the schema.
pub fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "MINIMIZE",
        Direction::Maximize => "MAXIMIZE",
    }
}

/// The direction behind a name.
pub fn direction(name: &str) -> Option<Direction> {
    match name {
        "MINIMIZE" => Some(Direction::Minimize),
        "MAXIMIZE" => Some(Direction::Maximize),
        _ => None,
    }
}

/// A number as value and type; NaN and infinities have no value but a type.
///
/// # Examples
/// ```
/// use automl_optuna::codec::{number, parse_number};
///
/// assert_eq!(number(0.5), (Some(0.5), "FINITE"));
/// assert_eq!(number(f64::NEG_INFINITY), (None, "INF_NEG"));
/// assert_eq!(parse_number(None, "INF_NEG"), f64::NEG_INFINITY);
/// ```
pub fn number(x: f64) -> (Option<f64>, &'static str) {
    if x.is_nan() {
        (None, "NAN")
    } else if x == f64::INFINITY {
        (None, "INF_POS")
    } else if x == f64::NEG_INFINITY {
        (None, "INF_NEG")
    } else {
        (Some(x), "FINITE")
    }
}

/// The inverse of [`number`], also of a bare word that [`parse_python`] read.
pub fn parse_number(value: Option<f64>, kind: &str) -> f64 {
    match (kind.trim_start_matches(MARK), value) {
        ("INF_POS", _) => f64::INFINITY,
        ("INF_NEG", _) => f64::NEG_INFINITY,
        ("FINITE", Some(x)) => x,
        _ => f64::NAN,
    }
}

/// Numbers as JSON, with NaN and infinities as strings.
pub fn numbers(values: &[f64]) -> serde_json::Value {
    let json = |x: &f64| match number(*x) {
        (Some(x), _) => serde_json::Value::from(x),
        (None, kind) => kind.into(),
    };
    values.iter().map(json).collect()
}

/// The inverse of [`numbers`].
pub fn parse_numbers(json: &serde_json::Value) -> Option<Vec<f64>> {
    let number = |x: &serde_json::Value| match x {
        serde_json::Value::String(kind) => Some(parse_number(None, kind)),
        other => other.as_f64(),
    };
    json.as_array()?.iter().map(number).collect()
}

/// The value of a constraint as Python's JSON, in which infinities are bare words. A NaN, with arbitrary
/// feasibility in Optuna, becomes infinite.
pub fn constraint(value: f64) -> String {
    match value {
        x if x.is_nan() || x == f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        x => serde_json::Value::from(x).to_string(),
    }
}

/// The values of a list of constraints, also of the texts of other programs. A value that cannot be
/// read is NaN, so that its trial does not count as feasible.
pub fn parse_constraints(text: &str) -> Vec<f64> {
    let quoted = |token: &str| match token {
        "Infinity" => "\"INF_POS\"",
        "-Infinity" => "\"INF_NEG\"",
        _ => "null",
    };
    let json = serde_json::from_str(&replace_tokens(text, quoted));
    let Ok(serde_json::Value::Array(list)) = json else { return vec![f64::NAN] };
    let number = |x: &serde_json::Value| match x {
        serde_json::Value::String(kind) => parse_number(None, kind),
        other => other.as_f64().unwrap_or(f64::NAN),
    };
    list.iter().map(number).collect()
}

/// Reads JSON as Python writes it: bare `NaN` and infinities, outside strings, count as null.
pub fn parse_json(text: &str) -> Option<serde_json::Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    serde_json::from_str(&replace_tokens(text, |_| "null")).ok()
}

/// What the words of [`number`] begin with where they stand for bare words, so that no text is taken for one:
/// a code point outside of all texts.
pub(crate) const MARK: char = '\u{fdd0}';

/// Reads JSON as Python writes it: bare `NaN` and infinities, outside strings, become the words of
/// [`number`] with a mark, which [`python::attribute`](crate::python::attribute) writes as bare words again.
pub fn parse_python(text: &str) -> Option<serde_json::Value> {
    from_python(text)
}

/// As [`parse_python`], of any type.
pub(crate) fn from_python<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let word = |token: &str| match token {
        "Infinity" => "\"\u{fdd0}INF_POS\"",
        "-Infinity" => "\"\u{fdd0}INF_NEG\"",
        _ => "\"\u{fdd0}NAN\"",
    };
    serde_json::from_str(&replace_tokens(text, word)).ok()
}

/// JSON text with something else for each bare `NaN` and infinity outside strings.
fn replace_tokens(text: &str, replace: impl Fn(&str) -> &'static str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut quoted = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let token = ["NaN", "-Infinity", "Infinity"].into_iter().find(|t| rest.starts_with(t));
        match token {
            Some(token) if !quoted => {
                clean.push_str(replace(token));
                rest = &rest[token.len()..];
                continue;
            }
            _ => {}
        }
        let mut taken = letter.len_utf8();
        clean.push(letter);
        if letter == '"' {
            quoted = !quoted;
        } else if letter == '\\'
            && quoted
            && let Some(escaped) = rest[taken..].chars().next()
        {
            clean.push(escaped);
            taken += escaped.len_utf8();
        }
        rest = &rest[taken..];
    }
    clean
}

/// Microseconds since 1970 as the schema's naive UTC text.
pub fn datetime(micros: i64) -> Option<String> {
    let time = Timestamp::from_microsecond(micros).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

/// The inverse of [`datetime`].
pub fn parse_datetime(text: &str) -> Option<i64> {
    let time: DateTime = text.parse().ok()?;
    Some(TimeZone::UTC.to_timestamp(time).ok()?.as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_keep_their_microseconds() {
        for micros in [0, 1_795_000_000_123_456, 999_999] {
            assert_eq!(parse_datetime(&datetime(micros).unwrap()), Some(micros));
        }
        assert_eq!(parse_datetime("1970-01-01 00:00:01"), Some(1_000_000));
        assert_eq!(datetime(0).unwrap(), "1970-01-01 00:00:00.000000");
    }

    #[test]
    fn python_json_is_read() {
        let json = parse_json(r#"{"a": NaN, "b": [-Infinity, 1], "c": "NaN \" Infinity"}"#);
        assert_eq!(json, Some(json!({"a": null, "b": [null, 1], "c": "NaN \" Infinity"})));
        assert_eq!(parse_json("{"), None);
    }

    /// Constraints are numbers for Python, which judges them, and never vanish.
    #[test]
    fn constraints_are_numbers_in_python() {
        let values = [1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        let text = format!("[{}]", values.map(constraint).join(","));
        assert_eq!(text, "[1.5,Infinity,-Infinity,Infinity]");
        let expected = [1.5, f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(parse_constraints(&text), expected);
        let old = parse_constraints(r#"["INF_POS", -1, "NAN", null]"#);
        assert_eq!(old[..2], [f64::INFINITY, -1.0]);
        assert!(old[2].is_nan() && old[3].is_nan());
        assert!(parse_constraints("[]").is_empty());
        for unreadable in ["null", "NaN", "[", "{}"] {
            assert!(matches!(parse_constraints(unreadable)[..], [x] if x.is_nan()), "{unreadable}");
        }
    }

    #[test]
    fn numbers_survive() {
        let values = [1.5, f64::INFINITY, f64::NEG_INFINITY, -0.1, 1e300];
        assert_eq!(parse_numbers(&numbers(&values)).unwrap(), values);
        assert!(parse_numbers(&numbers(&[f64::NAN])).unwrap()[0].is_nan());
    }
}
