#![doc = include_str!("../README.md")]

mod augment;
mod dataset;
mod images;
pub mod loader;
mod recipe;
mod resize;
mod splits;
pub mod stratify;
mod subset;

pub use augment::{Augmentation, RandAugment, Transformation};
pub use dataset::{Dataset, DatasetError, DatasetFormat, Source};
pub use images::Images;
pub use recipe::{Recipe, RecipeError};
pub use splits::{DataSplits, Split, SplitError};
pub use subset::{FeatureSource, Subset, UnknownSubset};
