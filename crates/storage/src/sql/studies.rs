//! Studies: their rows, names and attributes.

use super::database::{Access, Database, Failure, Session, integer};
use super::{SPACE, SqlStorage, unavailable, write};
use automl_optuna::codec;
use automl_space::Space;
use automl_study::{Direction, StoreError};

/// Refuses a name that the database cannot hold.
pub(super) fn check_name(limit: Option<usize>, what: &str, name: &str) -> Result<(), String> {
    if name.contains('\0') {
        return Err(format!("the name of the {what} {name:?} holds a NUL character"));
    }
    match limit {
        Some(limit) if name.chars().count() > limit => {
            let start: String = name.chars().take(32).collect();
            Err(format!("the name of the {what} \"{start}...\" is longer than {limit} characters"))
        }
        _ => Ok(()),
    }
}

#[expect(private_bounds, reason = "which databases there are is decided here")]
impl<D: Database> SqlStorage<D> {
    /// Finds or creates the study and reads its directions and space; a new one gets this space, if
    /// any.
    pub(super) fn find(
        &mut self,
        directions: &[Direction],
        space: Option<&str>,
    ) -> Result<Found, StoreError> {
        let name = self.name.clone();
        let opened = self
            .database
            .transaction(Access::Write, |session| open_study(session, &name, directions, space));
        let place = self.database.place();
        let (study, names, stored) = opened.map_err(|e| unavailable("open", &place, e))?;
        let directions = names.iter().filter_map(|n| codec::direction(n)).collect();
        Ok(Found { study, directions, space: self.read_space(stored.as_deref())? })
    }

    pub(super) fn read_space(&self, stored: Option<&str>) -> Result<Option<Space>, StoreError> {
        stored
            .and_then(codec::parse_json)
            .map(|json| Space::from_json(&json))
            .transpose()
            .map_err(|e| self.mismatch(format!("its stored space cannot be read: {e}")))
    }
}

/// A study as stored in the database.
pub(super) struct Found {
    pub(super) study: i64,
    pub(super) directions: Vec<Direction>,
    pub(super) space: Option<Space>,
}

/// Finds or creates a study: its row id, its directions and its space.
fn open_study(
    session: &mut dyn Session,
    name: &str,
    directions: &[Direction],
    space: Option<&str>,
) -> Result<(i64, Vec<String>, Option<String>), Failure> {
    let insert = "INSERT INTO studies (study_name) VALUES (?1)
                  ON CONFLICT (study_name) DO NOTHING RETURNING study_id";
    let find = "SELECT study_id FROM studies WHERE study_name = ?1";
    let cells = [name.into()];
    let found = session.first(find, &cells, |row| row.int(0))?;
    let created = match found {
        Some(_) => None,
        None => session.first(insert, &cells, |row| row.int(0))?,
    };
    if let Some(study) = created {
        for (objective, direction) in directions.iter().enumerate() {
            session.execute(
                "INSERT INTO study_directions (direction, study_id, objective)
                 VALUES (?1, ?2, ?3)",
                &[
                    codec::direction_name(*direction).into(),
                    study.into(),
                    integer(objective as u64)?.into(),
                ],
            )?;
        }
        if let Some(space) = space {
            write::set_attribute(session, "study_user", study, SPACE, space)?;
        }
    }
    let study = match found.or(created) {
        Some(study) => study,
        // Another process was faster.
        None => session.number(find, &cells)?,
    };
    let mut names = Vec::new();
    let sql = "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective";
    session.each(sql, &[study.into()], &mut |row| {
        names.extend(row.text(0)?);
        Ok(())
    })?;
    Ok((study, names, study_attribute(session, study, SPACE)?))
}

/// Sets an attribute of the study unless it has one, and returns its value.
pub(super) fn insert_attribute(
    session: &mut dyn Session,
    study: i64,
    key: &str,
    text: &str,
) -> Result<String, Failure> {
    let table = study_table(key);
    let sql = format!(
        "INSERT INTO {table}_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)
         ON CONFLICT (study_id, key) DO NOTHING"
    );
    session.execute(&sql, &[study.into(), key.into(), text.into()])?;
    Ok(study_attribute(session, study, key)?.unwrap_or_else(|| text.to_owned()))
}

pub(super) fn study_attribute(
    session: &mut dyn Session,
    study: i64,
    key: &str,
) -> Result<Option<String>, Failure> {
    let table = study_table(key);
    let sql = format!("SELECT value_json FROM {table}_attributes WHERE study_id = ?1 AND key = ?2");
    session.text(&sql, &[study.into(), key.into()])
}

/// The table of a study's attribute. Optuna's own, such as `study:metric_names`, are system
/// attributes.
pub(super) fn study_table(key: &str) -> &'static str {
    if key.starts_with("study:") { "study_system" } else { "study_user" }
}
