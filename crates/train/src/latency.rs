//! How long a network takes for an image on the device at hand.
//!
//! [`measure`] times a network. A [`LatencyTable`](automl_deploy::latency::LatencyTable), fitted to some timed networks, predicts the
//! time of any other without building it; a [`LatencyReport`](automl_deploy::latency::LatencyReport) says how well, on networks that the
//! table has not seen.

mod measure;
mod profile;

pub use automl_deploy::latency::{
    LatencyError, LatencyReport, LatencySample, LatencyTable, Operation, OperationKind, operations,
};
pub use measure::{Timing, latency_engine, measure};
pub use profile::LatencyProfile;
