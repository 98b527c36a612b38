//! What trials are worth where losses are noisy: the posterior mean, and the trial where it is least.

use super::acquisition_builder::AcquisitionBuilder;
use super::noise;
use crate::GpOptions;
use crate::features::Features;
use crate::observed_trials::ObservedTrials;
use crate::regression::{Kernel, KernelFamily, Priors};
use crate::surrogate::{Surrogate, SurrogateCache, SurrogateOptions};
use automl_numeric::order;
use automl_space::Space;
use automl_study::{History, Ladder, TrialId, View};
use std::collections::BTreeMap;

/// The most rows that count; of more, half as many: a recommendation has more time than a proposal.
const MAX_ROWS: usize = 1000;

/// A surrogate fitted to the losses of one objective.
struct Fit<'a> {
    observed: ObservedTrials<'a>,
    /// Whether each observation keeps the constraints.
    feasible: Vec<bool>,
    surrogate: Surrogate,
    mean_sd: f64,
    /// The posterior mean at the highest fidelity, by observation.
    means: Vec<f64>,
}

/// The complete, feasible trial with the least posterior mean at the highest fidelity; `None` where
/// the losses are not known to be noisy, and for several objectives. The surrogate is fitted anew, so
/// the recommendation is a function of the trials.
///
/// # Source
/// Frazier (2018), "A Tutorial on Bayesian Optimization", arXiv:1807.02811, section 4.
pub(super) fn recommended(view: &View<'_>, options: &GpOptions) -> Option<TrialId> {
    if view.history.directions().len() != 1 {
        return None;
    }
    let Fit { observed, feasible, surrogate, mean_sd, means } = fit(view, options, 0)?;
    if !noise::is_white(&surrogate.posterior, &surrogate.outputs, mean_sd, MAX_ROWS) {
        return None;
    }
    let complete = |i: &usize| observed.rows[*i].fidelity >= 1.0 && feasible[*i];
    let complete = (0..means.len()).filter(complete);
    let best = complete.min_by(|a, b| order::compare(means[*a], means[*b]))?;
    Some(observed.rows[best].trial)
}

/// The losses that trials are expected to have at the highest fidelity, by what their neighbors have too:
/// the posterior mean of a Gaussian process over configuration and fidelity, given one of the objectives
/// of all trials of a study. Empty for fewer than four observations.
///
/// For losses that are known to be noisy, as those of trainings are. A trial that was lucky is judged by the
/// region in which it lies: of two with equal losses, the one with the better neighbors comes first. The
/// losses are in the units of the surrogate's outputs, of which only the order and the ratios of
/// differences have a meaning.
///
/// # Examples
/// ```
/// use automl_gp::{GpSampler, region_losses};
/// use automl_space::Space;
/// use automl_study::Study;
///
/// let mut builder = Space::builder();
/// let x = builder.float("x", 0.0..=1.0).add()?;
/// let mut study = Study::builder(builder.build()?).sampler(GpSampler::default()).build()?;
/// study.optimize(12, |config| (config[x] - 0.3).powi(2))?;
/// let losses = region_losses(study.space(), study.history(), None, 0);
/// assert_eq!(losses.len(), 12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// The choice by posterior mean of Frazier (2018), arXiv:1807.02811, section 4.
pub fn region_losses(
    space: &Space,
    history: &History,
    ladder: Option<&Ladder>,
    objective: usize,
) -> BTreeMap<TrialId, f64> {
    let (number, seed) = (history.next_id(), 0);
    let view = View { space, history, number, seed, planned_trials: None, ladder, target: None };
    let Some(fit) = fit(&view, &GpOptions::default(), objective) else { return BTreeMap::new() };
    fit.observed.rows.iter().zip(fit.means).map(|(row, mean)| (row.trial, mean)).collect()
}

fn fit<'a>(view: &View<'a>, options: &GpOptions, objective: usize) -> Option<Fit<'a>> {
    let observed = ObservedTrials::new(view);
    if objective >= view.history.directions().len() || observed.rows.len() < 4 {
        return None;
    }
    let features = Features::new(view.space, observed.differ_in_fidelity());
    let kernel = Kernel::new(KernelFamily::Matern52, features.columns());
    let priors = Priors::scaled(kernel.scales()).shifted(&features.log_length_shifts(view.space));
    let models = (&kernel, &priors);
    let builder = AcquisitionBuilder::new(view, options, &observed, &features, models, Vec::new());
    let losses: Vec<f64> = observed.rows.iter().map(|row| row.losses[objective]).collect();
    let columns = features.warpable();
    let options = SurrogateOptions {
        columns: &columns,
        max_rows: MAX_ROWS,
        ..builder.surrogate_options(true)
    };
    let fitted = SurrogateCache::default().fit(&kernel, &priors, &builder.rows, &losses, options);
    let surrogate = fitted.into_iter().next()?;
    let means = surrogate.posterior.means(&builder.rows_at_highest_fidelity()).to_vec();
    let feasible = builder.feasible;
    Some(Fit { observed, feasible, surrogate, mean_sd: priors.mean, means })
}
