//! The front of a search that was interrupted, before any final training.

use super::setup::Setup;
use crate::Untrained;
use automl_numeric::pareto;
use automl_study::{History, State, Trial};

/// The candidates that no other one beats in both objectives as they stand, smallest first.
pub(super) fn front(setup: Setup<'_>, history: &History) -> Vec<Untrained> {
    let tried = history.trials().iter().filter(|trial| trial.state != State::Failed);
    let judged: Vec<(&Trial, Vec<f64>)> = tried
        .filter_map(|trial| Some((trial, history.losses(trial.last_values()?))))
        .filter(|(trial, _)| {
            let candidate = setup.plan.candidates.of(&trial.config);
            candidate.is_ok_and(|candidate| setup.plan.caps.allow(&candidate))
        })
        .collect();
    let losses: Vec<&Vec<f64>> = judged.iter().map(|(_, losses)| losses).collect();
    let ranks = pareto::ranks(&losses);
    let best = judged.iter().zip(ranks).filter(|(_, rank)| *rank == 0);
    let mut front: Vec<Untrained> = best
        .filter_map(|((trial, _), _)| {
            let cost = setup.plan.candidates.of(&trial.config).ok()?.cost;
            Some(Untrained {
                trial: trial.number.0,
                params: cost.parameters,
                macs: cost.macs,
                value: *trial.last_values()?.first()?,
                epochs: setup.plan.rungs.epochs_at(trial.fidelity().0),
            })
        })
        .collect();
    front.sort_by_key(|network| (network.params, network.macs, network.trial));
    front.dedup_by_key(|network| (network.params, network.macs));
    front
}
