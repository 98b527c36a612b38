#![doc = include_str!("../README.md")]

mod area;
mod decode;
mod orientation_rule;
mod preprocessing;
pub mod regular;
mod resize_rule;
mod side;
mod thumbnail;

pub use area::shrunk;
pub use decode::{DecodeError, Encoded, Picture, has_image_name, over};
pub use orientation_rule::OrientationRule;
pub use preprocessing::{BACKGROUND, Preprocessing, luma, normalize, planes, with_channels};
pub use resize_rule::ResizeRule;
pub use side::Side;
pub use thumbnail::data_uri;
