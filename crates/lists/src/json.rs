//! JSON: a list of objects, an object of labels by path, or an object a line.

use crate::error::ListError;
use crate::line::Line;
use crate::list::{Fault, List};
use crate::names::part;
use crate::row::Row;
use crate::table::Table;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The rows of a document or of its lines.
pub(crate) fn list(text: &str) -> Result<List, ListError> {
    let error = match serde_json::from_str::<Value>(text) {
        Ok(document) => return of_document(&document),
        Err(error) => error,
    };
    let (mut objects, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("line {number}");
        match serde_json::from_str::<Value>(line) {
            Ok(value) => objects.push((place, value)),
            Err(error) => {
                let reason = format!("is not valid JSON: {error}");
                faults.push(Fault { place, reason });
            }
        }
    }
    // A document over several lines is one with an error, not lines with many.
    if objects.len() <= faults.len() || !objects.iter().all(|(_, value)| value.is_object()) {
        return Err(ListError::Json(error.to_string()));
    }
    let mut list = of_rows(&objects)?;
    list.faults.extend(faults);
    Ok(list)
}

fn of_document(document: &Value) -> Result<List, ListError> {
    match document {
        Value::Array(rows) => of_array(rows),
        Value::Object(fields) => {
            // A single line of an object a line.
            let only = [("line 1".to_owned(), document.clone())];
            if let Some(list) = of_rows(&only).ok().filter(|list| !list.rows.is_empty()) {
                return Ok(list);
            }
            if let Some(list) = of_annotations(fields).map(List::of).or_else(|| of_lists(fields)) {
                return Ok(list);
            }
            let row = |(path, label): (&String, &Value)| Some(Row::new(path, &text(label)?));
            let rows: Option<Vec<Row>> = fields.iter().map(row).collect();
            let names = || fields.keys().map(String::as_str);
            rows.map(List::of).ok_or_else(|| ListError::columns(names()))
        }
        _ => Err(ListError::columns(std::iter::empty())),
    }
}

/// The rows of an array: objects, or pairs of a path and a label.
fn of_array(rows: &[Value]) -> Result<List, ListError> {
    let placed: Vec<(String, Value)> =
        (1..).zip(rows).map(|(number, row)| (format!("entry {number}"), row.clone())).collect();
    of_rows(&placed)
}

/// Objects as lines of a table of all their fields, and pairs as rows.
fn of_rows(rows: &[(String, Value)]) -> Result<List, ListError> {
    let mut header: Vec<String> = Vec::new();
    for (name, _) in rows.iter().filter_map(|(_, row)| row.as_object()).flatten() {
        if !header.contains(name) {
            header.push(name.clone());
        }
    }
    let mut list = List::default();
    let mut lines = Vec::new();
    for (place, row) in rows {
        match row {
            Value::Object(fields) => {
                let cell = |name: &String| fields.get(name).and_then(text).unwrap_or_default();
                lines.push(Line { place: place.clone(), cells: header.iter().map(cell).collect() });
            }
            Value::Array(pair) => {
                list.rows.push(of_pair(pair).ok_or_else(|| ListError::columns(std::iter::empty()))?)
            }
            _ => return Err(ListError::columns(std::iter::empty())),
        }
    }
    if lines.is_empty() {
        return Ok(list);
    }
    let places: Vec<String> = lines.iter().map(|line| line.place.clone()).collect();
    let table = Table { header, lines, has_header: true }.list()?;
    for (row, place) in table.rows.into_iter().zip(places) {
        match row.path.is_empty() {
            true => list.faults.push(Fault { place, reason: "names no file".into() }),
            false => list.rows.push(row),
        }
    }
    list.notes.extend(table.notes);
    Ok(list)
}

fn of_pair(pair: &[Value]) -> Option<Row> {
    let [path, label] = pair else { return None };
    Some(Row::new(path.as_str()?, &text(label)?))
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
fn of_lists(fields: &Map<String, Value>) -> Option<List> {
    let list = |value: &Value| of_array(value.as_array()?).ok();
    let parts: Option<Vec<List>> = fields
        .iter()
        .map(|(name, value)| {
            let (own, mut list) = (part(name)?, list(value)?);
            list.rows.iter_mut().for_each(|row| row.part = Some(own));
            list.faults
                .iter_mut()
                .for_each(|fault| fault.place = format!("{name} {}", fault.place));
            Some(list)
        })
        .collect();
    if let Some(parts) = parts {
        let mut all = List::default();
        for part in parts {
            all.rows.extend(part.rows);
            all.faults.extend(part.faults);
            all.notes.extend(part.notes);
        }
        return Some(all);
    }
    if let Some(list) =
        fields.values().find_map(|value| list(value).filter(|list| !list.rows.is_empty()))
    {
        return Some(list);
    }
    let class = |(name, paths): (&String, &Value)| -> Option<Vec<Row>> {
        paths.as_array()?.iter().map(|path| Some(Row::new(path.as_str()?, name))).collect()
    };
    let classes: Option<Vec<_>> = fields.iter().map(class).collect();
    Some(List::of(classes?.into_iter().flatten().collect()))
}

/// A text or a number as a name, also of an object with one, or alone in a list.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Object(fields) => text(fields.get("name").or_else(|| fields.get("label"))?),
        Value::Array(values) => {
            let [only] = &values[..] else { return None };
            text(only)
        }
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
            let rows = list(text).unwrap_or_default().rows;
            let found: Vec<_> =
                rows.iter().map(|row| (row.path.as_str(), row.label.as_str())).collect();
            let mut found = found;
            found.sort_unstable();
            assert_eq!(found, [("a.png", "cat"), ("b.png", "3")], "{text}");
        }
        assert!(list("[1, 2]").is_err());
        assert!(matches!(list("no json"), Err(ListError::Json(_))));
    }

    #[test]
    fn lines_that_are_no_rows_are_named() {
        let lines = r#"{"image": "1.png", "label": ["a"]}
{"image": "2.png"}
{"image": "3.png", "label":
{"label": "b", "x": null}

{"image": "4.png", "label": "b"}"#;
        let found = list(lines).unwrap();
        let rows: Vec<_> =
            found.rows.iter().map(|row| (row.path.as_str(), row.label.as_str())).collect();
        assert_eq!(rows, [("1.png", "a"), ("2.png", ""), ("4.png", "b")]);
        let faults: Vec<_> = found.faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(faults, ["line 4", "line 3"]);
        let entries = r#"[{"file": "1.png", "class": 0}, {"class": 1}]"#;
        assert_eq!(list(entries).unwrap().faults[0].place, "entry 2");
        let document = "[\n{\"file\": \"1.png\", \"class\": 0},\n]";
        assert!(list(document).unwrap_err().to_string().contains("line 3"));
    }
}
