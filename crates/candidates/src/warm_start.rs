//! The warm start of a search for networks: earlier searches, or the portfolio.

use crate::adapt::fronts;
use crate::candidate::Candidates;
use crate::caps::Caps;
use crate::portfolio::portfolio;
use automl_extent::Extent;
use automl_settings::Settings;
use automl_space::Space;
use automl_study::{Direction, Sources};
use automl_transfer::{SourceSpec, TransferError, read};

/// The sources of a new search named `own`, and a message for each earlier study that does not fit.
///
/// With earlier studies their fronts come first, adapted to the limits, and samplers learn from their
/// trials; otherwise the networks of the [`portfolio`] come first, unless it is switched off.
///
/// # Errors
/// [`TransferError`]: an earlier study that is not there, cannot be read or does not fit.
pub fn warm_start(
    candidates: &Candidates,
    caps: &Caps,
    settings: &Settings,
    (own, space, directions): (&str, &Space, &[Direction]),
    (channels, side): (usize, Extent),
) -> Result<(Sources, Vec<String>), TransferError> {
    let search = &settings.search;
    if !search.warm_start.is_empty() {
        let specs: Vec<SourceSpec> =
            search.warm_start.iter().map(|text| SourceSpec::from(text.as_str())).collect();
        let found = read(&specs, &settings.runs, own, space, directions)?;
        let studies = found.sources.studies().to_vec();
        let first = fronts(candidates, caps, &studies);
        return Ok((Sources::new(first, studies), found.left_out));
    }
    let first = if search.portfolio {
        portfolio(candidates, caps, (channels, side.mean_side()), search.planned_trials())
    } else {
        Vec::new()
    };
    Ok((Sources::new(first, Vec::new()), Vec::new()))
}
