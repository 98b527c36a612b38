//! Learning curves, with the rungs and the trials that were stopped there.

use super::front::label;
use super::rungs::rungs;
use crate::StudyData;
use crate::payload::{in_large, thinned};
use crate::plot::{Frame, Scale, count, line};
use automl_study::{State, Trial};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The most curves of a plot.
const CURVES: usize = 250;

/// The most points of all curves.
const POINTS: usize = 6_000;

/// A plot for each objective that changes during training.
pub(crate) fn curves(data: &StudyData) -> Option<Markup> {
    let reported: Vec<usize> =
        (0..data.trials().len()).filter(|at| data.trials()[*at].reports.len() > 1).collect();
    if reported.is_empty() {
        return None;
    }
    let changes = |at: &usize| {
        reported.iter().any(|trial| {
            let mut values = data.trials()[*trial].reports.iter().map(|report| report.values[*at]);
            let first = values.next();
            values.any(|value| value.is_finite() && Some(value) != first)
        })
    };
    let objectives: Vec<usize> = (0..data.objectives().len()).filter(changes).collect();
    if objectives.is_empty() {
        return None;
    }
    let shown = sample(data, &reported, objectives.len());
    let rungs = rungs(data);
    Some(html! {
        figure {
            div.grid[objectives.len() > 1].scroll tabindex="0" role="group" aria-label="Learning curves" {
                @for at in &objectives { (plot(data, *at, &shown, &rungs, objectives.len() > 1)) }
            }
            figcaption {
                @for (name, text) in [
                    ("best", "front"), ("complete", "complete"), ("paused", "paused"),
                    ("pruned", "stopped early"), ("failed", "failed"),
                ] {
                    @if shown.iter().any(|at| class(data, *at) == name) {
                        span.legend { span class=(format!("swatch {name}")) {} (text) } " "
                    }
                }
                "A dot ends each curve; dotted lines are rungs, at which trials are compared. "
                @if shown.len() < reported.len() {
                    (count(shown.len() as u64)) " of " (count(reported.len() as u64))
                    " curves are drawn: the front and others at equal distances."
                }
            }
        }
    })
}

/// The front and others at equal distances, within the limits of so many plots.
fn sample(data: &StudyData, reported: &[usize], plots: usize) -> Vec<usize> {
    let points: usize = reported.iter().map(|at| data.trials()[*at].reports.len()).sum();
    let mean = points.div_ceil(reported.len());
    let most = in_large(data, POINTS) / mean.max(1) / plots;
    let most = most.clamp(20, in_large(data, CURVES));
    let kept: BTreeSet<usize> = reported.iter().copied().collect();
    let mut shown: BTreeSet<usize> =
        data.front().iter().copied().filter(|at| kept.contains(at)).take(most / 2).collect();
    let rest: Vec<usize> = reported.iter().copied().filter(|at| !shown.contains(at)).collect();
    shown.extend(thinned(&rest, most - shown.len()));
    let mut shown: Vec<usize> = shown.into_iter().collect();
    // The front is drawn last.
    shown.sort_by_key(|at| (class(data, *at) == "best", *at));
    shown
}

fn class(data: &StudyData, at: usize) -> &'static str {
    match data.trials()[at].state {
        _ if data.front().contains(&at) => "best",
        State::Complete => "complete",
        State::Pruned => "pruned",
        State::Failed => "failed",
        State::Paused | State::Running | State::Waiting => "paused",
    }
}

fn plot(data: &StudyData, objective: usize, shown: &[usize], rungs: &[u64], small: bool) -> Markup {
    let (width, height) = if small { (500.0, 320.0) } else { (1020.0, 380.0) };
    let about = &data.objectives()[objective];
    let points = |trial: &Trial| -> Vec<(f64, f64)> {
        let all = trial.reports.iter();
        let finite = all.map(|report| (report.fidelity.0 as f64, report.values[objective]));
        let finite: Vec<(f64, f64)> = finite.filter(|(_, y)| y.is_finite()).collect();
        // Long curves keep their shape at the resolution of the plot.
        thinned(&finite, 200)
    };
    let curves: Vec<(usize, Vec<(f64, f64)>)> =
        shown.iter().map(|at| (*at, points(&data.trials()[*at]))).collect();
    let all = || curves.iter().flat_map(|(_, points)| points.iter());
    let frame = Frame {
        width,
        height,
        x: Scale::of(all().map(|(x, _)| *x), false, Frame::horizontal(width)).whole(),
        y: Scale::of(all().map(|(_, y)| *y), about.log, Frame::vertical(height)).nice(),
        x_label: data.unit().to_owned(),
        y_label: label(&about.name, about.direction),
    };
    let [bottom, top] = Frame::vertical(height);
    let content = html! {
        @for rung in rungs {
            @let x = format!("{:.1}", frame.x.at(*rung as f64));
            path.rung d=(format!("M{x} {bottom}V{top}")) {}
            text.rung x=(x) y=(top - 3.0) text-anchor="middle" { (rung) }
        }
        @for (at, points) in &curves {
            @let placed: Vec<(f64, f64)> =
                points.iter().map(|(x, y)| (frame.x.at(*x), frame.y.at(*y))).collect();
            @if let Some((x, y)) = placed.last() {
                @let class = class(data, *at);
                path class=(format!("curve {class}")) d=(line(&placed)) {}
                (crate::plot::dots(class, &[(*x, *y, data.trials()[*at].number)]))
            }
        }
    };
    frame.interactive(
        &format!("{} of {} trials over {}", about.name, curves.len(), data.unit()),
        &content,
    )
}
