//! Marks of many trials in one path: short files, and a script finds the trials again.

use automl_study::TrialId;
use maud::{Markup, html};
use std::fmt::Write;

/// A position in pixels with one decimal.
pub(crate) fn px(x: f64) -> String {
    let rounded = (x * 10.0).round() / 10.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// A path of one dot for each trial, and the list of their numbers.
pub(crate) fn dots(class: &str, points: &[(f64, f64, TrialId)]) -> Markup {
    let (mut path, mut numbers) = (String::new(), String::new());
    for (x, y, number) in points {
        let _ = write!(path, "M{} {}h0", px(*x), px(*y));
        separate(&mut numbers);
        let _ = write!(numbers, "{number}");
    }
    html! {
        @if !points.is_empty() { path class=(format!("dots {class}")) d=(path) data-trials=(numbers) {} }
    }
}

/// A path of one horizontal bar `(from, to, y)` for each trial, and the list of their numbers.
pub(crate) fn bars(class: &str, spans: &[(f64, f64, f64, TrialId)]) -> Markup {
    let (mut path, mut numbers) = (String::new(), String::new());
    for (from, to, y, number) in spans {
        let _ = write!(path, "M{} {}h{}", px(*from), px(*y), px((to - from).max(1.0)));
        separate(&mut numbers);
        let _ = write!(numbers, "{number}");
    }
    html! {
        @if !spans.is_empty() { path class=(format!("bars {class}")) d=(path) data-trials=(numbers) {} }
    }
}

fn separate(list: &mut String) {
    if !list.is_empty() {
        list.push(',');
    }
}

/// The path of a line through points.
pub(crate) fn line(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let _ = write!(path, "{}{} {}", if at == 0 { "M" } else { "L" }, px(*x), px(*y));
    }
    path
}

/// The path of a staircase: each value holds until the next one, the last until `end`.
pub(crate) fn steps(points: &[(f64, f64)], end: f64) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let _ = match at {
            0 => write!(path, "M{} {}", px(*x), px(*y)),
            _ => write!(path, "H{}V{}", px(*x), px(*y)),
        };
    }
    if !path.is_empty() {
        let _ = write!(path, "H{}", px(end));
    }
    path
}
