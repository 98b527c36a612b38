//! Reading the studies of a journal without a search space.

use super::replay::{Replay, STATES, StudyRow, TrialRow};
use super::state::Journal;
use super::{SPACE, direction};
use crate::recorded::StudyRecord;
use crate::recorded::assemble::{self, Params};
use crate::sqlite::StudySummary;
use automl_optuna::draft::{Draft, HEARTBEAT};
use automl_optuna::python;
use automl_space::Space;
use automl_study::StoreError;
use std::collections::BTreeMap;
use std::path::Path;

/// The studies of a journal file, ordered by name.
pub(crate) fn summaries(path: &Path) -> Result<Vec<StudySummary>, StoreError> {
    let replay = Journal::open_to_read(path)?.replay;
    let summary = |study: &StudyRow| {
        let complete = study.trials.iter().filter(|id| replay.trials[**id].state == 1);
        let (trials, complete) = (study.trials.len() as u64, complete.count() as u64);
        StudySummary { name: study.name.clone(), trials, complete }
    };
    let known = replay.studies.iter().filter(|study| !study.deleted);
    let mut studies: Vec<StudySummary> = known.map(summary).collect();
    studies.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(studies)
}

/// A study of a journal file, by name.
///
/// # Errors
/// [`StoreError`] if the file cannot be read or has no study of this name.
pub(crate) fn read(path: &Path, name: &str) -> Result<StudyRecord, StoreError> {
    let replay = Journal::open_to_read(path)?.replay;
    let place = path.display().to_string();
    let mismatch = |reason: String| {
        let (study, place) = (name.to_owned(), place.clone());
        StoreError::Mismatch { study, place, reason }
    };
    let id = replay.find(name).ok_or_else(|| mismatch("it does not exist".into()))?;
    record(&replay, &replay.studies[id], &place).map_err(mismatch)
}

fn record(replay: &Replay, study: &StudyRow, place: &str) -> Result<StudyRecord, String> {
    let attributes: BTreeMap<_, _> =
        study.system.clone().into_iter().chain(study.user.clone()).collect();
    let space = attributes.get(SPACE).and_then(|json| Space::from_json(json).ok());
    let mut params = Params::new(space.as_ref());
    let mut drafts = BTreeMap::new();
    for id in &study.trials {
        let row = &replay.trials[*id];
        for (name, (value, stored)) in &row.params {
            params.value(*id as i64, name.clone(), *value, stored.clone())?;
        }
        drafts.insert(*id as i64, draft(row, study.directions.len()));
    }
    let params = params.finish(&mut drafts);
    let trials = drafts.into_values().map(|draft| assemble::finish(draft, &params));
    Ok(StudyRecord {
        name: study.name.clone(),
        place: place.to_owned(),
        directions: study.directions.iter().map(direction).collect(),
        attributes,
        space,
        trials: trials.collect(),
        params,
    })
}

fn draft(row: &TrialRow, objectives: usize) -> Draft {
    let state = STATES.get(row.state).copied().unwrap_or("unknown").to_owned();
    let mut draft = Draft::without_space(row.number, state, (row.started, row.finished));
    row.fill(&mut draft, objectives);
    draft.trial.attributes.remove(HEARTBEAT);
    draft
}

impl TrialRow {
    /// Brings everything but the parameters into a draft.
    pub(super) fn fill(&self, draft: &mut Draft, objectives: usize) {
        self.values.iter().for_each(|value| draft.value(*value));
        self.reports.iter().for_each(|(step, value)| draft.report(*step, *value, objectives));
        for (key, value) in &self.user {
            draft.user_attribute(key.clone(), python::plain(value));
        }
        for (key, value) in &self.system {
            draft.system_attribute(key, &python::attribute(value));
        }
    }
}
