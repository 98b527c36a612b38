//! The surrogate of one of several objectives.

use super::acquisition_builder::AcquisitionBuilder;
use super::{SurrogateCaches, fantasies};
use crate::regression::Posterior;
use crate::surrogate::{Surrogate, SurrogateCache, SurrogateOptions, matrix};

/// The surrogate of one of several objectives with its predictions.
#[derive(Debug)]
pub(super) struct ObjectiveSurrogate {
    pub(super) posterior: Posterior,
    /// The posterior means at the observations.
    pub(super) means: Vec<f64>,
    /// The posterior means at the running trials.
    pub(super) pending: Vec<f64>,
}

impl AcquisitionBuilder<'_> {
    /// The surrogate of objective `m`, with output transforms where `warping`. Running trials are added
    /// with their posterior means (kriging believer).
    ///
    /// # Source
    /// Ginsbourger, Le Riche & Carraro (2010), "Kriging Is Well-Suited to Parallelize
    /// Optimization".
    pub(super) fn objective_surrogate(
        &self,
        m: usize,
        warping: bool,
        caches: &mut SurrogateCaches,
    ) -> Option<ObjectiveSurrogate> {
        let objectives = self.view.history.directions().len();
        caches.objectives.resize_with(objectives, SurrogateCache::default);
        let losses: Vec<f64> = self.observed.rows.iter().map(|r| r.losses[m]).collect();
        let options =
            SurrogateOptions { trend: self.trends.get(m), ..self.surrogate_options(warping) };
        let cache = &mut caches.objectives[m];
        let fitted = cache.fit(self.kernel, self.priors, &self.rows, &losses, options);
        let Surrogate { mut posterior, outputs, .. } = fitted.into_iter().next()?;
        let means = posterior.means(&self.rows_at_highest_fidelity());
        let rows = self.pending();
        let mut pending = Vec::new();
        if !rows.is_empty() {
            pending = posterior.means(&matrix(&rows));
            let with = fantasies::extended(&posterior, &outputs, &rows, &pending);
            posterior = with.unwrap_or(posterior);
        }
        Some(ObjectiveSurrogate { posterior, means, pending })
    }
}
