//! The entry of SQLite.

use super::{Sharing, StorageEntry};
use crate::SqliteStorage;
use crate::open::{Address, OpenError};

pub(super) const ENTRY: StorageEntry = StorageEntry {
    name: "sqlite",
    form: "FILE or sqlite:///FILE",
    docs: "A file of SQLite in Optuna's schema.\n\n\
           Each change is a transaction in write-ahead mode: a killed process loses nothing that was \
           acknowledged, a power cut at most the last moments. The file must be on a local disk.",
    sharing: Sharing::OneMachine,
    feature: None,
    opens: |url| matches!(Address::parse(url), Ok(Address::File(_))),
    open: Some(|url, study| match Address::parse(url)? {
        Address::File(path) => Ok(Box::new(SqliteStorage::open(path, study)?)),
        Address::Postgres(url) => Err(OpenError::unknown(url)),
    }),
};
