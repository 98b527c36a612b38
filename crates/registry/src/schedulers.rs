//! The schedulers.

use crate::error::find;
use crate::{PartError, PartSpec, SchedulerEntry};
use automl_scheduler::{
    AshaConfig, AshaStoppingConfig, AsyncHyperbandConfig, CostBalancedAsha, FreezeThawConfig,
    HyperbandConfig, MedianConfig, PashaConfig, PercentileConfig, PopulationConfig,
    SuccessiveHalvingConfig,
};
use automl_study::part::{OptionError, PartConfig, SchedulerConfig, StudyContext, Supports};
use automl_study::{FullFidelityConfig, Scheduler};

/// One line a scheduler.
static SCHEDULERS: &[SchedulerEntry] = &[
    SchedulerEntry::of::<AutoSchedulerConfig>(),
    SchedulerEntry::of::<AshaConfig>(),
    SchedulerEntry::of::<AshaStoppingConfig>(),
    SchedulerEntry::of::<AsyncHyperbandConfig>(),
    SchedulerEntry::of::<HyperbandConfig>().named("bohb"),
    SchedulerEntry::of::<FreezeThawConfig>(),
    SchedulerEntry::of::<HyperbandConfig>(),
    SchedulerEntry::of::<MedianConfig>(),
    SchedulerEntry::of::<FullFidelityConfig>(),
    SchedulerEntry::of::<PashaConfig>(),
    SchedulerEntry::of::<PopulationConfig>(),
    SchedulerEntry::of::<PercentileConfig>(),
    SchedulerEntry::of::<HyperbandConfig>().named("priorband"),
    SchedulerEntry::of::<SuccessiveHalvingConfig>(),
];

automl_study::options! {
    /// The scheduler that fits the study: `asha` where there are fidelities, none otherwise.
    ///
    /// Where a promoted trial starts again, and of one objective, trials also start at the highest fidelity,
    /// so that it gets half of the cost of thirty full trainings.
    pub struct AutoSchedulerConfig = "auto" {
        /// Reduction factor `eta` between rungs: the best `1 / eta` of a rung are promoted.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SchedulerConfig for AutoSchedulerConfig {
    const SUPPORTS: Supports = Supports::EVERY_STUDY;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Scheduler>, OptionError> {
        let ladder = study.ladder(Self::NAME)?;
        if ladder.resumable() || study.objectives > 1 {
            return AshaConfig { eta: self.eta }.build(study);
        }
        self.check()?;
        let scheduler = CostBalancedAsha::new(ladder, self.eta);
        let scheduler = scheduler.map_err(|error| OptionError::Unsupported {
            part: Self::NAME,
            reason: format!("cannot be made: {error}"),
        })?;
        Ok(Box::new(scheduler.with_limit(study.trial_limit)))
    }
}

/// All schedulers: `auto`, then the others by name.
///
/// # Examples
/// ```
/// let names: Vec<&str> =
///     automl_registry::schedulers().iter().map(|entry| entry.name).collect();
/// assert!(names.contains(&"asha") && names.contains(&"hyperband"));
/// ```
pub fn schedulers() -> &'static [SchedulerEntry] {
    SCHEDULERS
}

/// The scheduler of a name with options; `None` for `auto` and `none` where the study has no
/// fidelities. See also [`pair`](crate::pair).
///
/// # Errors
/// [`PartError`] for an unknown name, a wrong option, or a study without the fidelities that the
/// scheduler needs.
pub fn scheduler(
    spec: &PartSpec,
    study: &StudyContext<'_>,
) -> Result<Option<Box<dyn Scheduler>>, PartError> {
    let entry = find("scheduler", &spec.name, SCHEDULERS)?;
    let refused = |source| PartError::Part { kind: "scheduler", source };
    if study.ladder.is_none() && entry.supports.without_fidelity {
        return entry.check(&spec.options).map(|()| None).map_err(refused);
    }
    entry.build(&spec.options, study).map(Some).map_err(refused)
}
