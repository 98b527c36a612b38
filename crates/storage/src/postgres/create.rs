//! A new trial in one statement.
//!
//! A worker that proposes keeps the others waiting, so the time from reading what is new to the commit of the
//! new trial decides how many trials a second all workers together begin.

use super::session::{Lost, Open};
use super::{DIALECT, Postgres};
use crate::sql::database::{Access, Cell, Failure, NewTrial, Session};

/// Adds a running trial if so many lie beyond the last known one; its row id. Where the connection ends, the
/// worker looks again what there is: a trial that was committed unheard has no heartbeats, and is reclaimed.
pub(super) fn create(database: &mut Postgres, new: &NewTrial<'_>) -> Result<Option<i64>, Failure> {
    let mut session = Open::new(database, Access::Write)?;
    let sql = format!("SELECT study_id FROM studies WHERE study_id = ?1{}", DIALECT.lock);
    session.execute(&sql, &[new.study.into()])?;
    let (sql, cells) = statement(new);
    let rows = match session.commit_with(&sql, &cells) {
        Err(failure) if failure.is::<Lost>() => return Ok(None),
        rows => rows?,
    };
    rows.first().map(|row| Ok(row.try_get::<_, i32>(0)?.into())).transpose()
}

/// The statement of all rows of a trial, and its parameters.
fn statement<'a>(new: &'a NewTrial<'_>) -> (String, Vec<Cell<'a>>) {
    let mut cells: Vec<Cell<'a>> = vec![new.study.into(), new.after.into(), new.beyond.into()];
    cells.extend(new.row);
    let mut sql = "WITH new AS (
            INSERT INTO trials (study_id, number, state, datetime_start, datetime_complete)
            SELECT CAST(?1 AS INTEGER), CAST(?4 AS INTEGER), CAST(?5 AS trialstate),
                CAST(?6 AS TIMESTAMP), CAST(?7 AS TIMESTAMP)
            WHERE (SELECT COUNT(*) FROM trials WHERE study_id + 0 = ?1 AND trial_id > ?2) = ?3
            RETURNING trial_id)"
        .to_owned();
    let mut add = |table: &str, types: &[&str], rows: Vec<Vec<Cell<'a>>>| {
        if rows.is_empty() {
            return;
        }
        let mut values = Vec::new();
        for row in rows {
            let casts: Vec<String> = types
                .iter()
                .zip(row)
                .map(|(kind, cell)| {
                    cells.push(cell);
                    format!("CAST(?{} AS {kind})", cells.len())
                })
                .collect();
            values.push(format!("({})", casts.join(", ")));
        }
        let name = table.split(' ').next().unwrap_or_default();
        sql += &format!(
            ", of_{name} AS (INSERT INTO {table} SELECT new.trial_id, given.*
               FROM new, (VALUES {}) given)",
            values.join(", ")
        );
    };
    let params = new
        .params
        .iter()
        .map(|(name, value, stored)| vec![(*name).into(), (*value).into(), stored.as_str().into()]);
    add(
        "trial_params (trial_id, param_name, param_value, distribution_json)",
        &["VARCHAR(512)", "FLOAT(53)", "TEXT"],
        params.collect(),
    );
    let attributes =
        new.attributes.iter().map(|(key, text)| vec![(*key).into(), text.as_str().into()]);
    add(
        "trial_user_attributes (trial_id, key, value_json)",
        &["VARCHAR(512)", "TEXT"],
        attributes.collect(),
    );
    if new.has_heartbeat {
        sql += &format!(
            ", beat AS (INSERT INTO trial_heartbeats (trial_id, heartbeat)
               SELECT trial_id, {} FROM new)",
            DIALECT.now
        );
    }
    (sql + " SELECT trial_id FROM new", cells)
}
