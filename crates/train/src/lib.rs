//! Data sets, augmentation and the training loop of light networks.
//!
//! [`Dataset`] reads standard formats, or the digits that are embedded here; [`DataSplits`] splits and
//! normalises them; a [`Training`] trains one architecture, can be saved at the end of any epoch
//! and goes on from there bit for bit.
//!
//! ```no_run
//! use automl_arch::{Activation, Architecture, Block, Layer};
//! use automl_data::{DataSplits, Dataset, Split, Recipe};
//! use automl_train::{Training, cpu};
//! use std::sync::Arc;
//!
//! let data = Arc::new(DataSplits::split(&Dataset::digits()?, 0.15, 0)?);
//! let architecture = Architecture::new(1, 8, [
//!     Layer::once(Block::conv(32, 3, 1, Activation::Relu)),
//!     Layer::once(Block::conv(32, 3, 2, Activation::Relu)),
//!     Layer::once(Block::GlobalAvgPool),
//!     Layer::once(Block::Flatten),
//!     Layer::once(Block::linear(10)),
//! ]);
//! let recipe = Recipe::for_data(&data, 20);
//! let mut training = Training::new(&architecture, &data, &recipe, 0, &cpu())?;
//! while training.epoch() < recipe.epochs {
//!     let report = training.run_epoch(&|| false)?;
//!     println!("epoch {} loss {:.3}", report.epoch, report.loss);
//! }
//! println!("test accuracy {:.4}", training.evaluate(Split::Test).accuracy);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adam;
mod batch;
mod checkpoint;
mod device;
mod error;
mod evaluation;
mod export;
mod fidelity;
pub mod hypergradient;
mod latency;
mod score;
mod sgd;
pub mod subset;
mod supernet;
mod training;

pub use burn::tensor::Device;
pub use checkpoint::{CheckpointError, WeightsError, read_weights, write_atomic};
pub use device::{DeviceChoice, DeviceError, SelectedDevice, choose, cpu, on_threads, one_thread};
pub use error::TrainError;
pub use evaluation::Evaluation;
pub use export::{ExportError, export};
pub use fidelity::{Fidelity, FidelityError, PreparedFidelity};
pub use latency::{
    LatencyError, LatencyProfile, LatencyReport, LatencySample, LatencyTable, Operation,
    OperationKind, Timing, measure, operations,
};
pub use score::{Score, ScoreBatch};
pub use subset::Subset;
pub use supernet::{Candidate, Supernet, SupernetReport};
pub use training::{EpochReport, Training};
