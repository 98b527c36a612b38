//! The entry of SQLite.

use super::{Sharing, StorageEntry};
use crate::SqliteStorage;
use crate::address::{Address, is_hasty};
use crate::open::OpenError;
use automl_secrets::without_password;

/// The form of the URL.
const FORM: &str = "FILE or sqlite:///FILE";

pub(super) const ENTRY: StorageEntry = StorageEntry {
    name: "sqlite",
    form: FORM,
    docs: "A file of SQLite in Optuna's schema.\n\n\
           Each change is a transaction in write-ahead mode: a killed process loses nothing that was \
           acknowledged, a power cut nothing up to the last trial that ended. With `?synchronous=normal` \
           behind `sqlite:///FILE` a power cut may take the last trials, and more of them end in a \
           second. The file must be on a local disk.",
    sharing: Sharing::OneMachine,
    feature: None,
    opens: |url| matches!(Address::of(url), Ok(Address::File(_))),
    open: Some(|url, study| match Address::of(url) {
        Ok(Address::File(path)) => {
            let mut storage = SqliteStorage::open(path, study)?;
            storage.power_safe(!is_hasty(url));
            Ok(Box::new(storage))
        }
        _ => Err(OpenError::Unknown { url: without_password(url), forms: FORM.into() }),
    }),
};
