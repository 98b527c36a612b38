#![doc = include_str!("../README.md")]

mod augment;
mod balance;
mod dataset;
mod decode;
mod identity;
mod images;
pub mod loader;
mod manifest;
pub mod metrics;
mod pixels;
mod preprocessing;
mod reading;
mod recipe;
mod report;
mod resize;
mod resize_rule;
mod rotations;
mod side;
mod splits;
pub mod stratify;
mod subset;

pub use augment::{Augmentation, RandAugment, Transformation};
pub use balance::{Balance, UNEQUAL, class_weights};
pub use dataset::{Dataset, DatasetError, DatasetFormat, Source};
pub use decode::DecodeError;
pub use identity::DataIdentity;
pub use images::Images;
pub use manifest::{Changes, Manifest, ManifestError, ManifestFile};
pub use preprocessing::{BACKGROUND, OrientationRule, Preprocessing};
pub use reading::{FileHash, default_cache};
pub use recipe::{Recipe, RecipeError};
pub use report::{Kind, LeftOut, Report};
pub use resize_rule::ResizeRule;
pub use side::Side;
pub use splits::{ClassCount, DataSplits, Split, SplitError};
pub use subset::{FeatureSource, Subset, UnknownSubset};
