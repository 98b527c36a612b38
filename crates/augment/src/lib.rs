#![doc = include_str!("../README.md")]

mod affine;
mod augmentation;
mod color;
mod crop;
mod cutout;
mod enhance;
mod erase;
mod geometry;
mod mixing;
mod randaugment;
mod tone;
mod transformation;

pub use augmentation::Augmentation;
pub use mixing::{Mixed, Mixing};
pub use randaugment::RandAugment;
pub use transformation::Transformation;
