//! The entry of journal files.

use super::{Sharing, StorageEntry};
use crate::JournalStorage;
use crate::address::Address;
use crate::open::OpenError;
use automl_secrets::without_password;

/// The form of the URL.
const FORM: &str = "journal:///FILE";

pub(super) const ENTRY: StorageEntry = StorageEntry {
    name: "journal",
    form: FORM,
    docs: "A journal file of Optuna, for clusters with a shared file system and no database.\n\n\
           Each change is a line that is on the disk before it is acknowledged. The lock is that of \
           Optuna's `JournalFileBackend`, which also holds over NFS.",
    sharing: Sharing::ManyMachines,
    feature: None,
    opens: |url| matches!(Address::of(url), Ok(Address::Journal(_))),
    open: Some(|url, study| match Address::of(url) {
        Ok(Address::Journal(path)) => Ok(Box::new(JournalStorage::open(path, study)?)),
        _ => Err(OpenError::Unknown { url: without_password(url), forms: FORM.into() }),
    }),
};
