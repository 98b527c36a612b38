//! Records of trained networks: what is needed to use one.

mod error;
mod network_file;
mod trained_network;

pub use error::NetworkError;
pub use network_file::{NETWORK_FILE, NetworkFile};
pub use trained_network::{TrainedNetwork, WEIGHTS_FILE};
