//! Networks of other searches in the space of this one.

use crate::candidate::Candidates;
use crate::caps::Caps;
use automl_numeric::pareto;
use automl_space::{Choice, Config, Domain, Space, Value};
use automl_study::{Source, SourceTrial};
use std::collections::HashSet;

/// Shares of the range above its low end to which counts (channels, repeats, expansions) are reduced, in
/// turn, until a network keeps within the limits.
const SHARES: [f64; 9] = [1.0, 0.8, 0.65, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0];

/// The most networks of one front that are tried first.
const FRONT: usize = 8;

/// The configuration of this space with values by name: numbers are clipped, and what has no value, or
/// none that exists here, has its default.
pub(crate) fn named(space: &Space, value: impl Fn(&str) -> Option<Choice>) -> Config {
    space.build_config(|_, param| {
        let found = value(param.name()).and_then(|literal| fitting(param.domain(), &literal));
        found.unwrap_or_else(|| param.default_value())
    })
}

/// The value of a domain that is nearest to a literal; `None` for an unknown choice.
fn fitting(domain: &Domain, literal: &Choice) -> Option<Value> {
    if let Some(value) = domain.value_of(literal) {
        return Some(value);
    }
    let number = literal.as_f64()?;
    match domain {
        Domain::Categorical(list) if list.ordered() => {
            let distance = |choice: &Choice| (choice.as_f64().unwrap_or(f64::MAX) - number).abs();
            let at = (0..list.choices().len()).min_by(|&a, &b| {
                distance(&list.choices()[a]).total_cmp(&distance(&list.choices()[b]))
            });
            at.map(Value::Category)
        }
        Domain::Categorical(_) => None,
        Domain::Float(_) | Domain::Int(_) => domain.nearest(number),
    }
}

/// The network of a configuration, made narrower and shorter until it keeps within the limits; `None`
/// where even the smallest of its kind does not.
pub(crate) fn within(candidates: &Candidates, caps: &Caps, config: &Config) -> Option<Config> {
    let space = candidates.space();
    SHARES.into_iter().find_map(|share| {
        let reduced = space.build_config(|index, param| {
            let value = config.value(index).unwrap_or_else(|| param.default_value());
            match (param.domain(), value) {
                (domain @ Domain::Int(range), Value::Int(x)) => {
                    let low = range.low() as f64;
                    domain.nearest(low + share * (x as f64 - low)).unwrap_or(value)
                }
                _ => value,
            }
        });
        let candidate = candidates.of(&reduced).ok()?;
        caps.allow(&candidate).then_some(reduced)
    })
}

/// The networks of earlier searches that are tried first: their fronts, adapted to the limits, each
/// network once, the sources in turn.
///
/// # Examples
/// ```
/// use automl_arch::{BlockSpace, BlockSpaceOptions, NetworkSpace};
/// use automl_candidates::{Candidates, Caps, fronts};
/// use automl_numeric::stream;
/// use automl_settings::SearchSettings;
/// use automl_study::{Source, SourceTrial};
/// use std::sync::Arc;
///
/// let blocks = BlockSpace::new(1, 8, 10, &BlockSpaceOptions::default())?;
/// let candidates = Candidates::new(Arc::new(NetworkSpace::Blocks(blocks)));
/// let trial = |number| SourceTrial {
///     config: candidates.space().sample_prior(&mut stream(number, 0, "example")),
///     losses: vec![number as f64, -(number as f64)],
///     violation: 0.0,
///     complete: true,
/// };
/// let trials = (0..3).map(trial).collect();
/// let source = Source { name: "earlier".into(), known: Vec::new(), trials };
/// let search = SearchSettings { max_params: Some(5_000), ..SearchSettings::default() };
/// let first = fronts(&candidates, &Caps::new(&search, 8, true), &[source]);
/// assert!(!first.is_empty());
/// # Ok::<(), automl_arch::BlockSpaceError>(())
/// ```
pub fn fronts(candidates: &Candidates, caps: &Caps, sources: &[Source]) -> Vec<Config> {
    let fronts: Vec<Vec<&Config>> = sources.iter().map(front).collect();
    let longest = fronts.iter().map(Vec::len).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|place| fronts.iter().filter_map(move |f| f.get(place)));
    distinct(candidates, in_turn.filter_map(|config| within(candidates, caps, config)))
}

/// Configurations of different networks, in their order.
pub(crate) fn distinct(
    candidates: &Candidates,
    configs: impl Iterator<Item = Config>,
) -> Vec<Config> {
    let mut seen = HashSet::new();
    configs
        .filter(|config| candidates.of(config).is_ok_and(|network| seen.insert(network.id)))
        .collect()
}

/// The front of a source's complete, feasible trials, the largest exclusive hypervolumes first.
fn front(source: &Source) -> Vec<&Config> {
    let trials: Vec<&SourceTrial> =
        source.trials.iter().filter(|trial| trial.complete && trial.violation <= 0.0).collect();
    let losses: Vec<&[f64]> = trials.iter().map(|trial| trial.losses.as_slice()).collect();
    let ranks = pareto::ranks(&losses);
    let best: Vec<usize> = (0..trials.len()).filter(|i| ranks[*i] == 0).collect();
    let points: Vec<&[f64]> = best.iter().map(|&i| losses[i]).collect();
    let order = pareto::order(&points);
    order.into_iter().take(FRONT).map(|i| &trials[best[i]].config).collect()
}
