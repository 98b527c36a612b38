//! Samplers and schedulers that a user hands to a search.

use automl_study::part::{OptionError, SamplerConfig, SchedulerConfig, StudyContext};
use automl_study::{Sampler, Scheduler};

/// Makes a sampler for a study.
pub(super) type MakeSampler =
    Box<dyn FnOnce(&StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError>>;

/// Makes a scheduler for a study.
pub(super) type MakeScheduler =
    Box<dyn FnOnce(&StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError>>;

/// Marks a part that is ready for use.
#[derive(Debug)]
pub struct Ready;

/// Marks the configuration of a part.
#[derive(Debug)]
pub struct Configured;

/// A [`Sampler`], or the [`SamplerConfig`] of one; `Kind` is inferred.
pub trait SamplerSource<Kind> {
    #[doc(hidden)]
    fn into_make(self) -> MakeSampler;
}

impl<S: Sampler + 'static> SamplerSource<Ready> for S {
    fn into_make(self) -> MakeSampler {
        Box::new(|_| Ok(Box::new(self)))
    }
}

impl<C: SamplerConfig> SamplerSource<Configured> for C {
    fn into_make(self) -> MakeSampler {
        Box::new(move |study| self.build(study))
    }
}

/// A [`Scheduler`], or the [`SchedulerConfig`] of one; `Kind` is inferred.
pub trait SchedulerSource<Kind> {
    #[doc(hidden)]
    fn into_make(self) -> MakeScheduler;
}

impl<S: Scheduler + 'static> SchedulerSource<Ready> for S {
    fn into_make(self) -> MakeScheduler {
        Box::new(|_| Ok(Box::new(self)))
    }
}

impl<C: SchedulerConfig> SchedulerSource<Configured> for C {
    fn into_make(self) -> MakeScheduler {
        Box::new(move |study| self.build(study))
    }
}
