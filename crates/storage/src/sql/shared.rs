//! What several handles on one study need.

use super::change::Change;
use super::database::{Access, Database, Session};
use super::studies::insert_attribute;
use super::workers::{self, SqlHeartbeat, Worker};
use super::write::Open;
use super::{SqlStorage, unavailable};
use automl_optuna::codec;
use automl_study::{
    Direction, Expired, Heartbeat, SharedStorage, State, StoreError, Trial, TrialId,
};
use serde_json::Value;
use std::time::Duration;

impl<D: Database> SharedStorage for SqlStorage<D> {
    fn begin(&mut self, directions: &[Direction]) -> Result<bool, StoreError> {
        let found = self.find(directions, None)?;
        if found.directions != directions {
            let reason = format!("its objectives are {:?}, not {directions:?}", found.directions);
            return Err(self.mismatch(reason));
        }
        self.study = Some(found.study);
        self.with_attributes(Access::Read, |session, study| {
            let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM trials WHERE study_id = ?1 LIMIT 1) t";
            Ok(session.number(sql, &[study.into()])? > 0)
        })
    }

    fn trials_from(&mut self, number: TrialId) -> Result<Vec<Trial>, StoreError> {
        let loaded = self.with(Access::Read, |session, attached, _| {
            let before = number.index().checked_sub(1);
            let after = before.map_or(0, |n| attached.ids.get(n).copied().unwrap_or(0));
            attached.load(session, after)
        })?;
        let mut trials = self.take(loaded);
        trials.retain(|trial| trial.number >= number);
        Ok(trials)
    }

    fn create_next(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        Ok(self.add(trial, Some(trial.number))?.is_some())
    }

    fn begin_turn(&mut self) -> Result<bool, StoreError> {
        let Some(study) = self.study else { return Ok(false) };
        let place = self.database.place();
        self.database.begin_turn(study).map_err(|e| unavailable("lock", &place, e))
    }

    fn end_turn(&mut self) -> Result<(), StoreError> {
        let Some(study) = self.study else { return Ok(()) };
        let place = self.database.place();
        self.database.end_turn(study).map_err(|e| unavailable("unlock", &place, e))
    }

    fn attribute_or_insert(&mut self, key: &str, value: &Value) -> Result<Value, StoreError> {
        let text = value.to_string();
        let known = self.with_attributes(Access::Write, |session, study| {
            insert_attribute(session, study, key, &text)
        })?;
        codec::parse_json(&known)
            .ok_or_else(|| self.mismatch(format!("its attribute {key:?} cannot be read")))
    }

    fn refresh(&mut self) -> Result<Vec<Trial>, StoreError> {
        let place = self.database.place();
        let changed = self.database.has_changed().map_err(|e| unavailable("read", &place, e))?;
        if let Some(attached) = &self.attached
            && !changed
            && !attached.surprised
        {
            return Ok(Vec::new());
        }
        // One state of the database, in which the trials and the departures agree.
        let read = self.with(Access::Read, |session, attached, _| attached.news(session));
        if let Some(attached) = &mut self.attached {
            // What could not be read is still to be read.
            attached.surprised = read.is_err();
            if let Ok((_, departures)) = &read {
                attached.departures = departures.count;
            }
        }
        let (loaded, _) = read?;
        Ok(self.take(loaded))
    }

    fn resume(&mut self, trial: &Trial) -> Result<bool, StoreError> {
        let expected = self.attached.as_ref().map(|attached| attached.departures);
        self.change(State::Paused, trial, expected, |_, _, _| Ok(None), |worker| worker)
    }

    fn identify(&mut self, worker: &str, heartbeats: bool) {
        self.worker = Some(Worker::new(worker, heartbeats));
    }

    fn heartbeat(&self) -> Option<Box<dyn Heartbeat>> {
        let worker = self.worker.clone().filter(|worker| worker.heartbeats)?;
        Some(Box::new(SqlHeartbeat {
            place: self.database.place(),
            open: self.database.opener(),
            database: None,
            study: self.attached.as_ref()?.study,
            worker,
        }))
    }

    fn expired(&mut self, which: Expired) -> Result<Vec<TrialId>, StoreError> {
        let mut watch = std::mem::take(&mut self.watch);
        let expired = self.with(Access::Read, |session, attached, _| {
            workers::expired(session, attached.study, which, &mut watch)
        });
        self.watch = watch;
        expired
    }

    fn busy(&mut self, lease: Duration) -> Result<Vec<TrialId>, StoreError> {
        self.with(Access::Read, |session, attached, _| {
            workers::busy(session, attached.study, lease)
        })
    }

    fn reclaim(&mut self, which: Expired, trial: &Trial) -> Result<bool, StoreError> {
        let mut watch = std::mem::take(&mut self.watch);
        let alive = |session: &mut dyn Session, open: &Open, _: Option<&Worker>| {
            let is_lost =
                !open.has_news(trial) && workers::is_expired(session, open.id, which, &mut watch)?;
            Ok((!is_lost).then_some(Change::OtherState))
        };
        let reclaimed = self.change(State::Running, trial, None, alive, |_| None);
        self.watch = watch;
        reclaimed
    }

    fn release_leases(&mut self, trials: &[TrialId]) -> Result<(), StoreError> {
        self.with(Access::Write, |session, attached, worker| {
            let Some(worker) = worker else { return Ok(()) };
            let mut ids = Vec::new();
            for number in trials {
                ids.extend(attached.id(session, *number)?);
            }
            workers::release(session, worker, &ids)
        })
    }
}
