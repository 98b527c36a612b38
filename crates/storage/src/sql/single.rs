//! What a study of one process needs.

use super::attached::Attached;
use super::change::Change;
use super::database::{Access, Database, Session};
use super::studies::{Found, check_name, insert_attribute, study_attribute, study_table};
use super::workers::Worker;
use super::write::{self, Closed, Open};
use super::{SPACE, SqlStorage, departures};
use crate::compare::{difference, unfit};
use automl_optuna::codec;
use automl_optuna::distribution::is_exact;
use automl_space::Space;
use automl_study::{Direction, Report, SharedStorage, State, Storage, StoreError, Trial, TrialId};
use serde_json::Value;

impl<D: Database> Storage for SqlStorage<D> {
    fn attach(
        &mut self,
        space: &Space,
        directions: &[Direction],
    ) -> Result<Vec<Trial>, StoreError> {
        for param in space.params() {
            check_name(self.database.name_limit(), "parameter", param.name())
                .map_err(|reason| self.mismatch(reason))?;
        }
        if let Some(param) = space.params().iter().find(|param| !is_exact(param.domain())) {
            let name = param.name();
            let reason = "has integers beyond 2^53, which the database cannot tell apart";
            return Err(self.mismatch(format!("the parameter {name:?} {reason}")));
        }
        let json = serde_json::to_string(space).unwrap_or_default();
        let Found { study, directions: known, space: old } = self.find(directions, Some(&json))?;
        if let Some(reason) = difference((old.as_ref(), &known), (space, directions)) {
            return Err(self.mismatch(reason));
        }
        let is_foreign = old.is_none();
        self.study = Some(study);
        self.attached = Some(Attached::new(study, space, directions.len()));
        let trials = self.refresh()?;
        if is_foreign && let Some(reason) = unfit(&trials) {
            self.attached = None;
            return Err(self.mismatch(reason));
        }
        // A study that has no space, as another program creates it, becomes ours too, once everything
        // fits; another process may have been faster.
        let stored = self.with(Access::Write, |session, attached, _| {
            departures::create(session, attached.study)?;
            let insert = is_foreign.then(|| insert_attribute(session, study, SPACE, &json));
            insert.transpose()
        })?;
        let old = self.read_space(stored.as_deref())?;
        match difference((old.as_ref(), &known), (space, directions)) {
            Some(reason) => {
                self.attached = None;
                Err(self.mismatch(reason))
            }
            None => Ok(trials),
        }
    }

    fn create(&mut self, trial: &Trial) -> Result<TrialId, StoreError> {
        let added = self.add(trial, None)?;
        added.ok_or_else(|| self.mismatch("it has no next number"))
    }

    fn report(&mut self, number: TrialId, report: &Report) -> Result<(), StoreError> {
        let closed = self.with(Access::Write, |session, attached, worker| {
            let open = match write::open(session, attached, number)? {
                Ok(open) => open,
                Err(closed) => return Ok(Some(closed)),
            };
            if let Some(worker) = worker
                && (open.state != State::Running || worker.is_refused(&open))
            {
                return Ok(Some(Closed::Taken));
            }
            write::insert_report(session, open.id, report)?;
            Ok(None)
        })?;
        let Some(closed) = closed else { return Ok(()) };
        if let Some(attached) = &mut self.attached {
            attached.suspect(number);
        }
        Err(closed.error(number))
    }

    fn transition(&mut self, from: State, trial: &Trial) -> Result<bool, StoreError> {
        let taken = |_: &mut dyn Session, open: &Open, worker: Option<&Worker>| {
            let is_refused = worker.is_some_and(|worker| worker.is_refused(open));
            Ok(is_refused.then_some(Change::Closed(Closed::Taken)))
        };
        self.change(from, trial, None, taken, |worker| worker)
    }

    fn attribute(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        let text = self
            .with_attributes(Access::Read, |session, study| study_attribute(session, study, key))?;
        Ok(text.as_deref().and_then(codec::parse_json))
    }

    fn set_attribute(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        let text = value.to_string();
        self.with_attributes(Access::Write, |session, study| {
            write::set_attribute(session, study_table(key), study, key, &text)
        })
    }

    fn shared(&mut self) -> Option<&mut dyn SharedStorage> {
        Some(self)
    }
}
