//! The entry of PostgreSQL.

use super::{Open, Sharing, StorageEntry};
use crate::address::Address;

/// The constructor, in builds with the feature.
#[cfg(feature = "postgres")]
const OPEN: Option<Open> =
    Some(|url, study| Ok(Box::new(crate::PostgresStorage::connect(url, study)?)));
#[cfg(not(feature = "postgres"))]
const OPEN: Option<Open> = None;

pub(super) const ENTRY: StorageEntry = StorageEntry {
    name: "postgresql",
    form: "postgresql://USER:PASSWORD@HOST/DATABASE",
    docs: "A PostgreSQL database in Optuna's schema.\n\n\
           Without a password in the URL, that of the environment's `PGPASSWORD` is used. The \
           connection is encrypted where the server offers it; `?sslmode=require` insists, and \
           `?sslmode=verify-full&sslrootcert=FILE` (or `system`) also checks the certificate and \
           the name of the server; `PGSSLMODE` and `PGSSLROOTCERT` are the defaults.",
    sharing: Sharing::ManyMachines,
    feature: Some("postgres"),
    opens: |url| matches!(Address::of(url), Ok(Address::Postgres(_))),
    open: OPEN,
};
