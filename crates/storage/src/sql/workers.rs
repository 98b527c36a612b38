//! Trial leases: the worker of a running trial, its heartbeat, and reclaiming of expired ones.
//!
//! A trial that runs with a heartbeat belongs to the worker named in its attribute. A paused or finished
//! trial has no heartbeat, so that Optuna does not take its worker for dead.

use super::database::{Database, Failure, Session};
use super::rows::json_list;
use super::write::{self, Open};
use crate::codec;
use automl_study::{Expired, Heartbeat, State, StoreError, TrialId, attribute};
use serde_json::Value;
use std::time::Duration;

/// The worker that a handle works for.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    /// Its name as JSON.
    pub(super) name: String,
    pub(super) heartbeats: bool,
}

impl Worker {
    pub(super) fn new(name: &str, heartbeats: bool) -> Self {
        Self { name: Value::from(name).to_string(), heartbeats }
    }

    /// Whether an unfinished trial runs with the heartbeat of another worker.
    pub(super) fn is_refused(
        &self,
        session: &mut dyn Session,
        open: &Open,
    ) -> Result<bool, Failure> {
        let ours = open.attributes.get(attribute::WORKER) == Some(&self.name);
        Ok(!ours && open.state == State::Running && has_heartbeat(session, open.id)?)
    }
}

fn has_heartbeat(session: &mut dyn Session, id: i64) -> Result<bool, Failure> {
    let sql = "SELECT COUNT(*) FROM trial_heartbeats WHERE trial_id = ?1";
    Ok(session.number(sql, &[id.into()])? > 0)
}

/// Assigns a trial that enters this state to a worker. Without a worker it has no heartbeat.
pub(super) fn assign(
    session: &mut dyn Session,
    id: i64,
    from: Option<State>,
    state: State,
    worker: Option<&Worker>,
) -> Result<(), Failure> {
    match worker {
        Some(worker) if state == State::Running => {
            write::set_attribute(session, "trial_user", id, attribute::WORKER, &worker.name)?;
            if worker.heartbeats {
                let now = session.dialect().now;
                let sql = format!(
                    "INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?1, {now})
                     ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat"
                );
                session.execute(&sql, &[id.into()])?;
            }
        }
        _ if from == Some(State::Running) => {
            session.execute("DELETE FROM trial_heartbeats WHERE trial_id = ?1", &[id.into()])?;
            if state == State::Waiting {
                // The next to take it may be another program, which leaves no name.
                let sql = "DELETE FROM trial_user_attributes WHERE trial_id = ?1 AND key = ?2";
                session.execute(sql, &[id.into(), attribute::WORKER.into()])?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The condition under which the lease of a running trial `t` is expired.
fn condition(session: &dyn Session, which: Expired) -> String {
    let age = session.dialect().age;
    let stale = |lease: Duration| {
        format!(
            "EXISTS (SELECT 1 FROM trial_heartbeats h
                     WHERE h.trial_id = t.trial_id AND {age} > {:.6})",
            lease.as_secs_f64()
        )
    };
    // What another program runs is for that program to take back.
    let ours = format!(
        "EXISTS (SELECT 1 FROM trial_user_attributes a
                 WHERE a.trial_id = t.trial_id AND a.key = '{}')",
        attribute::WORKER
    );
    match which {
        Expired::All => "1 = 1".into(),
        Expired::Stale(lease) => format!("{} AND {ours}", stale(lease)),
        Expired::Released(lease) => format!(
            "({} OR NOT EXISTS (SELECT 1 FROM trial_heartbeats h WHERE h.trial_id = t.trial_id))
             AND {ours}",
            stale(lease)
        ),
    }
}

/// The numbers of the running trials with expired leases.
pub(super) fn expired(
    session: &mut dyn Session,
    study: i64,
    which: Expired,
) -> Result<Vec<TrialId>, Failure> {
    let sql = format!(
        "SELECT number FROM trials t WHERE study_id = ?1 AND state = '{}' AND {}
         AND NOT EXISTS (SELECT 1 FROM trial_user_attributes p
                         WHERE p.trial_id = t.trial_id AND p.key = '{}')
         ORDER BY number",
        codec::state_name(State::Running),
        condition(session, which),
        attribute::PAUSED
    );
    let mut numbers = Vec::new();
    session.each(&sql, &[study.into()], &mut |row| {
        numbers.push(TrialId(row.int(0)?.unsigned_abs()));
        Ok(())
    })?;
    Ok(numbers)
}

/// The numbers of the running trials of workers with a heartbeat younger than this.
pub(super) fn busy(
    session: &mut dyn Session,
    study: i64,
    lease: Duration,
) -> Result<Vec<TrialId>, Failure> {
    let sql = format!(
        "SELECT number FROM trials t JOIN trial_heartbeats h ON h.trial_id = t.trial_id
         WHERE study_id = ?1 AND state = '{}' AND {} <= {:.6}
         AND EXISTS (SELECT 1 FROM trial_user_attributes a
                     WHERE a.trial_id = t.trial_id AND a.key = '{}')
         ORDER BY number",
        codec::state_name(State::Running),
        session.dialect().age,
        lease.as_secs_f64(),
        attribute::WORKER
    );
    let mut numbers = Vec::new();
    session.each(&sql, &[study.into()], &mut |row| {
        numbers.push(TrialId(row.int(0)?.unsigned_abs()));
        Ok(())
    })?;
    Ok(numbers)
}

/// Whether the lease of a running trial is expired.
pub(super) fn is_expired(
    session: &mut dyn Session,
    id: i64,
    which: Expired,
) -> Result<bool, Failure> {
    let condition = condition(session, which);
    let sql = format!("SELECT COUNT(*) FROM trials t WHERE trial_id = ?1 AND {condition}");
    Ok(session.number(&sql, &[id.into()])? > 0)
}

/// Ends the heartbeats of a worker's trials.
pub(super) fn release(
    session: &mut dyn Session,
    worker: &Worker,
    ids: &[i64],
) -> Result<(), Failure> {
    let sql = format!("DELETE FROM trial_heartbeats WHERE {}", ours(session));
    session.execute(&sql, &[json_list(ids).as_str().into(), worker.name.as_str().into()]).map(drop)
}

/// The condition that selects the heartbeats of the trials in list 1 of worker 2.
fn ours(session: &dyn Session) -> String {
    let list = session.dialect().list;
    format!(
        "trial_id IN {list} AND EXISTS (
             SELECT 1 FROM trial_user_attributes a
             WHERE a.trial_id = trial_heartbeats.trial_id
             AND a.key = '{}' AND a.value_json = ?2)",
        attribute::WORKER
    )
}

/// Writes heartbeats on a connection of its own, which is opened by the first one.
pub(super) struct SqlHeartbeat<D: Database> {
    pub(super) place: String,
    pub(super) open: Box<dyn Fn() -> Result<D, Failure> + Send>,
    pub(super) database: Option<D>,
    pub(super) study: i64,
    pub(super) worker: Worker,
}

impl<D: Database> SqlHeartbeat<D> {
    fn write(&mut self, trials: &[TrialId]) -> Result<(), Failure> {
        let database = match &mut self.database {
            Some(database) => database,
            none => none.insert((self.open)()?),
        };
        let (study, worker) = (self.study, &self.worker);
        let numbers: Vec<i64> = trials.iter().filter_map(|n| i64::try_from(n.0).ok()).collect();
        database.transaction(super::Access::Write, |session| {
            let list = session.dialect().list;
            let sql =
                format!("SELECT trial_id FROM trials WHERE number IN {list} AND study_id = ?2");
            let mut ids = Vec::new();
            let cells = [json_list(&numbers)];
            session.each(&sql, &[cells[0].as_str().into(), study.into()], &mut |row| {
                ids.push(row.int(0)?);
                Ok(())
            })?;
            let now = session.dialect().now;
            let sql =
                format!("UPDATE trial_heartbeats SET heartbeat = {now} WHERE {}", ours(session));
            let ids = json_list(&ids);
            session.execute(&sql, &[ids.as_str().into(), worker.name.as_str().into()]).map(drop)
        })
    }
}

impl<D: Database> Heartbeat for SqlHeartbeat<D> {
    fn beat(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        let written = self.write(trials);
        if written.is_err() {
            // The next beat tries with a new connection.
            self.database = None;
        }
        written.map_err(|source| StoreError::Unavailable {
            action: "write to",
            place: self.place.clone(),
            source,
        })
    }
}
