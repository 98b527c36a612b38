#![doc = include_str!("../README.md")]

mod cluster;
mod curves;
mod runtimes;

pub use cluster::{Cluster, Glance, SimulateError, Summary};
pub use curves::{Curves, FAMILIES, Workload};
pub use runtimes::{Runtimes, RuntimesError};
