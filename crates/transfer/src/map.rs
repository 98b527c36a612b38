//! The trials of an earlier study in the space of a new one.

use crate::{Renames, TransferError};
use automl_numeric::order;
use automl_space::{Choice, Config, Domain, Space};
use automl_study::{Direction, Fidelity, Source, SourceTrial, State, Trial};

/// The most trials of a source that are kept: the best third, and others evenly by rank.
const MAX_TRIALS: usize = 300;

/// An earlier study as its record has it.
pub(crate) struct Earlier<'a> {
    pub(crate) name: &'a str,
    pub(crate) directions: &'a [Direction],
    /// Names and domains of the parameters, in the order of the configurations' values.
    pub(crate) params: Vec<(&'a str, &'a Domain)>,
    pub(crate) trials: &'a [Trial],
}

/// Maps a study to a new space and its objectives.
///
/// # Errors
/// [`TransferError`] where no parameter, no objective or no trial fits.
pub(crate) fn mapped(
    earlier: &Earlier<'_>,
    space: &Space,
    directions: &[Direction],
    renames: &Renames,
) -> Result<Source, TransferError> {
    renames.check(space)?;
    check_objectives(earlier, directions)?;
    let position = |name: &str| {
        let old = renames.old_name(name);
        earlier.params.iter().position(|(own, _)| *own == old)
    };
    let columns: Vec<Option<usize>> =
        space.params().iter().map(|param| position(param.name())).collect();
    if columns.iter().all(Option::is_none) {
        let list = |names: Vec<&str>| names.join(", ");
        return Err(TransferError::NoCommonParameter {
            study: earlier.name.to_owned(),
            theirs: list(earlier.params.iter().map(|(name, _)| *name).collect()),
            ours: list(space.params().iter().map(|param| param.name()).collect()),
        });
    }
    let config = |trial: &Trial| {
        space.build_config(|index, param| {
            let value = columns[index].and_then(|column| {
                let literal = earlier.params[column].1.literal(trial.config.value(column)?)?;
                value(param.domain(), &renames.literal(param.name(), literal))
            });
            value.unwrap_or_else(|| param.default_value())
        })
    };
    let highest = earlier.trials.iter().map(Trial::fidelity).max().unwrap_or(Fidelity::ZERO);
    let mut trials: Vec<SourceTrial> = Vec::new();
    for trial in earlier.trials.iter().filter(|trial| !trial.is_set_aside()) {
        let is_usable = !matches!(trial.state, State::Failed | State::Waiting);
        let values = trial.last_values().filter(|values| {
            is_usable && values.len() >= directions.len() && values.iter().all(|v| v.is_finite())
        });
        let config = config(trial);
        let Some(values) = values.filter(|_| space.check(&config).is_ok()) else { continue };
        let losses = directions.iter().zip(values).map(|(d, value)| d.loss(*value)).collect();
        let complete = trial.state == State::Complete || trial.fidelity() >= highest;
        trials.push(SourceTrial { config, losses, violation: trial.violation(), complete });
    }
    if trials.is_empty() {
        return Err(TransferError::NoResults { study: earlier.name.to_owned() });
    }
    let known = columns.iter().map(Option::is_some).collect();
    Ok(Source { name: earlier.name.to_owned(), known, trials: thinned(trials) })
}

/// Objectives are matched by their order; an earlier study may have more of them.
fn check_objectives(earlier: &Earlier<'_>, ours: &[Direction]) -> Result<(), TransferError> {
    if earlier.directions.len() >= ours.len() && earlier.directions[..ours.len()] == *ours {
        return Ok(());
    }
    let list = |directions: &[Direction]| {
        let words = directions.iter().map(|direction| match direction {
            Direction::Minimize => "minimize",
            Direction::Maximize => "maximize",
        });
        format!("the objectives {}", words.collect::<Vec<_>>().join(", "))
    };
    Err(TransferError::Objectives {
        study: earlier.name.to_owned(),
        theirs: list(earlier.directions),
        ours: list(ours),
    })
}

/// The value of a domain that a literal stands for: numbers are clipped and moved to the grid;
/// `None` for a choice that does not exist.
fn value(domain: &Domain, literal: &Choice) -> Option<automl_space::Value> {
    match domain {
        Domain::Categorical(_) => domain.value_of(literal),
        Domain::Float(_) | Domain::Int(_) => domain.nearest(literal.as_f64()?),
    }
}

/// At most [`MAX_TRIALS`] trials in their order.
fn thinned(trials: Vec<SourceTrial>) -> Vec<SourceTrial> {
    if trials.len() <= MAX_TRIALS {
        return trials;
    }
    let mut ranked: Vec<usize> = (0..trials.len()).collect();
    ranked.sort_by(|&a, &b| {
        let (a, b) = (&trials[a], &trials[b]);
        order::compare(a.violation, b.violation)
            .then(b.complete.cmp(&a.complete))
            .then(order::compare(a.losses[0], b.losses[0]))
    });
    let best = MAX_TRIALS / 3;
    let (rest, others) = (ranked.len() - best, MAX_TRIALS - best);
    let mut kept: Vec<usize> = ranked[..best].to_vec();
    kept.extend((0..others).map(|k| ranked[best + k * rest / others]));
    kept.sort_unstable();
    let mut trials: Vec<Option<SourceTrial>> = trials.into_iter().map(Some).collect();
    kept.into_iter().filter_map(|i| trials[i].take()).collect()
}

/// Whether a configuration may be proposed and is the first of its kind in a list.
pub(crate) fn is_new(space: &Space, config: &Config, list: &[Config]) -> bool {
    space.allows(config) && !list.contains(config)
}
