//! The samplers.

use crate::error::find;
use crate::recommending::Recommending;
use crate::{AutoConfig, PartError, PartSpec, SamplerEntry};
use automl_evolution::{
    CmaEsConfig, Nsga2Config, PolicyGradientConfig, RegularizedEvolutionConfig,
};
use automl_gp::{GpConfig, TurboConfig};
use automl_scheduler::{BohbConfig, PopulationConfig, PriorBandConfig, RungGpConfig};
use automl_study::part::StudyContext;
use automl_study::{PriorConfig, RandomConfig, Sampler, SobolConfig};
use automl_tpe::TpeConfig;

/// One line a sampler.
static SAMPLERS: &[SamplerEntry] = &[
    SamplerEntry::of::<AutoConfig>(),
    SamplerEntry::of::<BohbConfig>(),
    SamplerEntry::of::<CmaEsConfig>(),
    SamplerEntry::of::<RegularizedEvolutionConfig>(),
    SamplerEntry::of::<GpConfig>(),
    SamplerEntry::of::<Nsga2Config>(),
    SamplerEntry::of::<PopulationConfig>(),
    SamplerEntry::of::<PriorConfig>(),
    SamplerEntry::of::<PriorBandConfig>(),
    SamplerEntry::of::<RandomConfig>(),
    SamplerEntry::of::<PolicyGradientConfig>(),
    SamplerEntry::of::<RungGpConfig>(),
    SamplerEntry::of::<SobolConfig>(),
    SamplerEntry::of::<TpeConfig>(),
    SamplerEntry::of::<TurboConfig>(),
];

/// All samplers: `auto`, then the others by name.
///
/// # Examples
/// ```
/// let tpe = automl_registry::samplers().iter().find(|entry| entry.name == "tpe");
/// let options = tpe.map(|entry| entry.defaults()).unwrap_or_default();
/// assert!(options.contains_key("startup"));
/// ```
pub fn samplers() -> &'static [SamplerEntry] {
    SAMPLERS
}

/// The sampler of a name with options. Where the study has a scheduler as well,
/// [`pair`](crate::pair) sees to it that both go together. A sampler without a model of noise recommends
/// the trial that a Gaussian process over the same trials does.
///
/// # Errors
/// [`PartError`] for an unknown name, a wrong option, or a study that the sampler cannot serve.
pub fn sampler(spec: &PartSpec, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, PartError> {
    let entry = find("sampler", &spec.name, SAMPLERS)?;
    let built = entry.build(&spec.options, study);
    let built = built.map_err(|source| PartError::Part { kind: "sampler", source })?;
    Ok(Box::new(Recommending::new(built)))
}
