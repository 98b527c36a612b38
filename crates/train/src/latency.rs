//! How long a network takes for an image on the device at hand.
//!
//! [`measure`] times a network. A [`LatencyTable`], fitted to some timed networks, predicts the
//! time of any other without building it; a [`LatencyReport`] says how well, on networks that the
//! table has not seen.

mod least_squares;
mod measure;
mod operation;
mod profile;
mod report;
mod table;

pub use measure::{Timing, latency_engine, measure};
pub use operation::{Operation, OperationKind, operations};
pub use profile::LatencyProfile;
pub use report::LatencyReport;
pub use table::{LatencyError, LatencySample, LatencyTable};
