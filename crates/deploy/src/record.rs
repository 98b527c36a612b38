//! Records of trained networks: what is needed to use one.

mod error;
mod error_samples;
mod network_file;
mod trained_network;
mod training_data;

pub use error::NetworkError;
pub use error_samples::{ERRORS_FILE, ErrorSample, ErrorSamples};
pub use network_file::{NETWORK_FILE, NetworkFile};
pub(crate) use trained_network::lacks;
pub use trained_network::{TrainedNetwork, WEIGHTS_FILE};
pub use training_data::TrainingData;
