//! Tables of cells, and the rows that they hold.

use crate::columns::Columns;
use crate::error::ListError;
use crate::line::Line;
use crate::list::{Fault, List};
use crate::row::Row;

/// Lines of cells below a header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// The names of the columns; without a header those of a first line, which is one of the lines too.
    pub header: Vec<String>,
    pub lines: Vec<Line>,
    pub has_header: bool,
}

impl Table {
    /// The rows, by the columns of image, class and part.
    pub(crate) fn list(self) -> Result<List, ListError> {
        let unknown = || ListError::columns(self.header.iter().map(String::as_str));
        let width = self.header.len();
        let (lines, faults) = self.lines.iter().partition::<Vec<_>, _>(|line| {
            line.cells.iter().skip(width).all(|cell| cell.trim().is_empty())
        });
        let too_long = |line: &&Line| Fault {
            place: line.place.clone(),
            reason: format!("has {} cells where {width} are expected", line.cells.len()),
        };
        let faults = faults.iter().map(too_long).collect();
        let Some(columns) = Columns::of(&self.header, &lines, self.has_header) else {
            let rows = of_indicators(&self.header, &lines).ok_or_else(unknown)?;
            return Ok(List { rows, faults, notes: Vec::new() });
        };
        let rows: Vec<Row> = lines.iter().filter_map(|line| columns.row(&line.cells)).collect();
        if !columns.holds_classes(&rows) {
            return Err(unknown());
        }
        let notes = columns.note(&self.header, self.has_header).into_iter().collect();
        Ok(List { rows, faults, notes })
    }
}

/// Rows with a column for each class, of which one is 1 and all others are 0.
fn of_indicators(header: &[String], lines: &[&Line]) -> Option<Vec<Row>> {
    let (path, part) = Columns::of_indicators(header)?;
    let classes: Vec<usize> = (0..header.len())
        .filter(|at| *at != path && Some(*at) != part && !header[*at].trim().is_empty())
        .collect();
    let row = |line: &&Line| {
        let cells = &line.cells;
        let value = |at: &usize| cells.get(*at)?.trim().parse::<f64>().ok();
        let values: Vec<f64> = classes.iter().map(value).collect::<Option<_>>()?;
        let mut ones = (0..values.len()).filter(|at| values[*at] == 1.0);
        let (one, None) = (ones.next()?, ones.next()) else { return None };
        let is_indicator = values.iter().all(|value| [0.0, 1.0].contains(value));
        let row = Row::new(cells.get(path)?, &header[classes[one]]);
        let part = part.and_then(|at| cells.get(at)).map(|cell| cell.trim().to_owned());
        is_indicator.then(|| part.map_or(row.clone(), |part| row.in_part(&part)))
    };
    let rows = lines.iter().map(row).collect::<Option<Vec<Row>>>();
    rows.filter(|rows| !rows.is_empty() && classes.len() > 1)
}
