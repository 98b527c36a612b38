//! JSON: a list of objects, an object of labels by path, or an object a line.

use super::{Columns, Row, part};
use serde_json::{Map, Value};
use std::collections::HashMap;

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
            if let Some(rows) = of_annotations(fields).or_else(|| of_lists(fields)) {
                return Some(rows);
            }
            let row = |(path, label): (&String, &Value)| Some(Row::new(path, &text(label)?));
            fields.iter().map(row).collect()
        }
        _ => None,
    }
}

/// The format of COCO: images, annotations with the image and the category of each, and categories.
fn of_annotations(fields: &Map<String, Value>) -> Option<Vec<Row>> {
    let names = |list: &str, field: &str| -> Option<HashMap<String, String>> {
        let name = |entry: &Value| Some((text(entry.get("id")?)?, text(entry.get(field)?)?));
        fields.get(list)?.as_array()?.iter().map(name).collect()
    };
    let (files, classes) = (names("images", "file_name")?, names("categories", "name")?);
    let row = |entry: &Value| {
        let path = files.get(&text(entry.get("image_id")?)?)?;
        Some(Row::new(path, classes.get(&text(entry.get("category_id")?)?)?))
    };
    fields.get("annotations")?.as_array()?.iter().map(row).collect()
}

/// Lists in fields: one of rows, one of rows for each part, or one of paths for each class.
fn of_lists(fields: &Map<String, Value>) -> Option<Vec<Row>> {
    let rows =
        |value: &Value| -> Option<Vec<Row>> { value.as_array()?.iter().map(of_row).collect() };
    let parts: Option<Vec<_>> = fields
        .iter()
        .map(|(name, value)| {
            let own = part(name)?;
            Some(rows(value)?.into_iter().map(move |row| Row { part: Some(own), ..row }))
        })
        .collect();
    if let Some(parts) = parts {
        return Some(parts.into_iter().flatten().collect());
    }
    if let Some(rows) =
        fields.values().find_map(|value| rows(value).filter(|rows| !rows.is_empty()))
    {
        return Some(rows);
    }
    let class = |(name, paths): (&String, &Value)| -> Option<Vec<Row>> {
        paths.as_array()?.iter().map(|path| Some(Row::new(path.as_str()?, name))).collect()
    };
    let classes: Option<Vec<_>> = fields.iter().map(class).collect();
    Some(classes?.into_iter().flatten().collect())
}

fn of_row(row: &Value) -> Option<Row> {
    match row {
        Value::Object(fields) => of_object(fields),
        Value::Array(pair) => {
            let [path, label] = &pair[..] else { return None };
            Some(Row::new(path.as_str()?, &text(label)?))
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

/// A text or a number as a name, also of an object with one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Object(fields) => text(fields.get("name").or_else(|| fields.get("label"))?),
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
            r#"{"cat": ["a.png"], "3": ["b.png"]}"#,
            r#"[{"img": "a.png", "category": {"id": 1, "name": "cat"}}, {"img": "b.png", "category": 3}]"#,
            r#"{"images": [{"id": 7, "file_name": "a.png"}, {"id": 8, "file_name": "b.png"}],
                "annotations": [{"id": 1, "image_id": 7, "category_id": 2}, {"image_id": 8, "category_id": 3}],
                "categories": [{"id": 2, "name": "cat"}, {"id": 3, "name": "3"}]}"#,
            r#"{"train": [["a.png", "cat"]], "val": [["b.png", 3]]}"#,
            "{\"image\": \"a.png\", \"label\": \"cat\"}\n{\"image\": \"b.png\", \"label\": 3}\n",
        ] {
            let rows = rows(text).unwrap_or_default();
            let found: Vec<_> =
                rows.iter().map(|row| (row.path.as_str(), row.label.as_str())).collect();
            let mut found = found;
            found.sort_unstable();
            assert_eq!(found, [("a.png", "cat"), ("b.png", "3")], "{text}");
        }
        assert_eq!(rows("[1, 2]"), None);
        assert_eq!(rows("no json"), None);
    }
}
