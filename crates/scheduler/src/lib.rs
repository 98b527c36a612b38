//! Early termination and multi-fidelity: who trains how long.
//!
//! Schedulers decide from the history alone (see [`automl_study::Scheduler`]): no clock, no
//! thread, no I/O.
//!
//! ```
//! use automl_scheduler::Asha;
//! use automl_study::Ladder;
//!
//! let ladder = Ladder::new("epoch", 1, 27, true)?;
//! let asha = Asha::new(&ladder, 3.0)?;
//! assert_eq!(asha.rungs(), [1, 3, 9, 27]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asha;
mod ranking;

pub use asha::{Asha, AshaError};
