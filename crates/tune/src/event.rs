//! What happens during a run, for displays.

use automl_study::State;
use std::fmt;
use std::path::PathBuf;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TuneEvent {
    /// The run begins.
    Start {
        /// The name of the study.
        study: String,
        /// Its folder.
        folder: PathBuf,
        /// Trials that are known already.
        known: u64,
        /// Trials in all.
        trials: u64,
        /// Programs that run at once.
        slots: usize,
    },
    /// A run of the program begins.
    Run {
        /// The trial.
        trial: u64,
        /// The slot.
        slot: usize,
        /// The fidelity that it goes to.
        target: Option<u64>,
        /// The command.
        line: String,
    },
    /// A trial ends or pauses.
    Trial {
        /// The trial.
        trial: u64,
        /// Its state.
        state: State,
        /// Its fidelity.
        fidelity: Option<u64>,
        /// Names and values of the objectives; empty without a result.
        values: Vec<(String, f64)>,
        /// The reason of a failure.
        reason: Option<String>,
    },
    /// Something to know.
    Note(String),
}

impl fmt::Display for TuneEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { study, folder, known, trials, slots } => {
                let folder = folder.display();
                write!(f, "study {study} in {folder}: {trials} trials, {slots} at once")?;
                if *known > 0 { write!(f, ", {known} known") } else { Ok(()) }
            }
            Self::Run { trial, slot, target: None, line } => {
                write!(f, "trial {trial:>4}  slot {slot}: {line}")
            }
            Self::Run { trial, slot, target: Some(target), line } => {
                write!(f, "trial {trial:>4}  slot {slot}, to {target}: {line}")
            }
            Self::Trial { trial, state, fidelity, values, reason } => {
                write!(f, "trial {trial:>4}  {}", state_name(*state))?;
                if let Some(fidelity) = fidelity {
                    write!(f, " at {fidelity}")?;
                }
                for (name, value) in values {
                    write!(f, "  {name} {value}")?;
                }
                match reason {
                    Some(reason) => write!(f, ": {reason}"),
                    None => Ok(()),
                }
            }
            Self::Note(note) => f.write_str(note),
        }
    }
}

/// A state as displays and tables show it.
pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Running => "running",
        State::Paused => "paused",
        State::Complete => "complete",
        State::Pruned => "pruned",
        State::Failed => "failed",
    }
}
