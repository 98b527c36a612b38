//! The interface to a database: transactions, statements and the differences between dialects.

use std::error::Error as StdError;
use std::fmt;

/// An error of a database.
pub(crate) type Failure = Box<dyn StdError + Send + Sync>;

/// A parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'a str),
    /// Microseconds since 1970, UTC.
    Time(i64),
}

impl From<i64> for Cell<'_> {
    fn from(x: i64) -> Self {
        Self::Int(x)
    }
}

impl From<f64> for Cell<'_> {
    fn from(x: f64) -> Self {
        Self::Float(x)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<Option<f64>> for Cell<'_> {
    fn from(x: Option<f64>) -> Self {
        x.map_or(Self::Null, Self::Float)
    }
}

/// An integer in the range of the databases.
pub(crate) fn integer(x: u64) -> Result<i64, Failure> {
    i64::try_from(x).map_err(|_| format!("{x} is too large a number").into())
}

/// A row of a result; columns count from 0.
pub(crate) trait Row {
    fn int(&self, column: usize) -> Result<i64, Failure>;
    fn float(&self, column: usize) -> Result<Option<f64>, Failure>;
    fn text(&self, column: usize) -> Result<Option<String>, Failure>;
    /// Microseconds since 1970, UTC.
    fn time(&self, column: usize) -> Result<Option<i64>, Failure>;
}

/// A function that visits a row.
pub(crate) type Visit<'a> = dyn FnMut(&dyn Row) -> Result<(), Failure> + 'a;

/// The SQL in which databases differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// The suffix of a query that locks its rows until the end of the transaction.
    pub(crate) lock: &'static str,
    /// The integers of the JSON list in parameter 1, as a query.
    pub(crate) list: &'static str,
    /// Whether each statement is a journey to a server.
    pub(crate) is_far: bool,
    /// What stands before and after a query of integers of which one is wanted.
    pub(crate) among: [&'static str; 2],
    /// The row id of the next trial.
    pub(crate) next_id: &'static str,
    /// The time of the database, as heartbeats hold it.
    pub(crate) now: &'static str,
    /// The next heartbeat of a row of `trial_heartbeats`: the time, where that is after the last one.
    pub(crate) next_beat: &'static str,
    /// The age of a row of `trial_heartbeats h` by the time of the database, in seconds.
    pub(crate) age: &'static str,
    /// Whether the time of the database is that of each process, which may jump, so that heartbeats are
    /// watched for changes.
    pub(crate) watches: bool,
    /// Column types of the schema, by placeholder.
    pub(crate) types: &'static [(&'static str, &'static str)],
    /// Statements to run before the tables are created.
    pub(crate) before: &'static str,
    /// A query that waits for the creation of tables by others; empty where transactions exclude it.
    pub(crate) alone: &'static str,
    /// The largest number of characters of a name, where there is one.
    pub(crate) name_limit: Option<usize>,
    /// A query for the number of tables of the name in parameter 1.
    pub(crate) table: &'static str,
}

/// An open transaction. Parameters are written `?1`, `?2`, ...
pub(crate) trait Session {
    fn dialect(&self) -> &'static Dialect;
    /// Runs statements without parameters.
    fn batch(&mut self, sql: &str) -> Result<(), Failure>;
    /// Runs one statement. It may travel with the next query or the commit, and fails with that then.
    fn execute(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<(), Failure>;
    /// Runs a query and visits its rows in order.
    fn each(&mut self, sql: &str, cells: &[Cell<'_>], visit: &mut Visit<'_>)
    -> Result<(), Failure>;
}

impl dyn Session + '_ {
    /// Reads the first row, if there is one.
    pub(crate) fn first<T>(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
        read: impl Fn(&dyn Row) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let mut found = None;
        self.each(sql, cells, &mut |row| {
            if found.is_none() {
                found = Some(read(row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The integer result of a query, 0 without a row.
    pub(crate) fn number(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<i64, Failure> {
        Ok(self.first(sql, cells, |row| row.int(0))?.unwrap_or(0))
    }

    /// The text result of a query.
    pub(crate) fn text(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
    ) -> Result<Option<String>, Failure> {
        Ok(self.first(sql, cells, |row| row.text(0))?.flatten())
    }
}

/// The access mode of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads a snapshot of the database.
    Read,
    /// Reads the newest state and writes; the change survives the death of the process.
    Write,
    /// Writes a change that survives a power cut, too.
    Durable,
}

/// A new running trial.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "only PostgreSQL takes a trial in one statement")
)]
pub(crate) struct NewTrial<'a> {
    pub(crate) study: i64,
    /// The last row id that is known, and how many trials of the study must lie beyond it.
    pub(crate) after: i64,
    pub(crate) beyond: i64,
    /// Number, state, start and end.
    pub(crate) row: [Cell<'a>; 4],
    /// Names, values and distributions of its parameters.
    pub(crate) params: Vec<(&'a str, f64, String)>,
    pub(crate) attributes: Vec<(&'a str, String)>,
    pub(crate) has_heartbeat: bool,
}

/// What became of a new trial.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "only PostgreSQL takes a trial in one statement")
)]
pub(crate) enum Added {
    /// It has this row id.
    Row(i64),
    /// Others have added trials.
    Overtaken,
    /// The database takes it in several statements only.
    Unsupported,
}

/// A connection to a database.
pub(crate) trait Database: fmt::Debug + Send + Sized + 'static {
    /// The file or address, without secrets.
    fn place(&self) -> String;

    /// Runs one transaction, which is committed if `work` succeeds.
    fn transaction<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
    ) -> Result<T, Failure>;

    /// Whether other connections may have written since this was last asked.
    fn has_changed(&mut self) -> Result<bool, Failure>;

    /// The largest number of characters of a name, where there is one.
    fn name_limit(&self) -> Option<usize>;

    /// Waits for a while for the lock of a study's proposals; whether this connection has it now.
    fn begin_turn(&mut self, _study: i64) -> Result<bool, Failure> {
        Ok(false)
    }

    /// Gives that lock back.
    fn end_turn(&mut self, _study: i64) -> Result<(), Failure> {
        Ok(())
    }

    /// Adds a running trial with few journeys, where there are journeys.
    fn add_running(&mut self, _new: &NewTrial<'_>) -> Result<Added, Failure> {
        Ok(Added::Unsupported)
    }

    /// A function that opens another connection to the same database.
    fn opener(&self) -> Box<dyn Fn() -> Result<Self, Failure> + Send>;
}
