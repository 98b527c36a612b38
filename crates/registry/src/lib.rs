//! Samplers and schedulers by name.

mod auto;
mod pair;

pub use auto::AutoSampler;
pub use pair::{Parts, pair};

use automl_evolution::{CmaEsSampler, Nsga2Sampler, RegularizedEvolutionSampler};
use automl_gp::GpSampler;
use automl_scheduler::{
    Asha, AshaStopping, AsyncHyperband, BohbSampler, FreezeThaw, Hyperband, Pasha,
    PercentileStopping, Population, PriorBandSampler, RungGpSampler, SettingError,
    SuccessiveHalving,
};
use automl_study::part::StudyContext;
use automl_study::{FullFidelity, Ladder, RandomSampler, Sampler, Scheduler, SobolSampler};
use automl_tpe::TpeSampler;
use thiserror::Error;

/// Why a name was refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ChooseError {
    /// No sampler or scheduler has this name.
    #[error("unknown {kind} {name:?}: one of {known}")]
    Unknown {
        /// Sampler or scheduler.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A scheduler without fidelities.
    #[error("the scheduler {name:?} needs a fidelity")]
    NoFidelity {
        /// The scheduler.
        name: String,
    },
    /// The sampler does not fit the study.
    #[error("the sampler {name:?}: {reason}")]
    Sampler {
        /// The sampler.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Two parts of which one is half of population-based training and the other is not.
    #[error(
        "the sampler {sampler:?} and the scheduler {scheduler:?} do not go together: \
         both are \"pbt\" or none is"
    )]
    Pair {
        /// The sampler.
        sampler: String,
        /// The scheduler.
        scheduler: String,
    },
    /// The scheduler does not fit the ladder.
    #[error("the scheduler {name:?}: {reason}")]
    Scheduler {
        /// The scheduler.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// The names that [`sampler`] knows.
pub const SAMPLERS: &[&str] = &[
    "auto",
    "bohb",
    "cmaes",
    "evolution",
    "gp",
    "nsga2",
    "pbt",
    "prior",
    "priorband",
    "random",
    "rung-gp",
    "sobol",
    "tpe",
    "turbo",
];

/// Those of [`SAMPLERS`] that know one objective only.
pub const SINGLE_OBJECTIVE: &[&str] = &["cmaes"];

/// The names that [`scheduler`] knows.
pub const SCHEDULERS: &[&str] = &[
    "auto",
    "asha",
    "asha-stopping",
    "async-hyperband",
    "bohb",
    "freeze-thaw",
    "hyperband",
    "median",
    "none",
    "pasha",
    "pbt",
    "percentile",
    "priorband",
    "sha",
];

/// The reduction factor of successive halving.
const ETA: f64 = 3.0;

/// The members of a population, and its comparisons between the start and the highest fidelity.
const MEMBERS: u64 = 20;
const COMPARISONS: u64 = 10;

/// The share of the complete trials that percentile stopping calls good.
const GOOD: f64 = 0.25;

/// The sampler of this name. `auto` is [`AutoSampler`], whose rule its page tells. Where the study
/// has a scheduler as well, [`pair`] sees to it that both go together.
///
/// # Errors
/// [`ChooseError::Unknown`] with the names there are.
pub fn sampler(name: &str, setting: &StudyContext<'_>) -> Result<Box<dyn Sampler>, ChooseError> {
    let failed = |reason: String| ChooseError::Sampler { name: name.to_owned(), reason };
    Ok(match name {
        _ if SINGLE_OBJECTIVE.contains(&name) && setting.objectives > 1 => {
            return Err(failed("knows one objective only".into()));
        }
        "bohb" | "priorband" | "pbt" | "rung-gp" if setting.ladder.is_none() => {
            return Err(failed("needs a fidelity".into()));
        }
        "bohb" => Box::new(BohbSampler::new(ETA).map_err(|e| failed(e.to_string()))?),
        "priorband" => Box::new(PriorBandSampler::new(ETA).map_err(|e| failed(e.to_string()))?),
        "pbt" => {
            let ladder = setting.ladder.ok_or_else(|| failed("needs a fidelity".into()))?;
            let population = population(ladder, setting).map_err(|e| failed(e.to_string()))?;
            Box::new(population.sampler(RandomSampler::from_prior()))
        }
        "auto" => Box::new(AutoSampler::new(ETA).map_err(|e| failed(e.to_string()))?),
        "rung-gp" => Box::new(RungGpSampler::new(ETA).map_err(|e| failed(e.to_string()))?),
        "tpe" => Box::new(TpeSampler::default()),
        "cmaes" => Box::new(CmaEsSampler::default()),
        "evolution" => Box::new(RegularizedEvolutionSampler::default()),
        "gp" => Box::new(GpSampler::default()),
        "turbo" => Box::new(GpSampler::trust_region()),
        "nsga2" => Box::new(Nsga2Sampler::default()),
        "sobol" => Box::new(SobolSampler::new()),
        "prior" => Box::new(RandomSampler::from_prior()),
        "random" => Box::new(RandomSampler::uniform()),
        _ => return Err(unknown("sampler", name, SAMPLERS)),
    })
}

/// The scheduler of this name; `None` where the study has no fidelities. See also [`pair`].
///
/// # Errors
/// An unknown name, or a scheduler that needs fidelities where there are none.
pub fn scheduler(
    name: &str,
    setting: &StudyContext<'_>,
) -> Result<Option<Box<dyn Scheduler>>, ChooseError> {
    if !SCHEDULERS.contains(&name) {
        return Err(unknown("scheduler", name, SCHEDULERS));
    }
    let Some(ladder) = setting.ladder else {
        return match name {
            "auto" | "none" => Ok(None),
            _ => Err(ChooseError::NoFidelity { name: name.to_owned() }),
        };
    };
    let failed = |e: &dyn std::fmt::Display| ChooseError::Scheduler {
        name: name.to_owned(),
        reason: e.to_string(),
    };
    Ok(Some(match name {
        "none" => Box::new(FullFidelity::new(ladder.max())),
        "asha-stopping" => Box::new(AshaStopping::new(ladder, ETA).map_err(|e| failed(&e))?),
        "async-hyperband" => Box::new(AsyncHyperband::new(ladder, ETA).map_err(|e| failed(&e))?),
        "hyperband" | "bohb" | "priorband" => {
            let hyperband = Hyperband::new(ladder, ETA).map_err(|e| failed(&e))?;
            Box::new(hyperband.with_limit(setting.trial_limit))
        }
        "freeze-thaw" => {
            Box::new(FreezeThaw::new(setting.space, ladder).with_limit(setting.trial_limit))
        }
        "median" => Box::new(PercentileStopping::median(ladder)),
        "pasha" => Box::new(Pasha::new(ladder, ETA).map_err(|e| failed(&e))?),
        "pbt" => Box::new(population(ladder, setting).map_err(|e| failed(&e))?.scheduler()),
        "percentile" => Box::new(PercentileStopping::new(ladder, GOOD).map_err(|e| failed(&e))?),
        "sha" => {
            let halving = SuccessiveHalving::new(ladder, ETA).map_err(|e| failed(&e))?;
            Box::new(halving.with_limit(setting.trial_limit))
        }
        _ => {
            let asha = Asha::new(ladder, ETA).map_err(|e| failed(&e))?;
            Box::new(asha.with_limit(setting.trial_limit))
        }
    }))
}

fn population(ladder: &Ladder, setting: &StudyContext<'_>) -> Result<Population, SettingError> {
    let population = Population::new(ladder, MEMBERS, (ladder.max() / COMPARISONS).max(1))?;
    Ok(population.with_limit(setting.trial_limit))
}

fn unknown(kind: &'static str, name: &str, known: &[&str]) -> ChooseError {
    ChooseError::Unknown { kind, name: name.to_owned(), known: known.join(", ") }
}
