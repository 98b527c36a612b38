//! Data at the resolutions that a search chooses from, each made once.

use automl_data::DataSplits;
use automl_extent::Extent;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Data by their height and width.
type BySide = Mutex<HashMap<Extent, Arc<DataSplits>>>;

/// The data of the search and all data at smaller sides.
///
/// # Examples
/// ```
/// use automl_candidates::Sides;
/// use automl_data::{DataSplits, Dataset};
/// use std::sync::Arc;
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.2, 0)?;
/// let sides = Sides::default();
/// let half = sides.all(&data, 4);
/// assert!(half.side == 4);
/// assert!(Arc::ptr_eq(&half, &sides.all(&data, 4)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Sides {
    search: BySide,
    all: BySide,
}

impl Sides {
    /// The data of the search at a height and width.
    pub fn search(&self, data: &DataSplits, side: impl Into<Extent>) -> Arc<DataSplits> {
        at(&self.search, data, side.into())
    }

    /// All data at a height and width.
    pub fn all(&self, data: &DataSplits, side: impl Into<Extent>) -> Arc<DataSplits> {
        at(&self.all, data, side.into())
    }
}

fn at(known: &BySide, data: &DataSplits, side: Extent) -> Arc<DataSplits> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(side).or_insert_with(|| Arc::new(data.resized(side))))
}
