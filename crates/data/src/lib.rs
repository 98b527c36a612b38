#![doc = include_str!("../README.md")]

mod balance;
mod dataset;
mod file_hash;
mod identity;
mod images;
pub mod loader;
mod manifest;
pub mod metrics;
mod pixels;
mod reading;
mod recipe;
mod report;
mod resize;
mod rotations;
mod source;
mod splits;
pub mod stratify;
mod subset;

pub use automl_pictures::{
    BACKGROUND, DecodeError, OrientationRule, Preprocessing, ResizeRule, Side, data_uri,
};

pub use automl_lists::Split;

pub use automl_augment::{Augmentation, Mixed, Mixing, RandAugment, Transformation};
pub use balance::{Balance, UNEQUAL, class_weights};
pub use dataset::{Dataset, DatasetError, DatasetFormat};
pub use file_hash::FileHash;
pub use identity::DataIdentity;
pub use images::Images;
pub use manifest::{Changes, Manifest, ManifestError, ManifestFile};
pub use reading::default_cache;
pub use recipe::{Optimizer, Recipe, RecipeError, Regularization};
pub use report::{Kind, LeftOut, Report};
pub use source::Source;
pub use splits::{ClassCount, DataSplits, SplitError};
pub use subset::{FeatureSource, Subset, UnknownSubset};
