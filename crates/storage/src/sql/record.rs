//! Reading of a study without a search space.

use super::SPACE;
use super::database::{Failure, Session};
use super::rows::{self, Drafts, Part, Reader};
use crate::recorded::assemble::{self, Params};
use crate::recorded::{RecordedParam, StudyRecord};
use crate::sqlite::StudySummary;
use automl_optuna::codec;
use automl_optuna::draft::Draft;
use automl_space::Space;
use automl_study::Direction;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The studies of a database, ordered by name.
pub(crate) fn summaries(session: &mut dyn Session) -> Result<Vec<StudySummary>, Failure> {
    let table = session.dialect().table;
    if session.number(table, &["studies".into()])? == 0 {
        return Err("it is not a database of studies".into());
    }
    let sql = "SELECT study_name, COUNT(trial_id), COUNT(CASE state WHEN 'COMPLETE' THEN 1 END)
         FROM studies LEFT JOIN trials ON trials.study_id = studies.study_id
         GROUP BY studies.study_id, study_name ORDER BY study_name";
    let mut studies = Vec::new();
    session.each(sql, &[], &mut |row| {
        studies.push(StudySummary {
            name: row.text(0)?.unwrap_or_default(),
            trials: row.int(1)?.unsigned_abs(),
            complete: row.int(2)?.unsigned_abs(),
        });
        Ok(())
    })?;
    Ok(studies)
}

/// A study that exists.
pub(crate) fn read(session: &mut dyn Session, name: &str) -> Result<StudyRecord, Failure> {
    let sql = "SELECT study_id FROM studies WHERE study_name = ?1";
    let id = session.first(sql, &[name.into()], |row| row.int(0))?;
    let id = id.ok_or("the study was deleted")?;
    let directions = directions(session, id)?;
    let attributes = attributes(session, id)?;
    let space = attributes.get(SPACE).and_then(|json| Space::from_json(json).ok());
    let mut drafts = trials(session, id)?;
    let ids = rows::json_list(&drafts.keys().copied().collect::<Vec<_>>());
    let params = params(session, id, space.as_ref(), &mut drafts)?;
    let mut reader = Reader::new(None, directions.len());
    for part in [Part::Values, Part::Reports, Part::User, Part::System] {
        reader.read(session, part, &ids, &mut drafts)?;
    }
    let trials = drafts.into_values().map(|draft| assemble::finish(draft, &params));
    Ok(StudyRecord {
        name: name.to_owned(),
        place: String::new(),
        directions,
        attributes,
        space,
        trials: trials.collect(),
        params,
    })
}

fn directions(session: &mut dyn Session, study: i64) -> Result<Vec<Direction>, Failure> {
    let sql = "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective";
    let mut directions = Vec::new();
    session.each(sql, &[study.into()], &mut |row| {
        let name = row.text(0)?.unwrap_or_default();
        // Optuna's NOT_SET is a study that never ran, and minimizes.
        directions.push(codec::direction(&name).unwrap_or(Direction::Minimize));
        Ok(())
    })?;
    Ok(directions)
}

fn attributes(session: &mut dyn Session, study: i64) -> Result<BTreeMap<String, Json>, Failure> {
    let mut attributes = BTreeMap::new();
    for table in ["study_system_attributes", "study_user_attributes"] {
        let sql = format!("SELECT key, value_json FROM {table} WHERE study_id = ?1");
        session.each(&sql, &[study.into()], &mut |row| {
            if let (Some(key), Some(text)) = (row.text(0)?, row.text(1)?)
                && let Some(json) = codec::parse_json(&text)
            {
                attributes.insert(key, json);
            }
            Ok(())
        })?;
    }
    Ok(attributes)
}

/// Numbers, states and times.
fn trials(session: &mut dyn Session, study: i64) -> Result<Drafts, Failure> {
    let mut drafts = Drafts::new();
    let sql = "SELECT trial_id, number, state, datetime_start, datetime_complete
         FROM trials WHERE study_id = ?1";
    session.each(sql, &[study.into()], &mut |row| {
        let (number, state) = (row.int(1)?.unsigned_abs(), row.text(2)?.unwrap_or_default());
        let draft = Draft::without_space(number, state, (row.time(3)?, row.time(4)?));
        drafts.insert(row.int(0)?, draft);
        Ok(())
    })?;
    Ok(drafts)
}

/// Reads the values of the parameters into the configurations, and returns the parameters.
fn params(
    session: &mut dyn Session,
    study: i64,
    space: Option<&Space>,
    drafts: &mut Drafts,
) -> Result<Vec<RecordedParam>, Failure> {
    let mut params = Params::new(space);
    let sql = "SELECT p.trial_id, p.param_name, p.param_value, p.distribution_json
         FROM trial_params p JOIN trials t ON t.trial_id = p.trial_id
         WHERE t.study_id = ?1 ORDER BY p.param_id";
    session.each(sql, &[study.into()], &mut |row| {
        let (name, stored) = (row.text(1)?.unwrap_or_default(), row.text(3)?.unwrap_or_default());
        Ok(params.value(row.int(0)?, name, row.float(2)?.unwrap_or(f64::NAN), stored)?)
    })?;
    Ok(params.finish(drafts))
}
