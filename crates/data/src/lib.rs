//! Labelled images: data sets, splits, augmentation, batches and training recipes as data.
//!
//! [`Dataset`] reads standard formats, or the digits that are embedded here; [`DataSplits`] splits and
//! normalizes them; a [`Recipe`] says how a network is trained on them.
//!
//! ```
//! use automl_data::{DataSplits, Dataset, Recipe};
//!
//! let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
//! assert_eq!((data.train.len(), data.validation.len(), data.test.len()), (1151, 287, 359));
//! let recipe = Recipe::for_data(&data, 20);
//! assert_eq!(recipe.epochs, 20);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod augment;

mod dataset;
pub mod loader;
mod recipe;
mod resize;
mod splits;
pub mod stratify;

pub use augment::{Augmentation, RandAugment, Transformation};
pub use dataset::{Dataset, DatasetError, Images};
pub use recipe::{Recipe, RecipeError};
pub use splits::{DataSplits, Split, SplitError};
