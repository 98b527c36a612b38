//! SQLite databases.

mod durable_log;

use crate::sql::SqlStorage;
use crate::sql::database::{Access, Cell, Database, Dialect, Failure, Row, Session, Visit};
use automl_optuna::codec;
use automl_study::StoreError;
use durable_log::DurableLog;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, Transaction, TransactionBehavior, params_from_iter};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

/// The time to wait for a lock of another process.
const PATIENCE: Duration = Duration::from_secs(30);

/// The shortest time between two checkpoints of the log.
const CHECKPOINTS: Duration = Duration::from_secs(1);

/// A study in an SQLite database.
///
/// Each call is one transaction in write-ahead mode: if the process is killed, no acknowledged call is
/// lost. The end of a trial survives a power cut, with everything before it: after its commit the log is
/// brought to the disk, outside of the transaction, so that the ends of several processes are written
/// together. What came after the last end may be lost, never the database. With
/// [`SqliteStorage::power_safe`] off, or `?synchronous=normal` in the address, ends do not wait for the
/// disk. The processes of one machine may share a file, those of several machines may not. Opening checks
/// the file for damage.
///
/// # Examples
/// A study that is opened again has the trials and the seed of the first run:
/// ```
/// use automl_space::Space;
/// use automl_storage::SqliteStorage;
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("study.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// let storage = SqliteStorage::open(&path, "demo")?;
/// let mut study = Study::builder(space.clone()).seed(7).storage(storage).build()?;
/// study.optimize(10, |config| config[x])?;
/// drop(study);
///
/// let study = Study::builder(space).storage(SqliteStorage::open(&path, "demo")?).build()?;
/// assert_eq!((study.history().len(), study.seed()), (10, 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type SqliteStorage = SqlStorage<Sqlite>;

/// A connection to an SQLite database.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    connection: Connection,
    /// The last `data_version`, which changes with writes of other connections.
    version: Option<i64>,
    checkpointed: Option<Instant>,
    log: DurableLog,
}

/// The name of a study in a database and the number of its trials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudySummary {
    /// Its name.
    pub name: String,
    /// The number of its trials.
    pub trials: u64,
    /// How many of them are complete.
    pub complete: u64,
}

/// The studies of a database, ordered by name.
///
/// # Errors
/// [`StoreError::Unavailable`] if the file cannot be read or is not a database of studies.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_storage::{SqliteStorage, studies};
/// use automl_study::Study;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("studies.db");
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let space = space.build()?;
/// for (name, trials) in [("second", 2), ("first", 1)] {
///     let storage = SqliteStorage::open(&path, name)?;
///     Study::builder(space.clone()).storage(storage).build()?.optimize(trials, |config| config[x])?;
/// }
/// let names: Vec<String> = studies(&path)?.into_iter().map(|study| study.name).collect();
/// assert_eq!(names, ["first", "second"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn studies(path: impl AsRef<Path>) -> Result<Vec<StudySummary>, StoreError> {
    let path = path.as_ref();
    let read = || -> rusqlite::Result<Vec<StudySummary>> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query = connection.prepare(
            "SELECT study_name, COUNT(trial_id), COUNT(CASE state WHEN 'COMPLETE' THEN 1 END)
             FROM studies LEFT JOIN trials USING (study_id) GROUP BY study_id ORDER BY study_name",
        )?;
        let rows = query.query_map((), |row| {
            Ok(StudySummary { name: row.get(0)?, trials: row.get(1)?, complete: row.get(2)? })
        })?;
        rows.collect()
    };
    read().map_err(|e| unavailable("read", path, e))
}

fn unavailable(action: &'static str, path: &Path, source: rusqlite::Error) -> StoreError {
    StoreError::Unavailable { action, place: path.display().to_string(), source: source.into() }
}

impl SqlStorage<Sqlite> {
    /// Opens or creates the database for the study of this name. The study itself is created when it
    /// is attached.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be opened or is not a database of this schema revision.
    pub fn open(path: impl AsRef<Path>, study: &str) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if let Some(kind) = automl_optuna::shared_file_system(path) {
            static SAID: Once = Once::new();
            let place = path.display();
            SAID.call_once(|| {
                tracing::warn!(
                    "{place} lies on {kind}, where the locks of SQLite may fail: give a study that several \
                     machines share a journal (journal:///FILE) or PostgreSQL, others a local folder"
                );
            });
        }
        let database = Sqlite::open(path).map_err(|e| unavailable("open", path, e))?;
        database.check().map_err(|e| unavailable("open", path, e))?;
        Self::over(database, study)
    }

    /// Whether the end of a trial survives a power cut, the default; each one waits for the disk. Without
    /// it a power cut may take the last trials, and more trials end in a second.
    pub fn power_safe(&mut self, on: bool) {
        self.database.log.is_used = on;
    }

    /// Limits the database to this many pages of 4 KiB, for stores with a quota: a write beyond it
    /// fails as on a full disk, and what was recorded stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the limit cannot be set.
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), StoreError> {
        let sql = format!("PRAGMA max_page_count = {pages}");
        let set = self.database.connection.query_row(&sql, (), |_| Ok(()));
        set.map_err(|e| unavailable("limit", &self.database.path, e))
    }
}

impl Sqlite {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(64);
        // While another process does the same in a new file, SQLite fails at once.
        let start = Instant::now();
        let write_ahead =
            || connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get::<_, String>(0));
        while let Err(error) = write_ahead() {
            let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
            if !busy || start.elapsed() > PATIENCE {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        Ok(Self::of(path, connection))
    }

    fn of(path: &Path, connection: Connection) -> Self {
        let log = DurableLog::new(path);
        Self { path: path.to_owned(), connection, version: None, checkpointed: None, log }
    }
}

impl Sqlite {
    /// Runs one transaction.
    fn work<T>(
        &mut self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut session = Open(self.connection.transaction_with_behavior(behavior)?);
        let result = work(&mut session)?;
        session.0.commit()?;
        Ok(result)
    }
}

impl Sqlite {
    /// Brings the log into the file, now and then and as far as no reader is in the way, so that the file
    /// alone holds the record.
    fn checkpoint(&mut self) {
        if self.checkpointed.is_none_or(|last| last.elapsed() > CHECKPOINTS) {
            // What fails now is done by the next one.
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
            self.checkpointed = Some(Instant::now());
        }
    }

    /// Refuses a damaged file.
    fn check(&self) -> rusqlite::Result<()> {
        let sql = "PRAGMA quick_check(1)";
        let found: String = self.connection.query_row(sql, (), |row| row.get(0))?;
        if found == "ok" {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(code, Some(format!("it is damaged: {found}"))))
    }

    /// Opens an existing file, which is not changed.
    pub(crate) fn open_to_read(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(Self::of(path, connection))
    }
}

impl Database for Sqlite {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn transaction<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let behavior = match access {
            Access::Read => TransactionBehavior::Deferred,
            Access::Write | Access::Durable => TransactionBehavior::Immediate,
        };
        let done = self.work(behavior, work)?;
        if access == Access::Durable {
            self.log.sync()?;
            self.checkpoint();
        }
        Ok(done)
    }

    fn has_changed(&mut self) -> Result<bool, Failure> {
        let mut query = self.connection.prepare_cached("PRAGMA data_version")?;
        let version = Some(query.query_row((), |row| row.get(0))?);
        let changed = self.version != version;
        self.version = version;
        Ok(changed)
    }

    fn name_limit(&self) -> Option<usize> {
        DIALECT.name_limit
    }

    fn opener(&self) -> Box<dyn Fn() -> Result<Self, Failure> + Send> {
        let path = self.path.clone();
        Box::new(move || Ok(Self::open(&path)?))
    }
}

static DIALECT: Dialect = Dialect {
    lock: "",
    list: "(SELECT value FROM json_each(?1))",
    is_far: false,
    among: ["IN (", ")"],
    next_id: "(SELECT COALESCE(MAX(trial_id), 0) + 1 FROM trials)",
    now: "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    next_beat: "max(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
                    strftime('%Y-%m-%d %H:%M:%f', heartbeat, '+0.001 seconds') || '000')",
    age: "(julianday('now') - julianday(h.heartbeat)) * 86400.0",
    watches: true,
    types: &[
        ("ID", "INTEGER NOT NULL PRIMARY KEY"),
        ("TIME", "DATETIME"),
        ("NUMBER", "FLOAT"),
        ("DIRECTION", "VARCHAR(8)"),
        ("STATE", "VARCHAR(8)"),
        ("KIND", "VARCHAR(7)"),
        ("ANY_KIND", "VARCHAR(7)"),
    ],
    before: "",
    alone: "",
    name_limit: None,
    table: "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?1",
};

struct Open<'a>(Transaction<'a>);

impl Session for Open<'_> {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn execute(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<(), Failure> {
        self.0.prepare_cached(sql)?.execute(params_from_iter(cells))?;
        Ok(())
    }

    fn each(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Failure> {
        let mut query = self.0.prepare_cached(sql)?;
        let mut rows = query.query(params_from_iter(cells))?;
        while let Some(row) = rows.next()? {
            visit(row)?;
        }
        Ok(())
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Int(x) => (*x).into(),
            Self::Float(x) => (*x).into(),
            Self::Text(text) => (*text).into(),
            Self::Time(micros) => match codec::datetime(*micros) {
                Some(text) => text.into(),
                None => ToSqlOutput::Borrowed(ValueRef::Null),
            },
        })
    }
}

impl Row for rusqlite::Row<'_> {
    fn int(&self, column: usize) -> Result<i64, Failure> {
        Ok(self.get(column)?)
    }

    fn float(&self, column: usize) -> Result<Option<f64>, Failure> {
        Ok(self.get(column)?)
    }

    fn text(&self, column: usize) -> Result<Option<String>, Failure> {
        Ok(self.get(column)?)
    }

    fn time(&self, column: usize) -> Result<Option<i64>, Failure> {
        let text: Option<String> = self.get(column)?;
        Ok(text.as_deref().and_then(codec::parse_datetime))
    }
}
