#![doc = include_str!("../README.md")]

mod address;
mod backend;
mod compare;
mod inspect;
mod journal;
mod manage;
mod memory;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod recorded;
mod sql;
mod sqlite;

pub use address::Address;
pub use automl_secrets::{without_password, without_passwords};
pub use backend::{Sharing, StorageEntry, open, storages};
pub use inspect::integrity;
pub use journal::JournalStorage;
pub use manage::{ManageError, copy_study, delete_study};
pub use memory::MemoryStorage;
pub use open::OpenError;
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresStorage};
pub use record::RecordError;
pub use recorded::{RecordedParam, SetAside, StudyRecord};
pub use sql::SqlStorage;
pub use sqlite::{Sqlite, SqliteStorage, StudySummary, studies};
