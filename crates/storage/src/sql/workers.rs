//! Trial leases: the worker of a running trial, its heartbeat, and reclaiming of expired ones.
//!
//! A trial that runs with a heartbeat belongs to the worker named in its attribute. A paused or finished
//! trial has no heartbeat, so that Optuna does not take its worker for dead.

use super::database::{Database, Failure, Session};
use super::rows::json_list;
use super::watch::Watch;
use super::write::{self, Open};
use automl_optuna::codec;
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
    pub(super) fn is_refused(&self, open: &Open) -> bool {
        let ours = open.attributes.get(attribute::WORKER) == Some(&self.name);
        !ours && open.state == State::Running && open.has_heartbeat
    }
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

/// A running trial, as its lease is judged.
struct Running {
    number: TrialId,
    id: i64,
    /// Whether it has the name of a worker. What another program runs is for that program to take back.
    is_ours: bool,
    /// Its heartbeat, and the age by the clock of the database in seconds.
    heartbeat: Option<(i64, f64)>,
}

/// The running trials that satisfy a condition on `t`, in order.
fn running(session: &mut dyn Session, which: &str, value: i64) -> Result<Vec<Running>, Failure> {
    let sql = format!(
        "SELECT t.number, t.trial_id,
                (SELECT COUNT(*) FROM trial_user_attributes a
                 WHERE a.trial_id = t.trial_id AND a.key = '{}'),
                h.heartbeat, {}
         FROM trials t LEFT JOIN trial_heartbeats h ON h.trial_id = t.trial_id
         WHERE {which} AND t.state = '{}'
         AND NOT EXISTS (SELECT 1 FROM trial_user_attributes p
                         WHERE p.trial_id = t.trial_id AND p.key = '{}')
         ORDER BY t.number",
        attribute::WORKER,
        session.dialect().age,
        codec::state_name(State::Running),
        attribute::PAUSED
    );
    let mut found = Vec::new();
    session.each(&sql, &[value.into()], &mut |row| {
        found.push(Running {
            number: TrialId(row.int(0)?.unsigned_abs()),
            id: row.int(1)?,
            is_ours: row.int(2)? > 0,
            heartbeat: row.time(3)?.zip(row.float(4)?),
        });
        Ok(())
    })?;
    Ok(found)
}

impl Running {
    /// Whether the lease is expired.
    fn is_expired(&self, which: Expired, watches: bool, watch: &mut Watch) -> bool {
        let mut stale = |lease: Duration| {
            self.heartbeat.is_some_and(|(heartbeat, age)| {
                if watches {
                    watch.unchanged(self.id, heartbeat) > lease
                } else {
                    age > lease.as_secs_f64()
                }
            })
        };
        match which {
            Expired::All => true,
            Expired::Stale(lease) => stale(lease) && self.is_ours,
            Expired::Released(lease) => (stale(lease) || self.heartbeat.is_none()) && self.is_ours,
        }
    }
}

/// The numbers of the running trials with expired leases.
pub(super) fn expired(
    session: &mut dyn Session,
    study: i64,
    which: Expired,
    watch: &mut Watch,
) -> Result<Vec<TrialId>, Failure> {
    let watches = session.dialect().watches;
    let running = running(session, "t.study_id = ?1", study)?;
    watch.keep(&running.iter().map(|trial| trial.id).collect());
    let expired = running.iter().filter(|trial| trial.is_expired(which, watches, watch));
    Ok(expired.map(|trial| trial.number).collect())
}

/// The numbers of the running trials of workers with a heartbeat younger than this.
pub(super) fn busy(
    session: &mut dyn Session,
    study: i64,
    lease: Duration,
) -> Result<Vec<TrialId>, Failure> {
    let is_fresh = |trial: &Running| {
        trial.is_ours && trial.heartbeat.is_some_and(|(_, age)| age <= lease.as_secs_f64())
    };
    let running = running(session, "t.study_id = ?1", study)?;
    Ok(running.iter().filter(|trial| is_fresh(trial)).map(|trial| trial.number).collect())
}

/// Whether the lease of a trial is expired.
pub(super) fn is_expired(
    session: &mut dyn Session,
    id: i64,
    which: Expired,
    watch: &mut Watch,
) -> Result<bool, Failure> {
    let watches = session.dialect().watches;
    let running = running(session, "t.trial_id = ?1", id)?;
    Ok(running.iter().any(|trial| trial.is_expired(which, watches, watch)))
}

/// Ends the heartbeats of a worker's trials.
pub(super) fn release(
    session: &mut dyn Session,
    worker: &Worker,
    ids: &[i64],
) -> Result<(), Failure> {
    let sql = format!("DELETE FROM trial_heartbeats WHERE {}", ours(session));
    session.execute(&sql, &[json_list(ids).as_str().into(), worker.name.as_str().into()])
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
            let next = session.dialect().next_beat;
            let sql =
                format!("UPDATE trial_heartbeats SET heartbeat = {next} WHERE {}", ours(session));
            let ids = json_list(&ids);
            session.execute(&sql, &[ids.as_str().into(), worker.name.as_str().into()])
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
