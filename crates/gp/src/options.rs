//! Options of the Gaussian-process sampler.

use crate::TrustRegionOptions;

/// The acquisition function that a proposal maximizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Acquisition {
    /// Log expected improvement (log EI, Ament et al. 2023) on the smallest posterior mean.
    ///
    /// Where outputs are known to be noisy, noisy expected improvement (Letham et al. 2019), by
    /// draws of the function at the observations; for two objectives log expected hypervolume
    /// improvement (log EHVI).
    ExpectedImprovement,
    /// The lower confidence bound (GP-LCB, Srinivas et al. 2010), this many standard deviations
    /// below the mean (`beta`, at least 0).
    LowerConfidenceBound(f64),
    /// Thompson sampling: the least value of one joint draw of the posterior at the candidates, so
    /// that parallel proposals differ by chance alone. Several objectives become one by augmented
    /// Chebyshev weights.
    Thompson,
}

/// Options of [`GpSampler`](crate::GpSampler).
///
/// | Option | Default | Range | Purpose |
/// |---|---|---|---|
/// | `startup` | 10 | ≥ 0 | quasi-random trials before the first model |
/// | `acquisition` | expected improvement | [`Acquisition`] | acquisition function |
/// | `components` | 3 | ≥ 1 | surrogates averaged while trials are few |
/// | `candidates` | 512 | ≥ 16 | candidates scored per proposal |
/// | `starts` | 5 | ≥ 1 | candidates improved by gradient ascent |
/// | `fantasies` | 8 | ≥ 1 | draws of the outcomes of running trials |
/// | `max_rows` | 2000 | ≥ 16 | observations that a surrogate is conditioned on |
/// | `per_second` | false | | expected improvement per second |
/// | `trust_region` | none | [`TrustRegionOptions`] | TuRBO's trust region |
///
/// Values outside their range count as the nearest one within.
///
/// # Examples
/// ```
/// use automl_gp::{Acquisition, GpOptions, GpSampler};
///
/// let options = GpOptions {
///     startup: 20,
///     acquisition: Acquisition::LowerConfidenceBound(2.0),
///     ..GpOptions::default()
/// };
/// let sampler = GpSampler::new(options);
/// # let _ = sampler;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpOptions {
    /// Quasi-random trials before the first model; a quarter of the planned trials if that is less.
    pub startup: usize,
    /// The acquisition function.
    pub acquisition: Acquisition,
    /// The most surrogates that are averaged by evidence, up to 100 observations.
    pub components: usize,
    /// Candidates that are scored before the best of them are improved, up to 200 observations;
    /// down to a quarter beyond.
    pub candidates: usize,
    /// Candidates that are improved by gradient ascent, up to 200 observations; down to a quarter
    /// beyond.
    pub starts: usize,
    /// Fantasies: draws of the outcomes of running trials, over which the acquisition is averaged.
    pub fantasies: usize,
    /// The most observations that a surrogate is conditioned on; of more, half as many are kept:
    /// the best, the nearest to the best, and a spread of the others.
    pub max_rows: usize,
    /// Whether improvement counts per expected second (one objective).
    pub per_second: bool,
    /// Trust region around the best trial that proposals stay in.
    pub trust_region: Option<TrustRegionOptions>,
}

impl Default for GpOptions {
    fn default() -> Self {
        Self {
            startup: 10,
            acquisition: Acquisition::ExpectedImprovement,
            components: 3,
            candidates: 512,
            starts: 5,
            fantasies: 8,
            max_rows: 2000,
            per_second: false,
            trust_region: None,
        }
    }
}
