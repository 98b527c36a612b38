//! Configurations of the samplers `gp` and `turbo`.

use crate::{Acquisition, GpOptions, GpSampler, TrustRegionOptions};
use automl_study::Sampler;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};
use serde::{Deserialize, Serialize};

/// The name of an acquisition function in settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcquisitionName {
    /// [`Acquisition::ExpectedImprovement`], `expected-improvement`.
    #[default]
    ExpectedImprovement,
    /// [`Acquisition::LowerConfidenceBound`], `lower-confidence-bound`.
    LowerConfidenceBound,
    /// [`Acquisition::Thompson`], `thompson`.
    Thompson,
}

impl AcquisitionName {
    /// The names in settings.
    pub const ALL: &'static [&'static str] =
        &["expected-improvement", "lower-confidence-bound", "thompson"];

    /// The acquisition function, with `beta` for the confidence bound.
    pub fn with_beta(self, beta: f64) -> Acquisition {
        match self {
            Self::ExpectedImprovement => Acquisition::ExpectedImprovement,
            Self::LowerConfidenceBound => Acquisition::LowerConfidenceBound(beta),
            Self::Thompson => Acquisition::Thompson,
        }
    }
}

automl_study::options! {
    /// Bayesian optimization with Gaussian processes: any space, any number of objectives.
    ///
    /// Log expected improvement of one objective, log expected hypervolume improvement of two,
    /// Chebyshev weights of more, from four on with a surrogate for each; black-box constraints and fidelities count.
    ///
    /// Ament et al. (2023), "Unexpected Improvements to Expected Improvement for Bayesian
    /// Optimization"; Hvarfner, Hellsten & Nardi (2024), "Vanilla Bayesian Optimization Performs
    /// Great in High Dimensions".
    pub struct GpConfig = "gp" {
        /// Quasi-random trials before the first model; a quarter of the planned trials if that is
        /// less.
        pub startup: usize = 10, in at_least(0.0);
        /// Acquisition function.
        pub acquisition: AcquisitionName = AcquisitionName::ExpectedImprovement, in one_of(AcquisitionName::ALL);
        /// Standard deviations that the lower confidence bound lies below the mean.
        pub beta: f64 = 2.0, in at_least(0.0);
        /// Surrogates averaged by evidence, up to 100 observations.
        pub components: usize = 3, in at_least(1.0);
        /// Candidates scored for each proposal.
        pub candidates: usize = 512, in between(16.0, 100_000.0);
        /// Candidates improved by gradient ascent.
        pub starts: usize = 5, in at_least(1.0);
        /// Draws of the outcomes of running trials.
        pub fantasies: usize = 8, in at_least(1.0);
        /// Observations that a surrogate is conditioned on; of more, half as many are kept.
        pub max_rows: usize = 2000, in at_least(16.0);
        /// Improvement per expected second.
        pub per_second: bool = false, in any();
    }
}

impl GpConfig {
    /// The options of [`GpSampler`].
    pub fn to_options(&self) -> GpOptions {
        GpOptions {
            startup: self.startup,
            acquisition: self.acquisition.with_beta(self.beta),
            components: self.components,
            candidates: self.candidates,
            starts: self.starts,
            fantasies: self.fantasies,
            max_rows: self.max_rows,
            per_second: self.per_second,
            trust_region: None,
        }
    }
}

/// # Examples
/// ```
/// use automl_gp::GpConfig;
/// use automl_space::Space;
/// use automl_study::Study;
/// use automl_study::part::{SamplerConfig, StudyContext};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let config = GpConfig { startup: 5, ..GpConfig::default() };
/// let sampler = config.build(&StudyContext::new(&space))?;
/// let mut study = Study::builder(space).sampler(sampler).build()?;
/// study.optimize(12, |c| (c[x] - 0.3).powi(2))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl SamplerConfig for GpConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        Ok(Box::new(GpSampler::new(self.to_options())))
    }
}

automl_study::options! {
    /// Bayesian optimization within a trust region (TuRBO): for many dimensions and many trials.
    ///
    /// Eriksson et al. (2019), "Scalable Global Optimization via Local Bayesian Optimization".
    pub struct TurboConfig = "turbo" {
        /// Quasi-random trials before the first model and after each restart; a quarter of the
        /// planned trials if that is less.
        pub startup: usize = 10, in at_least(0.0);
        /// Acquisition function.
        pub acquisition: AcquisitionName = AcquisitionName::ExpectedImprovement, in one_of(AcquisitionName::ALL);
        /// Standard deviations that the lower confidence bound lies below the mean.
        pub beta: f64 = 2.0, in at_least(0.0);
        /// Surrogates averaged by evidence, up to 100 observations.
        pub components: usize = 3, in at_least(1.0);
        /// Candidates scored for each proposal.
        pub candidates: usize = 512, in between(16.0, 100_000.0);
        /// Candidates improved by gradient ascent.
        pub starts: usize = 5, in at_least(1.0);
        /// Draws of the outcomes of running trials.
        pub fantasies: usize = 8, in at_least(1.0);
        /// Observations that a surrogate is conditioned on; of more, half as many are kept.
        pub max_rows: usize = 2000, in at_least(16.0);
        /// Side of the trust region at the start and after a restart, in sides of the unit cube.
        pub initial_side: f64 = TrustRegionOptions::default().initial, in above(0.0);
        /// Side below which the search restarts.
        pub min_side: f64 = TrustRegionOptions::default().min, in above(0.0);
        /// Largest side.
        pub max_side: f64 = TrustRegionOptions::default().max, in above(0.0);
        /// Improvements in a row after which the side doubles.
        pub successes: usize = TrustRegionOptions::default().successes, in at_least(1.0);
        /// Trials in a row without improvement after which the side halves; the dimension if that
        /// is more.
        pub failures: usize = TrustRegionOptions::default().failures, in at_least(1.0);
    }
}

impl TurboConfig {
    /// The options of [`GpSampler`].
    pub fn to_options(&self) -> GpOptions {
        GpOptions {
            startup: self.startup,
            acquisition: self.acquisition.with_beta(self.beta),
            components: self.components,
            candidates: self.candidates,
            starts: self.starts,
            fantasies: self.fantasies,
            max_rows: self.max_rows,
            per_second: false,
            trust_region: Some(TrustRegionOptions {
                initial: self.initial_side,
                min: self.min_side,
                max: self.max_side,
                successes: self.successes,
                failures: self.failures,
            }),
        }
    }
}

impl SamplerConfig for TurboConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        if !(self.min_side..=self.max_side).contains(&self.initial_side) {
            return Err(OptionError::Value {
                part: Self::NAME,
                option: "initial-side".to_owned(),
                value: self.initial_side.to_string(),
                allowed: format!(
                    "in [{}, {}], the least and largest side",
                    self.min_side, self.max_side
                ),
            });
        }
        Ok(Box::new(GpSampler::new(self.to_options())))
    }
}
