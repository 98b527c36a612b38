//! A process's session in a study: its folder, its record, and the settings that count.

use super::folder::StudyFolder;
use super::objective::directions;
use super::resume::{self, Joined};
use crate::{CostObjective, SearchError, Settings};
use automl_storage::SqliteStorage;
use automl_study::{SharedStorage, State, StopFlag, Storage, Study};

/// The study's system attribute by which Optuna names objectives.
const METRIC_NAMES: &str = "study:metric_names";

/// A process's session in a study.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) folder: StudyFolder,
    /// The settings that count, with those that all processes share.
    pub(super) settings: Settings,
    /// Whether the study has no trial yet.
    pub(super) is_new: bool,
    joined: Joined,
}

/// A session with its record.
type Opened = (Session, Box<dyn SharedStorage>);

impl Session {
    /// Opens the folder and the record of the study and reconciles the settings: `given` as they are
    /// on the command line, `begun` with those of the study's folder. A new study is named after the
    /// `data`. `None` where the stop flag was
    /// set while another process began or ended the study.
    pub(super) fn open(
        given: &Settings,
        begun: &Settings,
        data: &str,
        stop: &StopFlag,
        note: &dyn Fn(&str),
    ) -> Result<Option<Opened>, SearchError> {
        let waits = || note("waiting for the process that begins or ends the study in this folder");
        let (runs, study) = (&begun.runs, begun.study.as_deref());
        let Some(folder) = StudyFolder::open(runs, study, data, stop, &waits)? else {
            return Ok(None);
        };
        if begun.storage.is_none() {
            resume::check_record(&folder.path, &folder.name)?;
        }
        let mut record = open_record(begun, &folder)?;
        let is_new = !record.begin(&directions(begun))?;
        if is_new {
            name_objectives(begun, &mut *record)?;
        }
        let mut joined = resume::join(given, begun, &mut *record, is_new)?;
        if let Some(taken) = joined.taken.take() {
            note(&taken);
        }
        // Preparations may take minutes and be interrupted: the study resumes as it began.
        if is_new || joined.known && folder.fresh {
            resume::keep(begun, &folder.path)?;
        }
        let settings = joined.settings.clone();
        Ok(Some((Self { folder, settings, is_new, joined }, record)))
    }

    /// Recovers trials of earlier processes, refuses settings that conflict with those of others at
    /// work, and keeps the folder from now on.
    pub(super) fn begin(&mut self, study: &mut Study) -> Result<(), SearchError> {
        // A process alone in the folder of the record is alone in the study.
        if self.folder.alone && self.settings.storage.is_none() {
            study.recover_all()?;
        } else {
            study.recover()?;
        }
        let others = !self.folder.alone || study.history().count(State::Running) > 0;
        if let Some(record) = study.storage() {
            self.joined.settle(record, others)?;
        }
        self.folder.keep()?;
        Ok(())
    }
}

/// The record of the study, at the address of the settings or in its folder.
fn open_record(
    settings: &Settings,
    folder: &StudyFolder,
) -> Result<Box<dyn SharedStorage>, SearchError> {
    match &settings.storage {
        Some(url) => Ok(automl_storage::open(url, &folder.name)?),
        None => Ok(Box::new(SqliteStorage::open(folder.path.join("study.db"), &folder.name)?)),
    }
}

/// Names the objectives as Optuna and its dashboard show them.
fn name_objectives(settings: &Settings, record: &mut dyn Storage) -> Result<(), SearchError> {
    let cost = match settings.search.cost_objective {
        CostObjective::Params => "parameters",
        CostObjective::Macs => "multiply-accumulates",
        CostObjective::Flash => "flash (bytes)",
        CostObjective::Ram => "RAM (bytes)",
        CostObjective::Latency => "latency (us)",
    };
    record.set_attribute(
        METRIC_NAMES,
        &serde_json::json!([settings.search.objective_name(), cost]),
    )?;
    Ok(())
}

/// Frees checkpoints of finished trials and final trainings; paused trials keep theirs.
pub(super) fn free_checkpoints(study: &Study, folder: &StudyFolder) {
    for trial in study.history().trials() {
        folder.free_final_checkpoint(trial.number.0);
        if trial.state.is_finished() {
            folder.free_checkpoint(trial.number.0);
        }
    }
}
