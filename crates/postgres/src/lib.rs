#![doc = include_str!("../README.md")]

mod address;
mod config;
mod link;
mod patience;
mod tls;

pub use address::{AddressError, check_address};
pub use config::{config, place};
pub use link::{Link, Refused, in_order};
pub use patience::{Patience, explained, is_passing};
pub use tls::{Encrypted, Handshake, Tls, TlsError, TlsOptions};
pub use tokio_postgres;

/// An error of a connection.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
