//! The entry of the storage in memory.

use super::{Sharing, StorageEntry};
use crate::MemoryStorage;

pub(super) const ENTRY: StorageEntry = StorageEntry {
    name: "memory",
    form: "memory://",
    docs: "A record in memory, which ends with the process.\n\n\
           Clones of a `MemoryStorage` share one record; each URL is opened as a new one.",
    sharing: Sharing::OneProcess,
    feature: None,
    opens: |url| url == "memory://",
    open: Some(|_, _| Ok(Box::new(MemoryStorage::new()))),
};
