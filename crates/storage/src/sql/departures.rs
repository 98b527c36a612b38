//! Which paused trials went on or ended: the one change that other processes would not see by
//! looking at what is new and what runs.
//!
//! A study has thousands of paused trials and few running ones. So a study attribute counts the
//! departures from the paused state and names the last of them: whoever looks reads one row, and
//! whoever promotes a trial knows whether another was promoted since it looked.

use super::database::{Failure, Session};
use super::write;
use automl_study::TrialId;
use serde::{Deserialize, Serialize};

/// The study's attribute.
const KEY: &str = "automl:departures";

/// How many departures are named.
const NAMED: usize = 256;

/// The departures of a study.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Departures {
    /// How many there were.
    pub(super) count: u64,
    /// The trials of the last ones.
    last: Vec<TrialId>,
}

impl Departures {
    /// The trials that departed since there were `count`; `None` where not all are named any more.
    pub(super) fn since(&self, count: u64) -> Option<&[TrialId]> {
        let new = usize::try_from(self.count.checked_sub(count)?).ok()?;
        self.last.get(self.last.len().checked_sub(new)?..)
    }
}

/// The departures of a study as they are.
pub(super) fn read(session: &mut dyn Session, study: i64) -> Result<Departures, Failure> {
    get(session, study, "")
}

/// Lets a new study have an attribute that can be locked.
pub(super) fn create(session: &mut dyn Session, study: i64) -> Result<(), Failure> {
    let empty = serde_json::to_string(&Departures::default())?;
    let sql = "INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)
               ON CONFLICT (study_id, key) DO NOTHING";
    session.execute(sql, &[study.into(), KEY.into(), (&empty).into()]).map(drop)
}

/// Notes the departure of a trial, unless there were others than the `expected` ones before.
/// Returns how many there are now, or `None`.
pub(super) fn add(
    session: &mut dyn Session,
    study: i64,
    trial: TrialId,
    expected: Option<u64>,
) -> Result<Option<u64>, Failure> {
    let lock = session.dialect().lock;
    let mut departures = get(session, study, lock)?;
    if expected.is_some_and(|expected| departures.count != expected) {
        return Ok(None);
    }
    departures.count += 1;
    departures.last.push(trial);
    let surplus = departures.last.len().saturating_sub(NAMED);
    departures.last.drain(..surplus);
    let text = serde_json::to_string(&departures)?;
    write::set_attribute(session, "study_user", study, KEY, &text)?;
    Ok(Some(departures.count))
}

fn get(session: &mut dyn Session, study: i64, lock: &str) -> Result<Departures, Failure> {
    let sql = format!(
        "SELECT value_json FROM study_user_attributes WHERE study_id = ?1 AND key = ?2{lock}"
    );
    let text = session.text(&sql, &[study.into(), KEY.into()])?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}
