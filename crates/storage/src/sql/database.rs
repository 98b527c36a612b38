//! What the code above needs of a database: transactions, statements and the few words in which
//! dialects differ.

use std::error::Error as StdError;
use std::fmt;

/// What a database answers when something fails.
pub(crate) type Failure = Box<dyn StdError + Send + Sync>;

/// A value on its way into a statement.
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

/// A whole number as the databases have them.
pub(crate) fn integer(x: u64) -> Result<i64, Failure> {
    i64::try_from(x).map_err(|_| format!("{x} is too large a number").into())
}

/// A row of an answer; columns count from 0.
pub(crate) trait Row {
    fn int(&self, column: usize) -> Result<i64, Failure>;
    fn float(&self, column: usize) -> Result<Option<f64>, Failure>;
    fn text(&self, column: usize) -> Result<Option<String>, Failure>;
    /// Microseconds since 1970, UTC.
    fn time(&self, column: usize) -> Result<Option<i64>, Failure>;
}

/// What to do with a row.
pub(crate) type Visit<'a> = dyn FnMut(&dyn Row) -> Result<(), Failure> + 'a;

/// The words in which databases differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// Behind a query whose rows nobody else may change before the end of the transaction.
    pub(crate) lock: &'static str,
    /// The integers of the JSON list in parameter 1, as a query.
    pub(crate) list: &'static str,
    /// The time of the database, as heartbeats hold it.
    pub(crate) now: &'static str,
    /// The age of a row of `trial_heartbeats h`, in seconds.
    pub(crate) age: &'static str,
    /// Column types of the schema: placeholders and what stands for them.
    pub(crate) types: &'static [(&'static str, &'static str)],
    /// What has to be run before the tables are created.
    pub(crate) before: &'static str,
    /// A query that waits until nobody else creates tables; empty where transactions exclude it.
    pub(crate) alone: &'static str,
    /// A query for the number of tables of the name in parameter 1.
    pub(crate) table: &'static str,
}

/// An open transaction. Parameters are written `?1`, `?2`, ...
pub(crate) trait Session {
    fn dialect(&self) -> &'static Dialect;
    /// Runs statements without parameters.
    fn batch(&mut self, sql: &str) -> Result<(), Failure>;
    /// Runs one statement and returns how many rows it changed.
    fn execute(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Failure>;
    /// Runs a query and visits its rows in order.
    fn each(&mut self, sql: &str, cells: &[Cell<'_>], visit: &mut Visit<'_>)
    -> Result<(), Failure>;
}

impl dyn Session + '_ {
    /// What the first row says, if there is one.
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

    /// The whole number that a query answers with, 0 if it has no row.
    pub(crate) fn number(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<i64, Failure> {
        Ok(self.first(sql, cells, |row| row.int(0))?.unwrap_or(0))
    }

    /// The text that a query answers with.
    pub(crate) fn text(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
    ) -> Result<Option<String>, Failure> {
        Ok(self.first(sql, cells, |row| row.text(0))?.flatten())
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads one state of the database.
    Read,
    /// Reads what is newest and writes.
    Write,
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

    /// How to open another connection to the same database.
    fn opener(&self) -> Box<dyn Fn() -> Result<Self, Failure> + Send>;
}
