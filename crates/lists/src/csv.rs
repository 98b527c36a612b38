//! Comma-separated values (RFC 4180), also with semicolons or tabs.

use super::{Columns, PARTS, PATHS, Row};
use automl_pictures::has_image_name;

/// The rows of a table with a header, or of two columns, path and label, without one. Labels may also
/// be columns of 0 and 1, one for each class.
pub(super) fn rows(text: &str) -> Option<Vec<Row>> {
    let text = without_preface(text);
    let first = text.lines().next()?;
    let count = |c: &char| first.matches(*c).count();
    let separator = [',', ';', '\t'].into_iter().max_by_key(count)?;
    if count(&separator) == 0 {
        return by_spaces(text);
    }
    let mut table = cells(text, separator).into_iter();
    let header = table.next()?;
    if let Some(columns) = Columns::of(&header) {
        return columns.rows(table);
    }
    let Some(path) = header.iter().position(|cell| has_image_name(cell.trim())) else {
        return of_indicators(&header, table);
    };
    let columns = Columns { path, label: 1usize.checked_sub(path)?, part: None, is_sure: true };
    columns.rows(std::iter::once(header).chain(table))
}

/// A text without the comments and empty lines before its table, and without Excel's `sep=;`.
fn without_preface(mut text: &str) -> &str {
    while let Some((line, rest)) = text.split_once('\n') {
        let line = line.trim();
        if !(line.is_empty() || line.starts_with('#') || line.to_lowercase().starts_with("sep=")) {
            break;
        }
        text = rest;
    }
    text
}

/// Lines of a path and a label behind a space.
fn by_spaces(text: &str) -> Option<Vec<Row>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let row = |line: &str| {
        let (path, label) = line.rsplit_once(char::is_whitespace)?;
        has_image_name(path.trim()).then(|| Row::new(path, label))
    };
    lines.map(row).collect()
}

/// Rows with a column for each class, of which one is 1 and all others are 0.
fn of_indicators(header: &[String], table: impl Iterator<Item = Vec<String>>) -> Option<Vec<Row>> {
    let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    let find = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
    let (path, part) = (find(&PATHS)?, find(&PARTS));
    let classes: Vec<usize> = (0..names.len())
        .filter(|at| *at != path && Some(*at) != part && !names[*at].is_empty())
        .collect();
    let row = |cells: Vec<String>| {
        let value = |at: &usize| cells.get(*at)?.trim().parse::<f64>().ok();
        let values: Vec<f64> = classes.iter().map(value).collect::<Option<_>>()?;
        let mut ones = (0..values.len()).filter(|at| values[*at] == 1.0);
        let (one, None) = (ones.next()?, ones.next()) else { return None };
        let is_indicator = values.iter().all(|value| [0.0, 1.0].contains(value));
        let row = Row::new(cells.get(path)?, &header[classes[one]]);
        let part = part.and_then(|at| cells.get(at)).map(|cell| cell.trim().to_owned());
        is_indicator.then(|| part.map_or(row.clone(), |part| row.in_part(&part)))
    };
    table
        .map(row)
        .collect::<Option<Vec<Row>>>()
        .filter(|rows| !rows.is_empty() && classes.len() > 1)
}

/// The cells of each line. A quoted cell may hold separators, line breaks and doubled quotes.
fn cells(text: &str, separator: char) -> Vec<Vec<String>> {
    let mut table = vec![vec![String::new()]];
    let mut letters = text.chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        let line = table.last_mut();
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                push(line, '"');
            }
            '"' => is_quoted = !is_quoted,
            other if is_quoted => push(line, other),
            '\r' => {}
            '\n' => table.push(vec![String::new()]),
            other if other == separator => {
                if let Some(line) = line {
                    line.push(String::new());
                }
            }
            other => push(line, other),
        }
    }
    table.retain(|line| line.iter().any(|cell| !cell.is_empty()));
    table
}

fn push(line: Option<&mut Vec<String>>, letter: char) {
    if let Some(cell) = line.and_then(|line| line.last_mut()) {
        cell.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Split;

    fn read(text: &str) -> Vec<(String, String)> {
        rows(text).unwrap().into_iter().map(|row| (row.path, row.label)).collect()
    }

    fn pair(path: &str, label: &str) -> (String, String) {
        (path.into(), label.into())
    }

    #[test]
    fn tables_as_programs_write_them() {
        let two = [pair("a.png", "cat"), pair("b, c.png", "big \"dog\"")];
        for text in [
            "path,label\na.png,cat\n\"b, c.png\",\"big \"\"dog\"\"\"\n",
            "label;x;FileName\r\ncat;1;a.png\r\n\"big \"\"dog\"\"\";2;\"b, c.png\"\r\n",
            "Image\tlabel\na.png\tcat\nb, c.png\t\"big \"\"dog\"\"\"",
            "a.png,cat\n\"b, c.png\",\"big \"\"dog\"\"\"\n\n",
            "# by me\n\nsep=,\n ./a.png , cat\n\"b, c.png\",\"big \"\"dog\"\"\"\n",
            "name,cat,\"big \"\"dog\"\"\"\na.png,1,0\n\"b, c.png\",0.0,1.0\n",
        ] {
            assert_eq!(read(text), two, "{text}");
        }
        let spaces = [pair("a b.png", "0"), pair("c.png", "1")];
        assert_eq!(read("a b.png 0\nc.png\u{20}\u{20}1\n"), spaces);
        assert_eq!(rows("Read me first\n"), None);
        let parts = rows("file,class,split\na.png,1,train\nb.png,2,Test\n").unwrap();
        assert_eq!(parts[1].part, Some(Split::Test));
        assert_eq!(rows("temperature,humidity\n1,2\n"), None);
        // Values that differ from row to row are no classes.
        assert_eq!(rows("path,score\na.png,0.31\nb.png,0.72\n"), None);
        assert_eq!(rows(""), None);
    }
}
