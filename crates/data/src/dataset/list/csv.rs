//! Comma-separated values (RFC 4180), also with semicolons or tabs.

use super::{Columns, Row};
use automl_pictures::has_image_name;

/// The rows of a table with a header, or of two columns, path and label, without one.
pub(super) fn rows(text: &str) -> Option<Vec<Row>> {
    let first = text.lines().next()?;
    let separator = [',', ';', '\t'].into_iter().max_by_key(|c| first.matches(*c).count())?;
    let mut table = cells(text, separator).into_iter();
    let header = table.next()?;
    if let Some(columns) = Columns::of(&header) {
        return Some(table.filter_map(|row| columns.row(&row)).collect());
    }
    let path = header.iter().position(|cell| has_image_name(cell.trim()))?;
    let columns = Columns { path, label: 1usize.checked_sub(path)?, part: None };
    let all = std::iter::once(header).chain(table);
    Some(all.filter_map(|row| columns.row(&row)).collect())
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
        ] {
            assert_eq!(read(text), two, "{text}");
        }
        let parts = rows("file,class,split\na.png,1,train\nb.png,2,Test\n").unwrap();
        assert_eq!(parts[1].part, Some(Split::Test));
        assert_eq!(rows("temperature,humidity\n1,2\n"), None);
        assert_eq!(rows(""), None);
    }
}
