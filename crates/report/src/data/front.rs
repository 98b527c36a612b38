//! The trials that no other one dominates.

use super::values;
use automl_numeric::order::lexicographic;
use automl_numeric::pareto::dominates;
use automl_storage::StudyRecord;
use automl_study::{State, Trial};

/// The positions of the non-dominated trials, in the order of their losses. Of equal trials all
/// belong to the front.
pub(super) fn front(record: &StudyRecord) -> Vec<usize> {
    let complete = front_of(record, |trial| trial.state == State::Complete && trial.is_feasible());
    if complete.is_empty() { front_of(record, Trial::is_feasible) } else { complete }
}

fn front_of(record: &StudyRecord, counts: impl Fn(&Trial) -> bool) -> Vec<usize> {
    let objectives = record.directions.len();
    let losses = |trial: &Trial| -> Option<Vec<f64>> {
        let values = values(trial, objectives).filter(|_| counts(trial))?;
        let pairs = record.directions.iter().zip(values);
        Some(pairs.map(|(direction, value)| direction.loss(*value)).collect())
    };
    let trials = record.trials.iter().enumerate();
    let mut points: Vec<(usize, Vec<f64>)> =
        trials.filter_map(|(at, trial)| Some((at, losses(trial)?))).collect();
    // In lexicographic order, no later point dominates an earlier one.
    points.sort_by(|a, b| lexicographic(&a.1, &b.1).then(a.0.cmp(&b.0)));
    let mut front: Vec<(usize, Vec<f64>)> = Vec::new();
    for (at, point) in points {
        // The newest points of the front are the likeliest to dominate.
        if !front.iter().rev().any(|(_, other)| dominates(other, &point)) {
            front.push((at, point));
        }
    }
    front.into_iter().map(|(at, _)| at).collect()
}
