#![doc = include_str!("../README.md")]

mod address;
mod message;

pub use address::{scheme, without_password};
pub use message::without_passwords;
