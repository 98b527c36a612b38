#![doc = include_str!("../README.md")]

mod augment;
mod dataset;
mod decode;
mod identity;
mod images;
pub mod loader;
mod preprocessing;
mod recipe;
mod resize;
mod resize_rule;
mod splits;
pub mod stratify;
mod subset;

pub use augment::{Augmentation, RandAugment, Transformation};
pub use dataset::{Dataset, DatasetError, DatasetFormat, Source};
pub use decode::DecodeError;
pub use identity::DataIdentity;
pub use images::Images;
pub use preprocessing::{BACKGROUND, OrientationRule, Preprocessing};
pub use recipe::{Recipe, RecipeError};
pub use resize_rule::ResizeRule;
pub use splits::{DataSplits, Split, SplitError};
pub use subset::{FeatureSource, Subset, UnknownSubset};
