#![doc = include_str!("../README.md")]

mod decode;
mod preprocessing;
mod resize_rule;
mod side;

pub use decode::{DecodeError, Encoded, Picture, has_image_name, over};
pub use preprocessing::{BACKGROUND, OrientationRule, Preprocessing, luma, normalize, planes};
pub use resize_rule::ResizeRule;
pub use side::Side;
