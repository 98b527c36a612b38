//! The front: every trial with a value, and those that no other one dominates.

mod shown;

use crate::StudyData;
use crate::plot::{Frame, Scale, count, dots, isolated, number, steps};
use automl_study::{Direction, State, Trial, TrialId};
use maud::{Markup, html};
use shown::Shown;

/// States with values, in the order in which they are drawn.
const STATES: [(State, &str); 4] = [
    (State::Pruned, "pruned"),
    (State::Running, "running"),
    (State::Paused, "paused"),
    (State::Complete, "complete"),
];

/// The most rows of the table of the front.
const ROWS: usize = 30;

/// A plot for each pair of objectives, or of the values in order for a single objective, and the
/// table of the front.
pub(crate) fn front(data: &StudyData) -> Option<Markup> {
    let drawn = data.trials().iter().filter(|trial| data.values(trial).is_some()).count();
    if drawn == 0 {
        return None;
    }
    let objectives = data.objectives().len();
    // Each pair, with the later objective along the horizontal axis.
    let pairs: Vec<(usize, usize)> =
        (0..objectives).flat_map(|y| (y + 1..objectives).map(move |x| (x, y))).take(6).collect();
    let is_single = pairs.len() < 2;
    let (width, height) = if is_single { (660.0, 430.0) } else { (500.0, 340.0) };
    let missing = data.trials().len() - drawn;
    let shown = Shown::of(data, pairs.len().max(1));
    Some(html! {
        div class=(if is_single { "with-table" } else { "stack" }) {
            figure {
                @if objectives == 1 {
                    (history(data, &shown, width, height))
                } @else {
                    div.grid { @for pair in pairs { (pair_plot(data, &shown, pair, width, height)) } }
                }
                figcaption {
                    (legend(data)) " "
                    @if missing > 0 {
                        (count(missing as u64)) " of " (count(data.trials().len() as u64))
                        " trials have no finite value and are not drawn. "
                    }
                    @if shown.count() < drawn {
                        (count(shown.count() as u64)) " of " (count(drawn as u64))
                        " trials are drawn: the front and others at equal distances. "
                    }
                    @if objectives > 4 { "Six of the pairs of objectives are drawn. " }
                }
            }
            (table(data))
        }
    })
}

fn legend(data: &StudyData) -> Markup {
    let shown: Vec<_> = STATES
        .iter()
        .rev()
        .filter(|(state, _)| {
            data.trials().iter().any(|t| t.state == *state && data.values(t).is_some())
        })
        .collect();
    let best = if data.objectives().len() == 1 { "best" } else { "front" };
    html! {
        span.legend { span.swatch.best {} (best) }
        @for (_, name) in shown { " " span.legend { span class=(format!("swatch {name}")) {} (name) } }
    }
}

/// The dots of all trials, by state, and of the front where it has no links.
fn clouds(
    data: &StudyData,
    shown: &Shown<'_>,
    at: impl Fn(&Trial, &[f64]) -> (f64, f64),
) -> Markup {
    let cloud = |trials: &mut dyn Iterator<Item = &Trial>| -> Vec<(f64, f64, TrialId)> {
        trials
            .filter_map(|trial| {
                let (x, y) = at(trial, data.values(trial)?);
                Some((x, y, trial.number))
            })
            .collect()
    };
    html! {
        @for (state, class) in STATES {
            (dots(class, &cloud(&mut shown.cloud.iter().copied().filter(|trial| trial.state == state))))
        }
        (dots("best", &cloud(&mut shown.dotted.iter().copied())))
    }
}

/// A mark of the front: a link to the network or to the trial's row.
fn mark(data: &StudyData, trial: &Trial, (x, y): (f64, f64)) -> Markup {
    let values = data.values(trial).unwrap_or_default();
    let pairs = data.objectives().iter().zip(values);
    let text: Vec<String> =
        pairs.map(|(objective, value)| format!("{} {}", objective.name, number(*value))).collect();
    let label = format!("trial {}: {}", trial.number, text.join(", "));
    let target = match data.network(trial.number) {
        Some(_) => format!("#network-{}", trial.number),
        None => "#trials".to_owned(),
    };
    html! {
        a.mark href=(target) data-trial=(trial.number) aria-label=(label) {
            circle cx=(format!("{x:.1}")) cy=(format!("{y:.1}")) r="4.5" {}
        }
    }
}

fn pair_plot(
    data: &StudyData,
    shown: &Shown<'_>,
    (x, y): (usize, usize),
    width: f64,
    height: f64,
) -> Markup {
    let all: Vec<&[f64]> = data.trials().iter().filter_map(|trial| data.values(trial)).collect();
    let [xo, yo] = [x, y].map(|at| &data.objectives()[at]);
    let scale = |at: usize, log: bool, range: [f64; 2]| {
        Scale::of(all.iter().map(|values| values[at]), log, range).nice()
    };
    let frame = Frame {
        width,
        height,
        x: scale(x, xo.log, Frame::horizontal(width)),
        y: scale(y, yo.log, Frame::vertical(height)),
        x_label: label(xo.name.as_str(), xo.direction),
        y_label: label(yo.name.as_str(), yo.direction),
    };
    let place = |values: &[f64]| (frame.x.at(values[x]), frame.y.at(values[y]));
    let front: Vec<&Trial> = data.front().iter().map(|at| &data.trials()[*at]).collect();
    let mut corners: Vec<(f64, f64)> =
        front.iter().filter_map(|trial| Some(place(data.values(trial)?))).collect();
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [_, right] = Frame::horizontal(width);
    // The staircase bounds what is dominated, where smaller is better along the horizontal axis.
    let is_stairs = data.objectives().len() == 2 && xo.direction == Direction::Minimize;
    frame.interactive(
        &format!("{} against {}, {} trials", yo.name, xo.name, shown.count()),
        &html! {
            (clouds(data, shown, |_, values| place(values)))
            @if is_stairs { path.front d=(steps(&corners, right)) {} }
            @for trial in &shown.linked {
                @if let Some(values) = data.values(trial) { (mark(data, trial, place(values))) }
            }
        },
    )
}

/// The values of a single objective in the order of the trials, with the best so far.
fn history(data: &StudyData, shown: &Shown<'_>, width: f64, height: f64) -> Markup {
    let Some(objective) = data.objectives().first() else { return html! {} };
    let values: Vec<(TrialId, f64)> = data
        .trials()
        .iter()
        .filter_map(|trial| Some((trial.number, *data.values(trial)?.first()?)))
        .collect();
    let last = data.trials().len().saturating_sub(1) as f64;
    let frame = Frame {
        width,
        height,
        x: Scale::of([0.0, last.max(1.0)], false, Frame::horizontal(width)).whole(),
        y: Scale::of(values.iter().map(|(_, y)| *y), objective.log, Frame::vertical(height)).nice(),
        x_label: "trial".into(),
        y_label: label(&objective.name, objective.direction),
    };
    let place = |number: TrialId, value: f64| (frame.x.at(number.0 as f64), frame.y.at(value));
    let mut best = f64::INFINITY;
    let mut corners = Vec::new();
    for trial in data.trials().iter().filter(|t| t.state == State::Complete && t.is_feasible()) {
        let Some(value) = data.values(trial).map(|values| values[0]) else { continue };
        let loss = objective.direction.loss(value);
        if loss < best {
            best = loss;
            corners.push(place(trial.number, value));
        }
    }
    let [_, right] = Frame::horizontal(width);
    frame.interactive(
        &format!("{} of {} trials in order, with the best so far", objective.name, shown.count()),
        &html! {
            (clouds(data, shown, |trial, values| place(trial.number, values[0])))
            path.front d=(steps(&corners, right)) {}
            @for trial in &shown.linked {
                @if let Some(values) = data.values(trial) {
                    (mark(data, trial, place(trial.number, values[0])))
                }
            }
        },
    )
}

/// The label of an axis, with the better direction.
pub(crate) fn label(name: &str, direction: Direction) -> String {
    let name = isolated(name);
    match direction {
        Direction::Minimize => format!("{name}, smaller is better"),
        Direction::Maximize => format!("{name}, larger is better"),
    }
}

fn table(data: &StudyData) -> Markup {
    let more = data.front().len().saturating_sub(ROWS);
    let rows = data.front().iter().take(ROWS).map(|at| &data.trials()[*at]);
    html! {
        div.scroll tabindex="0" role="group" aria-label="Trials of the front" {
            table.front-table {
                caption {
                    @if data.objectives().len() == 1 { "Best trial" } @else {
                        "Front: complete trials that no other one dominates"
                    }
                    @if more > 0 { " (the first " (ROWS) ")" }
                }
                thead { tr {
                    th scope="col" { "trial" }
                    @for objective in data.objectives() { th.num scope="col" { (objective.name) } }
                    @if !data.networks().is_empty() { th scope="col" { "network" } }
                } }
                tbody {
                    @for trial in rows {
                        tr data-trial=(trial.number) {
                            td { button.link type="button" data-open=(trial.number) { (trial.number) } }
                            @for value in data.values(trial).unwrap_or_default() {
                                td.num { (number(*value)) }
                            }
                            @if !data.networks().is_empty() {
                                td {
                                    @if data.network(trial.number).is_some() {
                                        a href=(format!("#network-{}", trial.number)) { "card" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
