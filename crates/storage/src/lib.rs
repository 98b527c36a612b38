//! Studies that survive: in memory for tests and short runs, in SQLite for everything on one machine,
//! and in PostgreSQL for many machines (`PostgresStorage`, with the feature `postgres`).
//!
//! [`SqliteStorage`] writes Optuna's published schema (revision `v3.2.0.a`), so `optuna.load_study`
//! and Optuna's dashboard open the same file. What that schema cannot say lies in user attributes
//! whose names begin with `automl:`: the space, a paused state, reports of several objectives, whose a
//! running trial is, and which trials went on from a pause. [`open()`] takes any storage by its address.
//!
//! Any number of processes may work on one study, each with a handle of its own: claims are
//! transactions, and running trials have heartbeats in Optuna's table.
//! Values are stored as floats, so a space with integers beyond `2^53` is refused.
//!
//! A study that Optuna began can go on here where its trials mean the same in the space: a parameter
//! of another kind, on another scale or with other choices is refused by name. Of an enqueued trial
//! that fixes some parameters only, the others get their defaults.
//!
//! ```
//! use automl_space::Space;
//! use automl_storage::SqliteStorage;
//! use automl_study::Study;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("study.db");
//! let mut space = Space::builder();
//! let x = space.float("x", 0.0..=1.0).add()?;
//! let space = space.build()?;
//! for _ in 0..2 {
//!     let storage = SqliteStorage::open(&path, "demo")?;
//!     let mut study = Study::builder(space.clone()).storage(storage).build()?;
//!     study.optimize(10, |config| config[x])?;
//! }
//! let studies = automl_storage::studies(&path)?;
//! assert_eq!((studies[0].name.as_str(), studies[0].trials), ("demo", 20));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backend;
mod codec;
mod compare;
mod distribution;
mod memory;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod sql;
mod sqlite;

pub use backend::{Sharing, StorageEntry, open, storages};
pub use memory::MemoryStorage;
pub use open::{Address, OpenError, without_password};
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresStorage};
pub use sql::SqlStorage;
pub use sqlite::{Sqlite, SqliteStorage, StudySummary, studies};
