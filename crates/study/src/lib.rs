//! What has been tried: trials, their history, ask and tell, and the traits of the parts that a
//! study composes.
//!
//! A [`Study`] asks a [`Sampler`] for configurations, lets a [`Scheduler`] decide how long each
//! is trained, keeps the [`History`] and writes it to a [`Storage`].
//!
//! ```
//! use automl_space::Space;
//! use automl_study::{Direction, Study};
//!
//! let mut space = Space::builder();
//! let x = space.float("x", -5.0..=5.0).add()?;
//! let mut study = Study::builder(space.build()?).direction(Direction::Minimize).build()?;
//! study.optimize(50, |config| (config[x] - 1.0).powi(2))?;
//! let best = study.best().expect("fifty trials have finished");
//! assert!(best.values[0] < 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(target_os = "linux")]
mod hangup;
mod history;
mod ladder;
mod optimize;
pub mod part;
mod random;
mod sampler;
mod scheduler;
mod sobol;
mod stop;
mod storage;
mod study;
mod trial;
mod units;

pub use history::{Change, ChangeKind, Cursor, History, HistoryError};
pub use ladder::{Ladder, LadderError};
pub use optimize::OptimizeError;
pub use random::{PriorConfig, RandomConfig, RandomSampler};
pub use sampler::{ProposeError, Sampler, View};
pub use scheduler::{FullFidelity, FullFidelityConfig, Job, Scheduler, Verdict};
pub use sobol::{SobolConfig, SobolSampler, sobol_point};
pub use stop::{StopError, StopFlag};
pub use storage::{Expired, Heartbeat, Storage, StoreError};
pub use study::{
    AskError, Assignment, BuildError, Next, RefreshError, Study, StudyBuilder, TellError,
};
pub use trial::{Direction, Outcome, Report, State, Trial, attribute};
pub use units::{Fidelity, TrialId};
