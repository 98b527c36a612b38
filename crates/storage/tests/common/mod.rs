//! Databases for tests: files that go with the test, and PostgreSQL where `AUTOML_POSTGRES_URL`
//! names a server.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_debug_implementations)]
#![allow(dead_code, unreachable_pub, missing_docs)]

use automl_storage::open;
use automl_study::SharedStorage;
use tempfile::TempDir;

/// A database of a test's own, opened as often as it likes.
pub enum Place {
    File(TempDir),
    Journal(TempDir),
    #[cfg(feature = "postgres")]
    Schema {
        server: String,
        url: String,
        name: String,
    },
}

impl Place {
    pub fn file() -> Self {
        Self::File(TempDir::new().unwrap())
    }

    /// A schema of its own on the server, which goes with the test; `None`, with a message, where
    /// there is no server.
    #[cfg(feature = "postgres")]
    pub fn postgres() -> Option<Self> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let Ok(server) = std::env::var("AUTOML_POSTGRES_URL") else {
            eprintln!("PostgreSQL is skipped: AUTOML_POSTGRES_URL names no server");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("test_{}_{count}", std::process::id());
        let mut client = postgres::Client::connect(&server, postgres::NoTls).unwrap();
        let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
        client.batch_execute(&sql).unwrap();
        let sign = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{sign}options=-csearch_path%3D{name}");
        Some(Self::Schema { server, url, name })
    }

    #[cfg(not(feature = "postgres"))]
    pub fn postgres() -> Option<Self> {
        eprintln!("PostgreSQL is skipped: built without the feature");
        None
    }

    /// A journal file.
    pub fn journal() -> Self {
        Self::Journal(TempDir::new().unwrap())
    }

    /// Every kind of database that there is.
    pub fn all() -> Vec<Self> {
        [Some(Self::file()), Self::postgres(), Some(Self::journal())]
            .into_iter()
            .flatten()
            .collect()
    }

    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => folder.path().join("study.db").display().to_string(),
            Self::Journal(folder) => {
                format!("journal:///{}", folder.path().join("study.log").display())
            }
            #[cfg(feature = "postgres")]
            Self::Schema { url, .. } => url.clone(),
        }
    }

    pub fn open(&self, study: &str) -> Box<dyn SharedStorage> {
        open(&self.url(), study).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        #[cfg(feature = "postgres")]
        if let Self::Schema { server, name, .. } = self
            && let Ok(mut client) = postgres::Client::connect(server, postgres::NoTls)
        {
            let _ = client.batch_execute(&format!("DROP SCHEMA {name} CASCADE"));
        }
    }
}
