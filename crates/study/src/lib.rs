#![doc = include_str!("../README.md")]

#[cfg(target_os = "linux")]
mod hangup;
mod history;
mod ladder;
mod optimize;
pub mod part;
mod random;
mod run;
mod sampler;
mod scheduler;
mod sobol;
mod sources;
mod startup;
mod stop;
mod storage;
mod study;
mod trial;
mod units;

pub use history::{Change, ChangeKind, Cursor, History, HistoryError};
pub use ladder::{Ladder, LadderError};
pub use optimize::OptimizeError;
pub use random::{PriorConfig, RandomConfig, RandomSampler};
pub use run::Run;
pub use sampler::{ProposeError, Sampler, View};
pub use scheduler::{FullFidelity, FullFidelityConfig, Job, Scheduler, Verdict};
pub use sobol::{SobolConfig, SobolSampler, sobol_point};
pub use sources::{Source, SourceTrial, Sources, ranking_evidence, ranking_weights};
pub use stop::{StopError, StopFlag, survive_file_limit};
pub use storage::{Expired, Heartbeat, SharedStorage, Storage, StoreError};
pub use study::{
    AskError, Assignment, BuildError, LeaseWatch, Next, RefreshError, Study, StudyBuilder,
    TellError,
};
pub use trial::{Direction, Outcome, Report, State, Trial, attribute};
pub use units::{Fidelity, TrialId};
