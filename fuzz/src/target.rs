//! A reader and its corpus.

use std::fmt;
use std::path::Path;

/// A reader of bytes, with a folder for the files that it needs.
pub(crate) type Read = fn(&[u8], &Path);

/// A reader and its corpus.
#[derive(Clone, Copy)]
pub struct Target {
    /// Name of the target.
    pub name: &'static str,
    /// Inputs of the run in the tests.
    pub count: u64,
    pub(crate) read: Read,
    /// Valid inputs.
    pub(crate) corpus: fn() -> Vec<Vec<u8>>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}
