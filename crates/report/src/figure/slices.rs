//! Slices: an objective against one parameter at a time.

use crate::StudyData;
use crate::payload::{in_large, thinned};
use crate::plot::{Scale, count, dots, number};
use automl_space::Domain;
use automl_study::{State, Trial, TrialId};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The most parameters.
const PARAMS: usize = 12;

/// The most trials of a slice.
const TRIALS: usize = 500;

/// The most trials of the front in a slice.
const FRONT: usize = 200;

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 42.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 34.0;

/// A small plot of the first objective against each of the most important parameters.
pub(crate) fn slices(data: &StudyData, important: &[usize]) -> Option<Markup> {
    let objective = data.objectives().first()?;
    let with_value: Vec<usize> =
        (0..data.trials().len()).filter(|at| data.values(&data.trials()[*at]).is_some()).collect();
    if with_value.len() < 2 || important.is_empty() {
        return None;
    }
    let front: BTreeSet<usize> = thinned(data.front(), in_large(data, FRONT)).into_iter().collect();
    let mut shown: BTreeSet<usize> =
        thinned(&with_value, in_large(data, TRIALS)).into_iter().collect();
    shown.extend(&front);
    let value = |at: &usize| data.values(&data.trials()[*at]).map(|values| values[0]);
    let y = Scale::of(shown.iter().filter_map(value), objective.log, [HEIGHT - BOTTOM, TOP]).nice();
    let plots = important.iter().take(PARAMS);
    Some(html! {
        figure {
            div.small-multiples { @for param in plots { (plot(data, *param, &y, &shown, &front)) } }
            figcaption {
                "↑ " (objective.name) " in every plot, the most important parameters first. "
                @if shown.len() < with_value.len() {
                    (count(shown.len() as u64)) " of " (count(with_value.len() as u64)) " trials are drawn. "
                }
                @if important.len() > PARAMS {
                    (count((important.len() - PARAMS) as u64)) " less important parameters are left out."
                }
            }
        }
    })
}

fn plot(
    data: &StudyData,
    param: usize,
    y: &Scale,
    shown: &BTreeSet<usize>,
    front: &BTreeSet<usize>,
) -> Markup {
    let about = &data.params()[param];
    let points: Vec<(usize, f64, f64)> = shown
        .iter()
        .filter_map(|at| {
            let trial = &data.trials()[*at];
            let x = trial.config.value(param)?.as_f64();
            Some((*at, x, data.values(trial)?[0]))
        })
        .collect();
    let x = horizontal(&about.domain, points.iter().map(|(_, x, _)| *x));
    let place = |(at, x_value, y_value): &(usize, f64, f64)| {
        let trial: &Trial = &data.trials()[*at];
        // Equal choices are spread by the number of the trial.
        let is_choice = matches!(about.domain, Domain::Categorical(_));
        let spread = if is_choice { ((trial.number.0 * 7 % 11) as f64 - 5.0) * 0.9 } else { 0.0 };
        (x.at(*x_value) + spread, y.at(*y_value), trial.number)
    };
    let of = |wanted: &dyn Fn(usize, State) -> bool| -> Vec<(f64, f64, TrialId)> {
        points.iter().filter(|(at, ..)| wanted(*at, data.trials()[*at].state)).map(place).collect()
    };
    let is_front = |at: usize| front.contains(&at);
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" data-hover="dots"
            aria-label=(format!("{} against {}", data.objectives()[0].name, about.name)) {
            (axes(&about.name, &about.domain, &x, y))
            (dots("pruned", &of(&|at, state| state != State::Complete && !is_front(at))))
            (dots("complete", &of(&|at, state| state == State::Complete && !is_front(at))))
            (dots("best", &of(&|at, _| is_front(at))))
        }
    }
}

fn horizontal(domain: &Domain, values: impl Iterator<Item = f64>) -> Scale {
    let range = [LEFT + 8.0, WIDTH - 12.0];
    match domain {
        Domain::Float(d) => Scale::of([d.low(), d.high()], d.log(), range),
        Domain::Int(d) => Scale::of([d.low() as f64, d.high() as f64], d.log(), range).whole(),
        Domain::Categorical(d) if d.choices().len() > 1 => {
            Scale::of([0.0, d.choices().len() as f64 - 1.0], false, range)
        }
        Domain::Categorical(_) => Scale::of(values, false, range),
    }
}

fn axes(name: &str, domain: &Domain, x: &Scale, y: &Scale) -> Markup {
    let bottom = HEIGHT - BOTTOM;
    let ticks: Vec<(f64, String)> = match domain {
        Domain::Categorical(d) => {
            let every = d.choices().len().div_ceil(5).max(1);
            let named = d.choices().iter().enumerate().step_by(every);
            named.map(|(at, choice)| (at as f64, short(&choice.to_string()))).collect()
        }
        _ => x.ticks(3),
    };
    html! {
        g.axes aria-hidden="true" {
            @for (tick, _) in y.ticks(4) {
                @let at = format!("{:.1}", y.at(tick));
                path.grid d=(format!("M{LEFT} {at}H{}", WIDTH - 6.0)) {}
                text x=(LEFT - 5.0) y=(at) dy=".32em" text-anchor="end" { (number(tick)) }
            }
            @for (tick, label) in &ticks {
                text x=(format!("{:.1}", x.at(*tick))) y=(bottom + 16.0) text-anchor="middle" { (label) }
            }
            path.base d=(format!("M{LEFT} {bottom}H{}", WIDTH - 6.0)) {}
            text.label.strong x=(LEFT) y="13" { (clip(name)) @if x.is_log() { " (log)" } }
        }
    }
}

/// The start of a choice.
fn short(text: &str) -> String {
    const MOST: usize = 7;
    if text.chars().count() <= MOST {
        text.into()
    } else {
        text.chars().take(MOST - 1).chain(['…']).collect()
    }
}

/// The start of a name.
fn clip(text: &str) -> String {
    const MOST: usize = 30;
    if text.chars().count() <= MOST {
        text.into()
    } else {
        text.chars().take(MOST - 1).chain(['…']).collect()
    }
}
