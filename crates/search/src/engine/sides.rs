//! Data at the sides that a search chooses from, each made once.

use super::pool::lock;
use automl_data::DataSplits;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Data by their side.
type BySide = Mutex<HashMap<usize, Arc<DataSplits>>>;

/// The data of the search and all data at smaller sides.
#[derive(Debug, Default)]
pub(super) struct Sides {
    search: BySide,
    all: BySide,
}

impl Sides {
    /// The data of the search at a side.
    pub(super) fn search(&self, data: &DataSplits, side: usize) -> Arc<DataSplits> {
        at(&self.search, data, side)
    }

    /// All data at a side.
    pub(super) fn all(&self, data: &DataSplits, side: usize) -> Arc<DataSplits> {
        at(&self.all, data, side)
    }
}

fn at(known: &BySide, data: &DataSplits, side: usize) -> Arc<DataSplits> {
    let mut known = lock(known);
    Arc::clone(known.entry(side).or_insert_with(|| Arc::new(data.resized(side))))
}
