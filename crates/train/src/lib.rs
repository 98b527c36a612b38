#![doc = include_str!("../README.md")]

mod adam;
mod adamw;
mod average;
mod batch;
mod checkpoint;
mod device;
mod error;
mod evaluation;
mod export;
mod fidelity;
mod folded;
mod int8;
mod latency;
mod memory;
mod optimizer;
mod pace;
mod pool;
mod sandwich;
mod saver;
mod score;
mod sgd;
pub mod subset;
mod supernet;
mod training;
mod transfer;

pub use automl_data::metrics::Evaluation;
pub use automl_data::{FeatureSource, Subset};
pub use automl_deploy::write_atomic;
pub use burn::tensor::Device;
pub use checkpoint::{CheckpointError, WeightsError, read_weights};
pub use device::{DeviceChoice, DeviceError, SelectedDevice, choose, cpu, on_threads, one_thread};
pub use error::TrainError;
pub use export::{ExportError, export};
pub use fidelity::{Fidelity, FidelityError, PreparedFidelity};
pub use folded::FoldedTraining;
pub use int8::{Int8Error, Int8Tuning, TunedInt8, tune_int8};
pub use latency::{
    LatencyError, LatencyProfile, LatencyReport, LatencySample, LatencyTable, Operation,
    OperationKind, Timing, latency_engine, measure, operations,
};
pub use memory::{Memory, available_memory, total_memory};
pub use pace::Pace;
pub use pool::{Pool, lock};
pub use sandwich::Part;
pub use saver::Saver;
pub use score::{Score, ScoreBatch, UnknownScore};
pub use supernet::{Candidate, Supernet, SupernetReport};
pub use training::{EpochReport, Training};
pub use transfer::Transfer;
