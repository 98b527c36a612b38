//! Until `gp` has its configurations.

use automl_gp::GpSampler;
use automl_study::Sampler;
use automl_study::part::{OptionError, SamplerConfig, StudyContext};

automl_study::options! {
    /// Gaussian processes.
    pub struct GpConfig = "gp" {}
}
impl SamplerConfig for GpConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Ok(Box::new(GpSampler::default()))
    }
}
automl_study::options! {
    /// Gaussian processes in trust regions.
    pub struct TurboConfig = "turbo" {}
}
impl SamplerConfig for TurboConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Ok(Box::new(GpSampler::trust_region()))
    }
}
