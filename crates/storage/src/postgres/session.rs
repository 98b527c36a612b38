//! A transaction with statements that travel together.
//!
//! Each journey to the server costs its latency, and on a busy machine a place in the queues of two
//! schedulers. So what needs no answer waits for what does: the beginning of a transaction travels with its
//! first question, and its writes with its commit.

use super::cell::Bound;
use super::{DIALECT, PATIENCE, Postgres, TURN, TURN_BEGINS, TURN_ENDS, Turn, keys};
use crate::sql::database::{Access, Cell, Dialect, Failure, Session, Visit};
use automl_postgres::tokio_postgres;
use automl_postgres::{Patience, explained, in_order, is_passing};
use std::collections::HashMap;
use thiserror::Error;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

/// The most statements that wait.
const PENDING: usize = 64;

/// What is to be sent.
struct Step {
    sql: String,
    /// The parameters of a prepared statement; several plain statements have none.
    cells: Option<Vec<Bound>>,
    /// Whether it asks for the turn to propose, which may be refused.
    is_turn: bool,
}

impl Step {
    fn plain(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), cells: None, is_turn: false }
    }

    fn prepared(sql: &str, cells: &[Cell<'_>]) -> Self {
        let cells = cells.iter().map(|cell| Bound::from(*cell)).collect();
        Self { cells: Some(cells), ..Self::plain(sql) }
    }
}

/// The end of the connection in a transaction, which may have been committed or not.
#[derive(Debug, Error)]
#[error(transparent)]
pub(super) struct Lost(Failure);

/// An open transaction.
pub(super) struct Open<'a> {
    database: &'a mut Postgres,
    access: Access,
    pending: Vec<Step>,
    patience: Patience,
    /// Whether the server may have a transaction open.
    is_sent: bool,
    /// Whether the server has answered in this transaction, which is lost with its connection then.
    is_begun: bool,
    /// The study with the turn that ends with this transaction.
    turn: Option<i64>,
}

impl<'a> Open<'a> {
    /// Begins a transaction; nothing is sent yet.
    pub(super) fn new(database: &'a mut Postgres, access: Access) -> Result<Self, Failure> {
        let mut patience = Patience::of(PATIENCE);
        // What has not begun can be tried again.
        while !database.link.is_open() {
            database.reopen(&mut patience)?;
        }
        let mut pending = Vec::new();
        if let Turn::Asked(study) = database.turn {
            let [first, second] = keys(study);
            let cells = [TURN.into(), first, second];
            pending.push(Step { is_turn: true, ..Step::prepared(TURN_BEGINS, &cells) });
        }
        let turn = match database.turn {
            Turn::Asked(study) | Turn::Held(study) if access != Access::Read => Some(study),
            _ => None,
        };
        pending.push(Step::plain(match (access, turn) {
            (Access::Read, _) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            (_, None) => "BEGIN",
            // The disk is waited for behind the turn.
            (_, Some(_)) => "BEGIN; SET LOCAL synchronous_commit = off",
        }));
        Ok(Self { database, access, pending, patience, is_sent: false, is_begun: false, turn })
    }

    /// Sends all that is pending; returns the rows of each statement.
    fn flush(&mut self) -> Result<Vec<Vec<Row>>, Failure> {
        loop {
            match self.attempt() {
                Ok(rows) => {
                    self.pending.clear();
                    self.is_begun = true;
                    return Ok(rows);
                }
                Err(error) if !self.is_begun && is_passing(&error) => {
                    self.patience.bear(error)?;
                    self.database.reopen(&mut self.patience)?;
                    self.is_sent = false;
                }
                Err(error) if is_passing(&error) => return Err(Lost(explained(error)).into()),
                Err(error) => return Err(explained(error)),
            }
        }
    }

    fn attempt(&mut self) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
        let Postgres { link, statements, turn, .. } = &mut *self.database;
        for step in self.pending.iter().filter(|step| step.cells.is_some()) {
            if !statements.contains_key(&step.sql) {
                let words = numbered(&step.sql);
                let statement = link.wait(|client| client.prepare(&words))?;
                statements.insert(step.sql.clone(), statement);
            }
        }
        self.is_sent = true;
        let (pending, statements) = (&self.pending, &*statements);
        let results = link.wait(|client| async move {
            let results = pending.iter().map(|step| run(client, statements, step));
            Ok(in_order(results.collect()).await)
        })?;
        let mut all = Vec::new();
        for (step, result) in self.pending.iter().zip(results) {
            match result {
                Ok(rows) if step.is_turn => {
                    turn.is_granted();
                    all.push(rows);
                }
                Ok(rows) => all.push(rows),
                // A worker that hangs keeps no other waiting.
                Err(error) if step.is_turn && error.code().is_some() => {
                    *turn = Turn::None;
                    all.push(Vec::new());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// Asks a last question and commits; returns its rows.
    pub(super) fn commit_with(
        mut self,
        sql: &str,
        cells: &[Cell<'_>],
    ) -> Result<Vec<Row>, Failure> {
        self.pending.push(Step::prepared(sql, cells));
        if self.turn.is_none() {
            let rows = self.flush()?.pop().unwrap_or_default();
            self.commit()?;
            return Ok(rows);
        }
        let place = self.pending.len() - 1;
        let mut all = self.end()?;
        Ok(all.swap_remove(place))
    }

    /// Commits. A turn to propose ends with the first write in it: the lock is given back at once, and
    /// then the disk is waited for, so that one write of the disk carries the proposals of many workers.
    pub(super) fn commit(mut self) -> Result<(), Failure> {
        if self.access == Access::Read {
            return Ok(());
        }
        if !self.is_begun && self.pending.iter().all(|step| step.cells.is_none()) {
            return Ok(());
        }
        if !self.is_begun && self.turn.is_none() {
            // A commit is not tried twice, so the connection must be known to live.
            self.flush()?;
        }
        self.end().map(drop)
    }

    fn end(&mut self) -> Result<Vec<Vec<Row>>, Failure> {
        self.is_begun = true;
        self.pending.push(Step::plain("COMMIT"));
        if let Some(study) = self.turn {
            self.pending.push(Step::prepared(TURN_ENDS, &keys(study)));
            self.database.turn = Turn::None;
        }
        let result = self.flush();
        self.is_sent = result.is_err();
        result
    }
}

impl Drop for Open<'_> {
    /// Ends what is not committed, and what was only read.
    fn drop(&mut self) {
        if self.is_sent {
            self.database.link.post("ROLLBACK");
        }
    }
}

/// Runs one step.
async fn run(
    client: &Client,
    statements: &HashMap<String, Statement>,
    step: &Step,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    match (&step.cells, statements.get(&step.sql)) {
        (Some(cells), Some(statement)) => {
            let cells: Vec<&(dyn ToSql + Sync)> = cells.iter().map(|cell| cell as _).collect();
            client.query(statement, &cells).await
        }
        _ => client.batch_execute(&step.sql).await.map(|()| Vec::new()),
    }
}

/// A statement with parameters as PostgreSQL writes them.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

impl Session for Open<'_> {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        self.pending.push(Step::plain(sql));
        self.flush().map(drop)
    }

    fn execute(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<(), Failure> {
        self.pending.push(Step::prepared(sql, cells));
        if self.pending.len() < PENDING { Ok(()) } else { self.flush().map(drop) }
    }

    fn each(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Failure> {
        self.pending.push(Step::prepared(sql, cells));
        for row in self.flush()?.pop().unwrap_or_default() {
            visit(&row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered() {
        assert_eq!(numbered("a = ?1 AND b = ?12"), "a = $1 AND b = $12");
    }
}
