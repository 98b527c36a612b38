//! JSON as Python writes it, for the lines of a journal: infinities and NaN are bare words.

use crate::{codec, constraints};
use serde_json::Value;

/// A text as JSON.
pub fn text(text: &str) -> String {
    Value::from(text).to_string()
}

/// A number; infinities and NaN are bare words.
///
/// # Examples
/// ```
/// use automl_optuna::python::{number, object};
///
/// let values = [("x", number(0.5)), ("y", number(f64::NEG_INFINITY))];
/// assert_eq!(object(values), "{\"x\":0.5,\"y\":-Infinity}");
/// ```
pub fn number(x: f64) -> String {
    match codec::number(x) {
        (Some(x), _) => Value::from(x).to_string(),
        (None, "INF_POS") => "Infinity".to_owned(),
        (None, "INF_NEG") => "-Infinity".to_owned(),
        (None, _) => "NaN".to_owned(),
    }
}

/// A list of numbers.
pub fn numbers(values: &[f64]) -> String {
    format!("[{}]", values.iter().map(|x| number(*x)).collect::<Vec<_>>().join(","))
}

/// A time in microseconds since 1970 as a text in UTC; null without one.
pub fn time(micros: Option<i64>) -> String {
    let text = micros.and_then(codec::datetime);
    text.map_or("null".to_owned(), |text| format!("\"{}+00:00\"", text.replace(' ', "T")))
}

/// The inside of an object from keys and values as JSON.
pub fn fields<K: AsRef<str>>(pairs: impl IntoIterator<Item = (K, String)>) -> String {
    let pairs = pairs.into_iter().map(|(key, value)| format!("{}:{value}", text(key.as_ref())));
    pairs.collect::<Vec<_>>().join(",")
}

/// An object from keys and values as JSON.
pub fn object<K: AsRef<str>>(pairs: impl IntoIterator<Item = (K, String)>) -> String {
    format!("{{{}}}", fields(pairs))
}

/// The JSON of an attribute that [`parse_python`](codec::parse_python) read; infinite constraints are bare
/// words again.
pub fn attribute(key: &str, value: &Value) -> String {
    let json = value.to_string();
    if !key.starts_with(constraints::LIST) {
        return json;
    }
    json.replace("\"INF_POS\"", "Infinity").replace("\"INF_NEG\"", "-Infinity")
}

/// The JSON of an attribute on one line; a text that is not JSON becomes a string.
pub fn one_line(json: &str) -> String {
    let line = json.replace(['\n', '\r'], " ");
    if codec::parse_python(&line).is_some() { line } else { text(json) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_stay_on_their_line_and_keep_their_infinities() {
        assert_eq!(one_line("{\n \"a\": Infinity\r\n}"), "{  \"a\": Infinity  }");
        assert_eq!(one_line("not\nJSON"), "\"not\\nJSON\"");
        let read = codec::parse_python("-Infinity").unwrap();
        assert_eq!(attribute("constraints:x", &read), "-Infinity");
        assert_eq!(attribute("note", &"INF_POS".into()), "\"INF_POS\"");
        assert_eq!(time(Some(1)), "\"1970-01-01T00:00:00.000001+00:00\"");
        assert_eq!((time(None), numbers(&[1.0, f64::NAN])), ("null".into(), "[1.0,NaN]".into()));
    }
}
