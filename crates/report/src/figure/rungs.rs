//! Rungs, and how well the order of the trials at one predicts their order at another.

use crate::StudyData;
use crate::plot::count;
use automl_numeric::correlation::spearman;
use automl_study::{Fidelity, State};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The most rungs of the table.
const RUNGS: usize = 8;

/// The fewest trials of a correlation.
const FEWEST: usize = 4;

/// The fidelities at which trials were compared: those at which several trials paused or stopped, and
/// the highest. Where all trials ended at one fidelity, its halves down to the first report.
pub(crate) fn rungs(data: &StudyData) -> Vec<u64> {
    let mut ends: BTreeMap<u64, usize> = BTreeMap::new();
    for trial in data.trials().iter().filter(|trial| trial.state != State::Failed) {
        if let Some(last) = trial.reports.last() {
            *ends.entry(last.fidelity.0).or_default() += 1;
        }
    }
    let Some((&max, _)) = ends.last_key_value() else { return Vec::new() };
    let total: usize = ends.values().sum();
    let mut rungs: Vec<(usize, u64)> = ends
        .iter()
        .filter(|(at, ends)| **at == max || **ends >= (total / 50).max(2))
        .map(|(at, ends)| (*ends, *at))
        .collect();
    if rungs.len() == 1 {
        let reported =
            |at: &u64| data.trials().iter().any(|trial| trial.report_at(Fidelity(*at)).is_some());
        let halves = std::iter::successors(Some(max / 2), |at| Some(at / 2));
        rungs.extend(halves.take_while(|at| *at > 0).filter(reported).take(3).map(|at| (0, at)));
    }
    rungs.sort_by(|a, b| b.cmp(a));
    rungs.truncate(RUNGS);
    let mut rungs: Vec<u64> = rungs.into_iter().map(|(_, at)| at).collect();
    if !rungs.contains(&max) {
        rungs.push(max);
    }
    rungs.sort_unstable();
    rungs
}

/// The table of rank correlations of the first objective between rungs.
pub(crate) fn correlations(data: &StudyData) -> Option<Markup> {
    let objective = data.objectives().first()?;
    let rungs = rungs(data);
    if rungs.len() < 2 {
        return None;
    }
    let cell = |low: u64, high: u64| {
        let pairs = data.trials().iter().filter_map(|trial| {
            let at = |rung: u64| trial.report_at(Fidelity(rung)).map(|report| report.values[0]);
            Some((at(low)?, at(high)?)).filter(|(a, b)| a.is_finite() && b.is_finite())
        });
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.unzip();
        let rho = if a.len() < FEWEST { None } else { spearman(&a, &b) };
        (a.len(), rho)
    };
    Some(html! {
        figure {
            div.scroll tabindex="0" role="group" aria-label="Rank correlation between rungs" {
                table.matrix {
                    caption { "Spearman's ρ of " (objective.name) " between rungs (" (data.unit()) ")" }
                    thead { tr {
                        th scope="col" { "at" }
                        @for high in &rungs[1..] { th scope="col" { (high) } }
                    } }
                    tbody {
                        @for (row, low) in rungs[..rungs.len() - 1].iter().enumerate() {
                            tr {
                                th scope="row" { (low) }
                                @for (column, high) in rungs[1..].iter().enumerate() {
                                    @if column < row { td {} } @else {
                                        @let (trials, rho) = cell(*low, *high);
                                        (shown(trials, rho))
                                    }
                                }
                            }
                        }
                    }
                }
            }
            figcaption {
                "How well the order at a rung (row) predicts the order at a later one (column), over the \
                 trials that reached both: those that went on were chosen, so the values are lower \
                 than over all trials. Near 1, early stopping could be trusted; near 0, it stopped at random."
            }
        }
    })
}

fn shown(trials: usize, rho: Option<f64>) -> Markup {
    match rho {
        Some(rho) => {
            let share = (100.0 * rho.clamp(0.0, 1.0)).round() as u8;
            html! {
                td style=(format!("--share:{share}%")) {
                    b { (format!("{rho:.2}").replace('-', "−")) } span.n { " " (count(trials as u64)) " trials" }
                }
            }
        }
        None => html! { td.none { "–" span.n { " " (count(trials as u64)) " trials" } } },
    }
}
