//! The front as a plot of text.

use crate::StudyData;
use crate::plot::{Scale, count, number};
use std::collections::BTreeSet;

/// The rows of a plot, without its axis.
const ROWS: usize = 12;

/// The columns of labels on the left, and the fewest and the most of the plot itself.
const LABEL: usize = 10;
const NARROWEST: usize = 20;
const WIDEST: usize = 72;

/// The share of the trials that decides on the range of an axis, with the front: a few bad trials would
/// leave no room for the others.
const SHOWN: f64 = 0.9;

/// The trials of a study as a plot of text, `width` columns wide: the first objective over the second one
/// or, where there is one objective only, over the trials. A dot is a trial; a filled one is on the front
/// or, with one objective, better than all before it. `None` before the second trial with a value, or where
/// the terminal is too narrow.
///
/// # Examples
/// ```
/// use automl_report::{StudyData, terminal_plot};
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, StudyRecord};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// Study::builder(space.build()?).storage(storage).build()?.optimize(9, |config| config[x])?;
///
/// let data = StudyData::new(StudyRecord::read(&path.display().to_string(), None)?, None);
/// let plot = terminal_plot(&data, 60).ok_or("no plot")?;
/// assert!(plot.lines().all(|line| line.chars().count() <= 60) && plot.contains('●'));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn terminal_plot(data: &StudyData, width: usize) -> Option<String> {
    let columns = width.checked_sub(LABEL + 2).filter(|columns| *columns >= NARROWEST)?;
    let columns = columns.min(WIDEST);
    let points = points(data);
    if points.len() < 2 {
        return None;
    }
    let [x_log, y_log] = match data.objectives() {
        [only] => [false, only.log],
        [first, second, ..] => [second.log, first.log],
        [] => return None,
    };
    let (x_range, y_range) = (range(&points, |p| p.x), range(&points, |p| p.y));
    let x = Scale::of(x_range, x_log, [0.0, (columns - 1) as f64]);
    let y = Scale::of(y_range, y_log, [(ROWS - 1) as f64, 0.0]);
    let mut cells = vec![vec![' '; columns]; ROWS];
    let mut outside = 0;
    // The front is drawn last.
    let (front, others): (Vec<&Point>, Vec<&Point>) = points.iter().partition(|p| p.is_best);
    for point in others.into_iter().chain(front) {
        let (column, row) = (x.at(point.x).round(), y.at(point.y).round());
        let is_inside =
            (0.0..columns as f64).contains(&column) && (0.0..ROWS as f64).contains(&row);
        if is_inside {
            cells[row as usize][column as usize] = if point.is_best { '●' } else { '·' };
        } else {
            outside += 1;
        }
    }
    Some(drawn(data, &cells, [x_range, y_range], [x.is_log(), y.is_log()], outside))
}

/// A trial in the plot.
struct Point {
    x: f64,
    y: f64,
    is_best: bool,
}

fn points(data: &StudyData) -> Vec<Point> {
    let front: BTreeSet<usize> = data.front().iter().copied().collect();
    let mut best = f64::INFINITY;
    let trials = data.trials().iter().enumerate();
    let point = |(at, trial): (usize, &automl_study::Trial)| {
        let values = data.values(trial)?;
        if let [value] = values {
            let loss = data.losses(values)[0];
            let is_best = trial.is_feasible() && loss < best;
            if is_best {
                best = loss;
            }
            return Some(Point { x: trial.number.0 as f64, y: *value, is_best });
        }
        Some(Point { x: values[1], y: values[0], is_best: front.contains(&at) })
    };
    trials.filter_map(point).collect()
}

/// The range of the best points and of most of the others.
fn range(points: &[Point], of: impl Fn(&Point) -> f64) -> [f64; 2] {
    let mut all: Vec<f64> = points.iter().map(&of).collect();
    all.sort_by(f64::total_cmp);
    let best = points.iter().filter(|point| point.is_best).map(&of);
    let [low, high] =
        best.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)]);
    // The share is taken from the end that is farther from the front.
    let cut = ((all.len() as f64) * (1.0 - SHOWN)) as usize;
    let (first, last) = (all[0], all[all.len() - 1]);
    let [below, above] = [low - first, last - high];
    let range = if above > below {
        [first, all[all.len() - 1 - cut].max(high)]
    } else {
        [all[cut].min(low), last]
    };
    if range.iter().all(|x| x.is_finite()) { range } else { [first, last] }
}

/// The cells with labels, axis and caption.
fn drawn(
    data: &StudyData,
    cells: &[Vec<char>],
    [x_range, y_range]: [[f64; 2]; 2],
    [x_log, y_log]: [bool; 2],
    outside: u64,
) -> String {
    let columns = cells[0].len();
    let note = |log: bool| if log { ", log" } else { "" };
    let (first, second) = match data.objectives() {
        [only] => (&only.name, "trial"),
        [first, second, ..] => (&first.name, second.name.as_str()),
        [] => return String::new(),
    };
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let mut text = cut(
        &format!("{:>LABEL$}  {}", "", format_args!("{first}{}", note(y_log))),
        columns + LABEL + 2,
    );
    for (row, line) in cells.iter().enumerate() {
        let label = match row {
            0 => number(y_range[1]),
            _ if row + 1 == cells.len() => number(y_range[0]),
            _ => String::new(),
        };
        let line: String = line.iter().collect();
        text.push_str(&format!("\n{:>LABEL$} ┤{}", cut(&label, LABEL), line.trim_end()));
    }
    text.push_str(&format!("\n{:>LABEL$} └{}", "", "─".repeat(columns)));
    let (low, high) = (number(x_range[0]), number(x_range[1]));
    let room = columns.saturating_sub(low.chars().count() + high.chars().count() + 2);
    let middle = cut(&format!("{second}{}", note(x_log)), room);
    text.push_str(&format!("\n{:>LABEL$}  {low} {middle:^room$} {high}", ""));
    if outside > 0 {
        let noun = if outside == 1 { "trial lies" } else { "trials lie" };
        text.push_str(&format!("\n{:>LABEL$}  {} {noun} outside", "", count(outside)));
    }
    text
}
