//! The figures of a report, one file each. Each returns its markup, or `None` where the study has
//! nothing to show there.

mod curves;
mod failures;
mod front;
mod importance;
mod network;
mod parallel;
mod progress;
mod rungs;
mod slices;
mod timeline;

pub(crate) use curves::curves;
pub(crate) use failures::failures;
pub(crate) use front::front;
pub(crate) use importance::importance_bars;
pub(crate) use network::{network_alone, networks};
pub(crate) use parallel::parallel;
pub(crate) use progress::progress;
pub(crate) use rungs::correlations;
pub(crate) use slices::slices;
pub(crate) use timeline::timeline;
