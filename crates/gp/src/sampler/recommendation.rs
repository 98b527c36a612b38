//! The trial to recommend where losses are noisy: the one with the least posterior mean.

use super::acquisition_builder::AcquisitionBuilder;
use super::noise;
use crate::GpOptions;
use crate::features::Features;
use crate::observed_trials::ObservedTrials;
use crate::regression::{Kernel, KernelFamily, Priors};
use crate::surrogate::{SurrogateCache, SurrogateOptions};
use automl_numeric::order;
use automl_study::{TrialId, View};

/// The most rows that count; of more, half as many: a recommendation has more time than a proposal.
const MAX_ROWS: usize = 1000;

/// The complete, feasible trial with the least posterior mean at the highest fidelity; `None` where
/// the losses are not known to be noisy, and for several objectives. The surrogate is fitted anew, so
/// the recommendation is a function of the trials.
///
/// # Source
/// Frazier (2018), "A Tutorial on Bayesian Optimization", arXiv:1807.02811, section 4.
pub(super) fn recommended(view: &View<'_>, options: &GpOptions) -> Option<TrialId> {
    let observed = ObservedTrials::new(view);
    if view.history.directions().len() != 1 || observed.rows.len() < 4 {
        return None;
    }
    let features = Features::new(view.space, observed.differ_in_fidelity());
    let kernel = Kernel::new(KernelFamily::Matern52, features.columns());
    let priors = Priors::scaled(kernel.scales()).shifted(&features.log_length_shifts(view.space));
    let models = (&kernel, &priors);
    let builder = AcquisitionBuilder::new(view, options, &observed, &features, models, Vec::new());
    let losses: Vec<f64> = observed.rows.iter().map(|row| row.losses[0]).collect();
    let columns = features.warpable();
    let options = SurrogateOptions {
        columns: &columns,
        max_rows: MAX_ROWS,
        ..builder.surrogate_options(true)
    };
    let fitted = SurrogateCache::default().fit(&kernel, &priors, &builder.rows, &losses, options);
    let surrogate = fitted.into_iter().next()?;
    if !noise::is_white(&surrogate.posterior, &surrogate.outputs, priors.mean, MAX_ROWS) {
        return None;
    }
    let means = surrogate.posterior.means(&builder.rows_at_highest_fidelity());
    let complete = |i: &usize| observed.rows[*i].fidelity >= 1.0 && builder.feasible[*i];
    let complete = (0..means.len()).filter(complete);
    let best = complete.min_by(|a, b| order::compare(means[*a], means[*b]))?;
    Some(observed.rows[best].trial)
}
