//! Samplers and schedulers by name.

use crate::AutoSampler;
use automl_evolution::{CmaEsSampler, Nsga2Sampler, RegularizedEvolutionSampler};
use automl_gp::GpSampler;
use automl_scheduler::Asha;
use automl_space::Space;
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
    /// The scheduler does not fit the ladder.
    #[error("the scheduler {name:?}: {reason}")]
    Scheduler {
        /// The scheduler.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// What is known of a study before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// What may be chosen.
    pub space: &'a Space,
    /// The number of objectives.
    pub objectives: usize,
    /// The number of black-box constraints.
    pub constraints: usize,
    /// How many trials are planned, where that is known.
    pub budget: Option<u64>,
    /// The fidelities, where there are some.
    pub ladder: Option<&'a Ladder>,
    /// What may be spent in all, in the ladder's units of cost.
    pub total_cost: Option<f64>,
}

/// The names that [`sampler`] knows.
pub const SAMPLERS: &[&str] =
    &["auto", "cmaes", "evolution", "gp", "nsga2", "prior", "random", "sobol", "tpe"];

/// The names that [`scheduler`] knows.
pub const SCHEDULERS: &[&str] = &["auto", "asha", "none"];

/// The reduction factor of successive halving.
const ETA: f64 = 3.0;

/// The sampler of this name. `auto` is [`AutoSampler`], whose rule its page tells.
///
/// # Errors
/// [`ChooseError::Unknown`] with the names there are.
pub fn sampler(name: &str, setting: &Setting<'_>) -> Result<Box<dyn Sampler>, ChooseError> {
    let _ = setting;
    Ok(match name {
        "auto" => Box::new(AutoSampler::default()),
        "tpe" => Box::new(TpeSampler::default()),
        "cmaes" => Box::new(CmaEsSampler::default()),
        "evolution" => Box::new(RegularizedEvolutionSampler::default()),
        "gp" => Box::new(GpSampler::default()),
        "nsga2" => Box::new(Nsga2Sampler::default()),
        "sobol" => Box::new(SobolSampler::new()),
        "prior" => Box::new(RandomSampler::from_prior()),
        "random" => Box::new(RandomSampler::uniform()),
        _ => return Err(unknown("sampler", name, SAMPLERS)),
    })
}

/// The scheduler of this name; `None` where the study has no fidelities.
///
/// # Errors
/// An unknown name, or a scheduler that needs fidelities where there are none.
pub fn scheduler(
    name: &str,
    setting: &Setting<'_>,
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
        _ => Box::new(Asha::new(ladder, ETA).map_err(|e| failed(&e))?),
    }))
}

fn unknown(kind: &'static str, name: &str, known: &[&str]) -> ChooseError {
    ChooseError::Unknown { kind, name: name.to_owned(), known: known.join(", ") }
}
