//! What each worker did when.

use crate::StudyData;
use crate::data::last_work;
use crate::payload::thinned;
use crate::plot::{Frame, Scale, bars, count};
use automl_study::{State, Trial, TrialId, attribute};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The most lanes.
const LANES: usize = 48;

/// The most bars.
const BARS: usize = 3_000;

/// A unit of time in seconds and its name, in which a span has few digits.
pub(crate) fn unit(seconds: f64) -> (f64, &'static str) {
    match seconds {
        ..300.0 => (1.0, "s"),
        300.0..18_000.0 => (60.0, "min"),
        18_000.0..432_000.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    }
}

/// A bar for each trial that was started, in the lane of its worker.
pub(crate) fn timeline(data: &StudyData) -> Option<Markup> {
    let start = data.trials().iter().filter_map(|trial| trial.started).min()?;
    let end = data.trials().iter().filter_map(|t| t.finished.max(t.started)).max()?;
    let span = |trial: &Trial| -> Option<(f64, f64)> {
        let from = trial.started?;
        let to = match last_work(trial) {
            Some(to) => to,
            None if trial.state == State::Running => end,
            None => from,
        };
        Some(((from - start) as f64 / 1e6, (to - start).max(0) as f64 / 1e6))
    };
    let spans: Vec<(&Trial, f64, f64)> = data
        .trials()
        .iter()
        .filter_map(|trial| span(trial).map(|(from, to)| (trial, from, to)))
        .collect();
    let longest = spans.iter().map(|(_, _, to)| *to).fold(0.0, f64::max);
    if longest <= 0.0 {
        return None;
    }
    let (lanes, names) = lanes(&spans);
    let hidden = lanes.iter().filter(|lane| **lane >= LANES).count();
    let visible: Vec<usize> = (0..spans.len()).filter(|at| lanes[*at] < LANES).collect();
    let drawn = thinned(&visible, BARS);
    let shown = names.len().min(LANES);
    let (unit, name) = unit(longest);
    let (width, step) = (1020.0, if shown > 16 { 9.0 } else { 15.0 });
    let height = 74.0 + step * shown as f64;
    let x = Scale::of([0.0, longest / unit], false, Frame::horizontal(width));
    let placed = |class: &str| -> Vec<(f64, f64, f64, TrialId)> {
        let own = drawn.iter().map(|at| (&spans[*at], lanes[*at]));
        own.filter(|((trial, ..), _)| class_of(trial.state) == class)
            .map(|((trial, from, to), lane)| {
                let y = 34.0 + step * (lane as f64 + 0.5);
                (x.at(from / unit), x.at(to / unit), y, trial.number)
            })
            .collect()
    };
    let classes = ["complete", "pruned", "paused", "running", "failed"];
    let content = html! {
        g style=(format!("stroke-width:{}", step - 3.0)) {
            @for class in classes { (bars(class, &placed(class))) }
        }
    };
    let workers = names.iter().flatten().count();
    Some(html! {
        figure {
            div.scroll tabindex="0" role="group" aria-label="Timeline" {
                svg.plot.wide viewBox=(format!("0 0 {width} {height}")) role="img" data-hover="bars"
                    aria-label=(format!("{} trials over time in {shown} lanes", spans.len())) {
                    (axis(&x, width, height, name))
                    (content)
                }
            }
            figcaption {
                @for class in classes {
                    @if spans.iter().any(|(trial, ..)| class_of(trial.state) == class) {
                        span.legend { span class=(format!("swatch {class}")) {} (class) } " "
                    }
                }
                @if workers > 0 { "One lane for each of " (workers) " workers. " }
                @else { "Lanes are as many as trials ran at once. " }
                "A bar spans a trial from its first start to its last work, pauses between included. "
                @if drawn.len() < visible.len() {
                    (count(drawn.len() as u64)) " of " (count(visible.len() as u64))
                    " trials are drawn, at equal distances. "
                }
                @if hidden > 0 { (count(hidden as u64)) " trials lie in lanes that are not drawn." }
            }
        }
    })
}

fn class_of(state: State) -> &'static str {
    match state {
        State::Waiting | State::Paused => "paused",
        other => crate::data::state_name(other),
    }
}

/// The lane of each span, and of each lane the worker. Without workers, each span takes the first lane
/// that is free.
fn lanes(spans: &[(&Trial, f64, f64)]) -> (Vec<usize>, Vec<Option<String>>) {
    let worker = |trial: &Trial| {
        trial.attributes.get(attribute::WORKER).and_then(|w| w.as_str()).map(str::to_owned)
    };
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: Vec<Option<String>> = Vec::new();
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by(|a, b| spans[*a].1.total_cmp(&spans[*b].1));
    let mut lanes = vec![0; spans.len()];
    let mut free_at: Vec<f64> = Vec::new();
    for at in order {
        let (trial, from, to) = spans[at];
        let lane = match worker(trial) {
            Some(name) => *known.entry(name.clone()).or_insert_with(|| {
                names.push(Some(name));
                free_at.push(f64::INFINITY);
                names.len() - 1
            }),
            None => match free_at.iter().position(|free| *free <= from) {
                Some(lane) => lane,
                None => {
                    names.push(None);
                    free_at.push(to);
                    names.len() - 1
                }
            },
        };
        if free_at[lane].is_finite() {
            free_at[lane] = free_at[lane].max(to);
        }
        lanes[at] = lane;
    }
    (lanes, names)
}

fn axis(x: &Scale, width: f64, height: f64, unit: &str) -> Markup {
    let [left, right] = Frame::horizontal(width);
    let bottom = height - 38.0;
    html! {
        g.axes aria-hidden="true" {
            @for (tick, label) in x.ticks(10) {
                @let at = format!("{:.1}", x.at(tick));
                path.grid d=(format!("M{at} {bottom}V28")) {}
                text x=(at) y=(bottom + 18.0) text-anchor="middle" { (label) }
            }
            path.base d=(format!("M{left} {bottom}H{right}")) {}
            text.label x="2" y="14" { "lanes of workers" }
            text.label x=(right) y=(height - 4.0) text-anchor="end" { "time since the first start (" (unit) ") →" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::Config;

    #[test]
    fn spans_at_once_lie_in_lanes_of_their_own() {
        let trials: Vec<Trial> = (0..3).map(|n| Trial::waiting(n, Config::empty(0))).collect();
        let spans = [(&trials[0], 0.0, 2.0), (&trials[1], 1.0, 3.0), (&trials[2], 2.5, 4.0)];
        assert_eq!(lanes(&spans), (vec![0, 1, 0], vec![None, None]));
        let mut named = trials.clone();
        for (trial, worker) in named.iter_mut().zip(["a", "b", "b"]) {
            trial.attributes.insert(attribute::WORKER.into(), worker.into());
        }
        let spans = [(&named[0], 0.0, 2.0), (&named[1], 1.0, 3.0), (&named[2], 2.5, 4.0)];
        assert_eq!(lanes(&spans).0, [0, 1, 1]);
    }
}
