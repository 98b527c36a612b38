//! JSON: a list of objects, an object of labels by path, or an object a line.

use super::{Columns, Row};
use serde_json::{Map, Value};

/// The rows of a document or of its lines.
pub(super) fn rows(text: &str) -> Option<Vec<Row>> {
    if let Ok(document) = serde_json::from_str::<Value>(text) {
        return of_document(&document);
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| of_object(serde_json::from_str::<Value>(line).ok()?.as_object()?)).collect()
}

fn of_document(document: &Value) -> Option<Vec<Row>> {
    match document {
        Value::Array(rows) => rows.iter().map(of_row).collect(),
        Value::Object(fields) => {
            // A single line of an object a line.
            if let Some(row) = of_object(fields) {
                return Some(vec![row]);
            }
            // The list may lie in a field.
            if let Some(rows) = fields.values().find_map(|value| {
                value.as_array().and_then(|rows| rows.iter().map(of_row).collect())
            }) {
                return Some(rows);
            }
            let row = |(path, label): (&String, &Value)| {
                Some(Row { path: path.clone(), label: text(label)?, part: None })
            };
            fields.iter().map(row).collect()
        }
        _ => None,
    }
}

fn of_row(row: &Value) -> Option<Row> {
    match row {
        Value::Object(fields) => of_object(fields),
        Value::Array(pair) => {
            let [path, label] = &pair[..] else { return None };
            Some(Row { path: path.as_str()?.to_owned(), label: text(label)?, part: None })
        }
        _ => None,
    }
}

fn of_object(fields: &Map<String, Value>) -> Option<Row> {
    let (names, values): (Vec<String>, Vec<&Value>) =
        fields.iter().map(|(name, value)| (name.clone(), value)).unzip();
    let columns = Columns::of(&names)?;
    values.get(columns.path)?.as_str()?;
    let cells: Vec<String> = values.iter().map(|v| text(v).unwrap_or_default()).collect();
    columns.row(&cells)
}

/// A text or a number as a name.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_as_programs_write_them() {
        for text in [
            r#"[{"path": "a.png", "label": "cat"}, {"path": "b.png", "label": 3}]"#,
            r#"{"a.png": "cat", "b.png": 3}"#,
            r#"[["a.png", "cat"], ["b.png", 3]]"#,
            r#"{"version": 1, "images": [{"file_name": "a.png", "category": "cat"}, {"file_name": "b.png", "category": 3}]}"#,
            "{\"image\": \"a.png\", \"label\": \"cat\"}\n{\"image\": \"b.png\", \"label\": 3}\n",
        ] {
            let rows = rows(text).unwrap_or_default();
            let found: Vec<_> =
                rows.iter().map(|row| (row.path.as_str(), row.label.as_str())).collect();
            assert_eq!(found, [("a.png", "cat"), ("b.png", "3")], "{text}");
        }
        assert_eq!(rows("[1, 2]"), None);
        assert_eq!(rows("no json"), None);
    }
}
