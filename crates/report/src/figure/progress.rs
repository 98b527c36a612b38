//! Hypervolume and best values over time and over cost.

use super::front::label;
use crate::StudyData;
use crate::data::last_work;
use crate::payload::thinned;
use crate::plot::{Frame, Scale, steps};
use automl_numeric::pareto::{dominates, hypervolume};
use automl_study::Trial;
use maud::{Markup, html};

/// The most points of a line.
const POINTS: usize = 300;

/// A trial's place in time and cost, and its losses where it counts.
struct Step {
    seconds: f64,
    cost: f64,
    losses: Option<Vec<f64>>,
}

/// Plots of the hypervolume (of several objectives) and of the best value of each objective.
pub(crate) fn progress(data: &StudyData) -> Option<Markup> {
    let steps = sequence(data);
    if steps.iter().filter(|step| step.losses.is_some()).count() < 2 {
        return None;
    }
    let by_reports = data.trials().iter().any(|trial| trial.fidelity().0 > 0);
    let cost = if by_reports { format!("{} of all trials", data.unit()) } else { "trials".into() };
    let axes = [time_axis(&steps), (cost, steps.iter().map(|step| step.cost).collect())];
    let mut rows: Vec<(String, bool, Vec<Option<f64>>)> = Vec::new();
    if data.objectives().len() > 1 {
        rows.push(("hypervolume".into(), false, volumes(&steps)));
    }
    for (at, objective) in data.objectives().iter().enumerate().take(4) {
        let best = running_best(&steps, at).into_iter();
        let values = best.map(|loss| loss.map(|loss| objective.direction.loss(loss))).collect();
        let name = label(&objective.name, objective.direction);
        rows.push((format!("best {name}"), objective.log, values));
    }
    Some(html! {
        figure {
            div.grid {
                @for (name, log, values) in &rows {
                    @for (x_label, xs) in &axes {
                        @if xs.iter().any(|x| *x > 0.0) { (plot(name, *log, values, x_label, xs)) }
                    }
                }
            }
            figcaption {
                @if data.objectives().len() > 1 {
                    "Hypervolume: share of the box between the best and the worst values seen that \
                     is dominated. "
                }
                "A trial counts from its end; one that was stopped, from its start and its seconds of \
                     training where they are recorded. "
                @if data.objectives().len() > 4 { "The first four objectives are drawn." }
            }
        }
    })
}

/// The trials with values in the order of their ends.
fn sequence(data: &StudyData) -> Vec<Step> {
    let start = data.trials().iter().filter_map(|trial| trial.started).min().unwrap_or(0);
    let mut ended: Vec<(i64, &Trial)> =
        data.trials().iter().filter_map(|trial| Some((last_work(trial)?, trial))).collect();
    ended.sort_by_key(|(end, trial)| (*end, trial.number));
    let by_reports = ended.iter().any(|(_, trial)| trial.fidelity().0 > 0);
    let mut cost = 0.0;
    ended
        .into_iter()
        .map(|(end, trial)| {
            cost += if by_reports { trial.fidelity().0 as f64 } else { 1.0 };
            let values = data.values(trial).filter(|_| trial.is_feasible());
            let losses = values.map(|values| data.losses(values));
            Step { seconds: (end - start).max(0) as f64 / 1e6, cost, losses }
        })
        .collect()
}

/// Times in a unit that gives short numbers.
fn time_axis(steps: &[Step]) -> (String, Vec<f64>) {
    let last = steps.iter().map(|step| step.seconds).fold(0.0, f64::max);
    let (unit, name) = super::timeline::unit(last);
    (format!("time ({name})"), steps.iter().map(|step| step.seconds / unit).collect())
}

/// The best loss of an objective after each step.
fn running_best(steps: &[Step], objective: usize) -> Vec<Option<f64>> {
    let mut best: Option<f64> = None;
    let loss = |step: &Step| step.losses.as_ref().map(|losses| losses[objective]);
    steps
        .iter()
        .map(|step| {
            if let Some(loss) = loss(step) {
                best = Some(best.map_or(loss, |best| best.min(loss)));
            }
            best
        })
        .collect()
}

/// The normalized hypervolume after each step; of many steps only some are computed.
fn volumes(steps: &[Step]) -> Vec<Option<f64>> {
    let all: Vec<&Vec<f64>> = steps.iter().filter_map(|step| step.losses.as_ref()).collect();
    let objectives = all.first().map_or(0, |losses| losses.len());
    let worst: Vec<f64> =
        (0..objectives).map(|at| all.iter().map(|l| l[at]).fold(f64::MIN, f64::max)).collect();
    let ideal: Vec<f64> =
        (0..objectives).map(|at| all.iter().map(|l| l[at]).fold(f64::MAX, f64::min)).collect();
    let width = |at: usize| (worst[at] - ideal[at]).max(f64::MIN_POSITIVE);
    let unit = vec![1.0; objectives];
    let mut front: Vec<Vec<f64>> = Vec::new();
    let (mut volume, mut is_stale) = (0.0, false);
    // Exact volumes of more than two objectives take long on large fronts.
    let every = if objectives > 2 { steps.len().div_ceil(60) } else { 1 };
    let mut volumes = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        if let Some(losses) = &step.losses {
            let point: Vec<f64> = losses
                .iter()
                .enumerate()
                .map(|(at, loss)| (loss - ideal[at]) / width(at))
                .collect();
            if !front.iter().any(|other| dominates(other, &point) || *other == point) {
                front.retain(|other| !dominates(&point, other));
                front.push(point);
                is_stale = true;
            }
        }
        if is_stale && ((at + 1).is_multiple_of(every) || at + 1 == steps.len()) {
            (volume, is_stale) = (hypervolume(&thinned(&by_first(&front), 150), &unit), false);
        }
        volumes.push(Some(volume));
    }
    volumes
}

/// A front in the order of the first loss, as references.
fn by_first(front: &[Vec<f64>]) -> Vec<&[f64]> {
    let mut sorted: Vec<&[f64]> = front.iter().map(Vec::as_slice).collect();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
    sorted
}

fn plot(name: &str, log: bool, values: &[Option<f64>], x_label: &str, xs: &[f64]) -> Markup {
    let (width, height) = (500.0, 240.0);
    let known: Vec<(f64, f64)> =
        xs.iter().zip(values).filter_map(|(x, value)| Some((*x, (*value)?))).collect();
    // Only where the value changes, and thinned.
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for point in &known {
        if corners.last().is_none_or(|last| last.1 != point.1) {
            corners.push(*point);
        }
    }
    let corners = thinned(&corners, POINTS);
    let end = xs.iter().copied().fold(0.0, f64::max);
    let frame = Frame {
        width,
        height,
        x: Scale::of([0.0, end], false, Frame::horizontal(width)),
        y: Scale::of(corners.iter().map(|(_, y)| *y), log, Frame::vertical(height)).nice(),
        x_label: x_label.to_owned(),
        y_label: name.to_owned(),
    };
    let placed: Vec<(f64, f64)> =
        corners.iter().map(|(x, y)| (frame.x.at(*x), frame.y.at(*y))).collect();
    let path = steps(&placed, frame.x.at(end));
    frame.plot(&format!("{name} over {x_label}"), &html! { path.line d=(path) {} })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hypervolume_grows_to_its_final_share() {
        let step = |losses: [f64; 2]| Step { seconds: 0.0, cost: 0.0, losses: Some(losses.into()) };
        let steps = [step([4.0, 4.0]), step([0.0, 2.0]), step([2.0, 0.0]), step([3.0, 3.0])];
        // In units of the box: points (0, 1/2) and (1/2, 0).
        assert_eq!(volumes(&steps), [0.0, 0.5, 0.75, 0.75].map(Some));
        assert_eq!(running_best(&steps, 0), [4.0, 0.0, 0.0, 0.0].map(Some));
    }
}
