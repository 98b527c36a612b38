//! The data of the trials inside the page, for its script.

use crate::StudyData;
use crate::data::{reason, seconds, state_name};
use automl_space::{Domain, Value};
use automl_study::{Direction, Trial};
use serde_json::{Map, json};
use std::collections::BTreeSet;

/// The most trials of the embedded table; of a larger study the figures show half of the usual samples.
const TRIALS: usize = 2_000;

/// The least trials of the embedded table, however much they have to say.
const LEAST: usize = 50;

/// The trials with data in the page.
pub(crate) struct Sample {
    /// Positions of the trials, in order.
    pub(crate) trials: Vec<usize>,
    /// Whether some are left out.
    pub(crate) is_partial: bool,
}

/// A sample with its data as JSON, as many trials as fit into so many bytes.
pub(crate) fn embedded(data: &StudyData, important: &[usize], room: usize) -> (Sample, String) {
    let mut most = TRIALS.min(data.trials().len()).max(LEAST);
    loop {
        let sample = sample(data, most);
        let json = json_text(data, &sample, important);
        if json.len() <= room || most == LEAST {
            return (sample, json);
        }
        most = (most * room / json.len()).clamp(LEAST, most - 1);
    }
}

/// The size of a sample in a figure: half of the usual one of a large study, for which all figures and the
/// table together would be too much.
pub(crate) fn in_large(data: &StudyData, usual: usize) -> usize {
    if data.trials().len() > TRIALS { usual / 2 } else { usual }
}

/// All trials where they are at most `most`; else the front, the best, those that failed or run (up to a
/// quarter), and the others at equal distances.
fn sample(data: &StudyData, most: usize) -> Sample {
    let trials = data.trials();
    if trials.len() <= most {
        return Sample { trials: (0..trials.len()).collect(), is_partial: false };
    }
    let mut chosen: BTreeSet<usize> = data.front().iter().copied().take(most / 2).collect();
    chosen
        .extend((0..data.objectives().len()).filter_map(|at| Some(data.best(at)?.number.index())));
    chosen.extend(data.networks().iter().filter_map(|n| n.trial).map(|trial| trial as usize));
    chosen.retain(|at| *at < trials.len());
    let others: Vec<usize> = (0..trials.len())
        .filter(|at| !chosen.contains(at))
        .filter(|at| data.values(&trials[*at]).is_none())
        .take(most / 4)
        .collect();
    chosen.extend(others);
    let rest: Vec<usize> = (0..trials.len()).filter(|at| !chosen.contains(at)).collect();
    chosen.extend(thinned(&rest, most.saturating_sub(chosen.len())));
    Sample { trials: chosen.into_iter().collect(), is_partial: true }
}

/// At most `most` items at equal distances, with the first and the last.
pub(crate) fn thinned<T: Copy>(items: &[T], most: usize) -> Vec<T> {
    if items.len() <= most {
        return items.to_vec();
    }
    let last = (items.len() - 1) as f64;
    let place = |k: usize| (k as f64 * last / (most - 1).max(1) as f64).round() as usize;
    (0..most).map(|k| items[place(k)]).collect()
}

/// The data as JSON that can stand in a script element.
///
/// Columns are texts with a comma between cells; `~n` stands for n empty cells in a row.
fn json_text(data: &StudyData, sample: &Sample, important: &[usize]) -> String {
    let trials: Vec<&Trial> = sample.trials.iter().map(|at| &data.trials()[*at]).collect();
    let column = |cell: &dyn Fn(&Trial) -> Option<String>| column(&trials, cell);
    let objectives: Vec<_> = data
        .objectives()
        .iter()
        .enumerate()
        .map(|(at, objective)| {
            json!({
                "name": objective.name,
                "max": objective.direction == Direction::Maximize,
                "log": objective.log,
                "cells": column(&|trial| trial.last_values()?.get(at).map(|value| short(*value))),
            })
        })
        .collect();
    let params: Vec<_> = data
        .params()
        .iter()
        .enumerate()
        .map(|(at, param)| {
            let choices: Option<Vec<String>> = match &param.domain {
                Domain::Categorical(d) => {
                    Some(d.choices().iter().map(ToString::to_string).collect())
                }
                _ => None,
            };
            json!({
                "name": param.name,
                "choices": choices,
                "log": param.domain.is_log(),
                "cells": column(&|trial| trial.config.value(at).map(cell)),
            })
        })
        .collect();
    let reasons: Map<_, _> = trials
        .iter()
        .filter_map(|trial| Some((trial.number.to_string(), clipped(reason(trial)?).into())))
        .collect();
    let networks: Vec<u64> = data.networks().iter().filter_map(|network| network.trial).collect();
    let front: Vec<u64> = data.front().iter().map(|at| data.trials()[*at].number.0).collect();
    let json = json!({
        "trials": data.trials().len(),
        "numbers": column(&|trial| Some(trial.number.to_string())),
        "states": column(&|trial| Some(state_name(trial.state).to_owned())),
        "fidelity": column(&|trial| trial.reports.last().map(|r| r.fidelity.to_string())),
        "seconds": column(&|trial| seconds(trial).map(short)),
        "unit": data.unit(),
        "objectives": objectives,
        "params": params,
        "important": important,
        "reasons": reasons,
        "front": front,
        "networks": networks,
    });
    // Whatever the names are, nothing in them can end the element.
    json.to_string()
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// The start of a text.
pub(crate) fn clipped(text: &str) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn column(trials: &[&Trial], cell: &dyn Fn(&Trial) -> Option<String>) -> String {
    let mut text = String::new();
    let mut empty = 0;
    let flush = |text: &mut String, empty: &mut usize| {
        if *empty > 0 {
            text.push_str(&format!("~{empty},"));
            *empty = 0;
        }
    };
    for trial in trials {
        match cell(trial) {
            Some(value) => {
                flush(&mut text, &mut empty);
                text.push_str(&value);
                text.push(',');
            }
            None => empty += 1,
        }
    }
    flush(&mut text, &mut empty);
    text.pop();
    text
}

/// A value of a parameter: a number, or the index of a choice.
fn cell(value: Value) -> String {
    match value {
        Value::Float(x) => short(x),
        Value::Int(x) => x.to_string(),
        Value::Category(index) => index.to_string(),
    }
}

/// A number with six significant digits.
fn short(x: f64) -> String {
    if !x.is_finite() || x == x.trunc() && x.abs() < 1e15 {
        return x.to_string();
    }
    let rounded: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    let (plain, scientific) = (rounded.to_string(), format!("{rounded:e}"));
    if plain.len() <= scientific.len() { plain } else { scientific }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_keep_both_ends() {
        let items: Vec<usize> = (0..100).collect();
        let few = thinned(&items, 7);
        assert_eq!((few.len(), few[0], few[6]), (7, 0, 99));
        assert_eq!(thinned(&items[..5], 7), items[..5]);
        assert!(thinned(&items, 0).is_empty());
    }

    #[test]
    fn numbers_are_short() {
        for (x, text) in [(0.1 + 0.2, "0.3"), (1e-9, "1e-9"), (2213.0, "2213"), (f64::NAN, "NaN")] {
            assert_eq!(short(x), text);
        }
    }
}
