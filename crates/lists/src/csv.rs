//! Comma-separated values (RFC 4180), also with semicolons, tabs or bars.

use crate::error::ListError;
use crate::line::Line;
use crate::list::List;
use crate::row::Row;
use crate::table::Table;
use automl_pictures::has_image_name;

/// What may stand between cells.
const SEPARATORS: [char; 4] = ['|', '\t', ';', ','];

/// The rows of a table with a header, or of two or more columns without one. Labels may also be columns of
/// 0 and 1, one for each class, or stand behind a space.
pub(crate) fn list(text: &str) -> Result<List, ListError> {
    let (text, before) = without_preface(text);
    let first = text.lines().next().ok_or(ListError::Empty)?;
    let count = |c: &char| first.matches(*c).count();
    let separator = SEPARATORS.into_iter().max_by_key(count).filter(|c| count(c) > 0);
    let Some(separator) = separator else {
        let unknown = || ListError::columns(std::iter::once(first));
        return by_spaces(text).map(List::of).ok_or_else(unknown);
    };
    let mut lines = lines(text, separator, before)?;
    let header = lines.first().map(|line| line.cells.clone()).unwrap_or_default();
    let has_header = !header.iter().any(|cell| has_image_name(cell.trim()));
    if has_header {
        lines.remove(0);
    }
    Table { header, lines, has_header }.list()
}

/// A text without the comments and empty lines before its table, and without Excel's `sep=;`; and the number
/// of these lines.
fn without_preface(mut text: &str) -> (&str, usize) {
    let mut count = 0;
    while let Some((line, rest)) = text.split_once('\n') {
        let line = line.trim();
        if !(line.is_empty() || line.starts_with('#') || line.to_lowercase().starts_with("sep=")) {
            break;
        }
        (text, count) = (rest, count + 1);
    }
    (text, count)
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

/// The lines that are not empty. A cell that begins with a quotation mark may hold separators, line breaks
/// and doubled marks, up to the next one; elsewhere, such a mark is a letter.
fn lines(text: &str, separator: char, before: usize) -> Result<Vec<Line>, ListError> {
    let (mut lines, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut number, mut start) = (before + 1, before + 1);
    // The line in which a quoted cell begins.
    let mut quoted = None;
    let mut letters = text.chars().chain(['\n']).peekable();
    while let Some(letter) = letters.next() {
        let is_end = letters.peek().is_none();
        number += usize::from(letter == '\n');
        match letter {
            '"' if quoted.is_some() && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted.is_some() => quoted = None,
            '\n' if quoted.is_some() && is_end => {}
            other if quoted.is_some() => cell.push(other),
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = Some(number);
            }
            '\r' => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                let own = std::mem::take(&mut cells);
                if own.iter().any(|cell: &String| !cell.is_empty()) {
                    lines.push(Line { place: format!("line {start}"), cells: own });
                }
                start = number;
            }
            other if other == separator => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    quoted.map_or(Ok(lines), |line| Err(ListError::Quote { line }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Split;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        list(text).unwrap().rows.into_iter().map(|row| (row.path, row.label)).collect()
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
        assert!(list("Read me first\n").is_err());
        let parts = list("file,class,split\na.png,1,train\nb.png,2,Test\n").unwrap().rows;
        assert_eq!(parts[1].part, Some(Split::Test));
        assert!(list("temperature,humidity\n1,2\n").is_err());
        // Values that differ from row to row are no classes.
        assert!(list("path,score\na.png,0.31\nb.png,0.72\n").is_err());
        assert_eq!(list(""), Err(ListError::Empty));
    }
    #[test]
    fn columns_are_known_by_names_and_values() {
        let split = |text: &str| {
            let list = list(text).unwrap();
            let row = |row: &Row| {
                let part = row.part.map_or("-", |part| match part {
                    Split::Train => "train",
                    Split::Validation => "val",
                    Split::Test => "test",
                });
                format!("{} {} {part}", row.path, row.label)
            };
            (list.rows.iter().map(row).collect::<Vec<_>>().join(", "), list.notes.join(", "))
        };
        let plain = "1.png a train, 2.png b train, 3.png a test, 4.png b test";
        let body = |line: &dyn Fn(usize, &str, &str) -> String| -> String {
            let at = |n: usize| line(n + 1, ["a", "b"][n % 2], ["train", "test"][n / 2]);
            (0..4).map(at).collect::<Vec<_>>().join("\n")
        };
        for (header, line, note) in [
            ("Image Name|Class-Label|SET", "{n}.png|{c}|{p}", ""),
            ("file,label,dataset", "{n}.png,{c},{p}", "parts by the column dataset"),
            ("img_id,dx,class_id,is_test", "{n}.png,x,{c},{f}", "parts by the column is_test"),
            ("", "{n}.png,{c},{p}", "parts by column 3"),
            ("", "{n},{n}.png,{p},{c}", "parts by column 3"),
            ("", "{c}\t{p}\t{n}.png", "parts by column 2"),
        ] {
            let line = |n: usize, c: &str, p: &str| {
                let flag = if p == "test" { "True" } else { "False" };
                let line = line.replace("{n}", &n.to_string()).replace("{c}", c);
                line.replace("{p}", p).replace("{f}", flag)
            };
            let text = [header, &body(&line)].join(if header.is_empty() { "" } else { "\n" });
            assert_eq!(split(&text), (plain.to_owned(), note.to_owned()), "{text}");
        }
        // Numbers of rows are no classes; an unknown word among parts makes no column of parts.
        let numbered = "0,1.png,a\n1,2.png,b\n2,3.png,a\n3,4.png,b";
        assert_eq!(split(numbered).0, "1.png a -, 2.png b -, 3.png a -, 4.png b -");
        let day = "path,label,day\n1.png,a,train\n2.png,b,monday";
        assert_eq!(split(day), ("1.png a -, 2.png b -".into(), String::new()));
    }

    #[test]
    fn lines_that_are_no_rows_are_named() {
        let long = list("\n# x\npath,label\n1.png,a\n1,2.png,b\n3.png,b,\n").unwrap();
        assert_eq!((long.rows.len(), long.faults.len()), (2, 1));
        let fault = &long.faults[0];
        assert_eq!(
            (&fault.place[..], &fault.reason[..]),
            ("line 5", "has 3 cells where 2 are expected")
        );
        let open = list("path,label\n1.png,a\n\"2.png,b\n3.png,a\n");
        assert_eq!(open, Err(ListError::Quote { line: 3 }));
        let error = list("Bild;Klasse\n1.png;a\n").unwrap_err().to_string();
        assert_eq!(error, "has no columns path and label, but Bild, Klasse");
    }

    proptest! {
        /// Cells come back as they were written by the rules of the format, whatever they hold; a
        /// quotation mark that does not begin its cell is a letter.
        #[test]
        fn cells_come_back(
            table in proptest::collection::vec(proptest::collection::vec("[ab\",;| \n]{0,5}", 1..4), 1..5),
            separator in prop::sample::select(&SEPARATORS[..]), breaks in prop::sample::select(&["\n", "\r\n"][..]),
        ) {
            let needs = |cell: &str| cell.contains(separator) || cell.contains('\n') || cell.trim_start().starts_with('"');
            let written = |cell: &String| match needs(cell) {
                true => format!("\"{}\"", cell.replace('"', "\"\"")),
                false => cell.clone(),
            };
            let line = |cells: &Vec<String>| cells.iter().map(written).collect::<Vec<_>>().join(&separator.to_string());
            let text = table.iter().map(line).collect::<Vec<_>>().join(breaks);
            let read: Vec<Vec<String>> = lines(&text, separator, 0).unwrap().into_iter().map(|line| line.cells).collect();
            let expected: Vec<Vec<String>> = table.into_iter().filter(|line| line.iter().any(|cell| !cell.is_empty())).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
