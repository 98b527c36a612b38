//! How long a network will take for an image, predicted from measured ones.
//!
//! A [`LatencyTable`], fitted to some timed networks, predicts the time of any other without building
//! it; a [`LatencyReport`] says how well, on networks that the table has not seen.

mod least_squares;
mod operation;
mod report;
mod table;

pub use operation::{Operation, OperationKind, operations};
pub use report::LatencyReport;
pub use table::{LatencyError, LatencySample, LatencyTable};
