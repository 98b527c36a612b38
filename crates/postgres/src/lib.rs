#![doc = include_str!("../README.md")]

mod link;
mod patience;
mod tls;

pub use link::{Link, Refused, in_order};
pub use patience::{Patience, explained, is_passing};
pub use tls::{Encrypted, Handshake, Tls, TlsError, TlsOptions};
pub use tokio_postgres;

/// An error of a connection.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
