//! Departures from the paused state: the only change that other processes would not see by reading new
//! and running trials.
//!
//! A study has thousands of paused trials and few running ones. So a study attribute counts the
//! departures and names the last of them: a refresh reads one row, and a promotion detects whether
//! another trial was promoted since the last refresh.

use super::database::{Failure, Session};
use super::write;
use automl_study::TrialId;
use serde::{Deserialize, Serialize};

/// The name of the study attribute.
pub(super) const KEY: &str = "automl:departures";

/// The number of departures that are named.
const NAMED: usize = 256;

/// The departures of a study.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Departures {
    /// The number of departures.
    pub(super) count: u64,
    /// The trials of the last departures.
    last: Vec<TrialId>,
}

impl Departures {
    /// The departures in the value of the attribute; none without one.
    pub(super) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The trials of the departures after the first `count`; `None` if not all of them are named.
    pub(super) fn since(&self, count: u64) -> Option<&[TrialId]> {
        let new = usize::try_from(self.count.checked_sub(count)?).ok()?;
        self.last.get(self.last.len().checked_sub(new)?..)
    }
}

/// Creates the attribute of a new study, so that it can be locked.
pub(super) fn create(session: &mut dyn Session, study: i64) -> Result<(), Failure> {
    let empty = serde_json::to_string(&Departures::default())?;
    let sql = "INSERT INTO study_user_attributes (study_id, key, value_json) VALUES (?1, ?2, ?3)
               ON CONFLICT (study_id, key) DO NOTHING";
    session.execute(sql, &[study.into(), KEY.into(), (&empty).into()])
}

/// Records the departure of a trial and returns the number of departures; `None`, without a record, if
/// there were others than the `expected` ones before.
pub(super) fn add(
    session: &mut dyn Session,
    study: i64,
    trial: TrialId,
    expected: Option<u64>,
) -> Result<Option<u64>, Failure> {
    let mut departures = locked(session, study)?;
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

fn locked(session: &mut dyn Session, study: i64) -> Result<Departures, Failure> {
    let lock = session.dialect().lock;
    let sql = format!(
        "SELECT value_json FROM study_user_attributes WHERE study_id = ?1 AND key = ?2{lock}"
    );
    let text = session.text(&sql, &[study.into(), KEY.into()])?;
    Ok(Departures::read(text.as_deref()))
}
