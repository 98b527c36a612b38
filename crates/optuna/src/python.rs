//! JSON as Python writes it, for the lines of a journal: infinities and NaN are bare words.

use crate::codec;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

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

/// The JSON of an attribute that [`parse_python`](codec::parse_python) read, with its bare words.
pub fn attribute(value: &Value) -> String {
    let json = value.to_string();
    if !json.contains(codec::MARK) {
        return json;
    }
    let bare = [("NAN", "NaN"), ("INF_POS", "Infinity"), ("INF_NEG", "-Infinity")];
    bare.iter()
        .fold(json, |json, (word, bare)| json.replace(&format!("\"{}{word}\"", codec::MARK), bare))
}

/// An attribute that [`parse_python`](codec::parse_python) read, with null in the place of bare words, as
/// [`parse_json`](codec::parse_json) reads them.
pub fn plain(value: &Value) -> Value {
    let json = value.to_string();
    let marked = || codec::parse_json(&attribute(value));
    if json.contains(codec::MARK) { marked().unwrap_or_default() } else { value.clone() }
}

/// The keys of an object in a field of another one, in the order of the text.
///
/// # Examples
/// ```
/// use automl_optuna::python::keys;
///
/// let line = r#"{"op_code":4,"params":{"z":1.0,"a":NaN}}"#;
/// assert_eq!(keys(line, "params"), ["z", "a"]);
/// assert!(keys(line, "distributions").is_empty());
/// ```
pub fn keys(line: &str, field: &str) -> Vec<String> {
    let fields: Pairs<Inner> = codec::from_python(line).unwrap_or_default();
    let own = fields.0.into_iter().find_map(|(key, value)| match value {
        Inner::Pairs(pairs) if key == field => Some(pairs),
        _ => None,
    });
    let mut seen = HashSet::new();
    let keys = own.into_iter().flat_map(|pairs| pairs.0).map(|(key, _)| key);
    keys.filter(|key| seen.insert(key.clone())).collect()
}

/// The content of an object in its order.
#[derive(Debug)]
struct Pairs<T>(Vec<(String, T)>);

/// The content of a field.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Inner {
    Pairs(Pairs<IgnoredAny>),
    Other(IgnoredAny),
}

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object(PhantomData))
    }
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
        assert_eq!(attribute(&read), "-Infinity");
        for text in ["INF_POS", "NAN", "NaN"] {
            assert_eq!(attribute(&text.into()), format!("\"{text}\""));
        }
        let mixed = r#"{"a":[NaN,"NaN",-Infinity],"b":"Infinity"}"#;
        let read = codec::parse_python(mixed).unwrap();
        assert_eq!(attribute(&read), mixed);
        assert_eq!(plain(&read)["a"], serde_json::json!([null, "NaN", null]));
        assert!(codec::parse_number(None, read["a"][0].as_str().unwrap()).is_nan());
        assert_eq!(time(Some(1)), "\"1970-01-01T00:00:00.000001+00:00\"");
        assert_eq!((time(None), numbers(&[1.0, f64::NAN])), ("null".into(), "[1.0,NaN]".into()));
    }
}
