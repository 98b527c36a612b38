//! Reading trials back from their rows.

use super::database::{Cell, Failure, Row, Session};
use automl_optuna::codec;
use automl_optuna::draft::{Draft, Fits};
use automl_space::{Config, Space};
use automl_study::{Trial, attribute};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Trials of a study in order, with their row ids.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) trials: Vec<(i64, Trial)>,
    /// The row ids of those with a configuration that cannot change: a worker of ours has begun them.
    pub(super) settled: BTreeSet<i64>,
    /// The names of the black-box constraints of the first trial that has some with names.
    pub(super) constraint_names: Vec<String>,
}

/// The trials to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Which<'a> {
    /// Those with a row id above this one.
    pub(super) after: i64,
    /// And those with these row ids, which are not above.
    pub(super) listed: &'a [i64],
    /// The configurations of those that are known.
    pub(super) configs: &'a BTreeMap<i64, Config>,
}

/// Unfinished records of trials, by row id.
pub(super) type Drafts = BTreeMap<i64, Draft>;

/// A table of what belongs to trials. All are read as rows of one form: the part, the trial's row id, a step,
/// a name, a text and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Values of parameters.
    Params,
    /// Final values.
    Values,
    /// Intermediate values; those of further objectives come from the attributes.
    Reports,
    /// Attributes, among them the reports of several objectives.
    User,
    /// Constraints, and fixed parameters of queued trials.
    System,
}

/// The part of a row that is of the trial itself.
const TRIAL: i64 = 0;

/// The part of a row with an attribute of the study.
const STUDY: i64 = 9;

impl Part {
    const ALL: [Self; 5] = [Self::Params, Self::Values, Self::Reports, Self::User, Self::System];

    /// Its number in rows, its table, and what of it are step, name, text and value.
    fn form(self) -> (i64, &'static str, [&'static str; 4]) {
        let none = "NULL";
        match self {
            Self::Params => {
                (1, "trial_params", ["0", "param_name", "distribution_json", "param_value"])
            }
            Self::Values => {
                let kind = "CAST(value_type AS VARCHAR(8))";
                (2, "trial_values", ["objective", none, kind, "value"])
            }
            Self::Reports => {
                let kind = "CAST(intermediate_value_type AS VARCHAR(8))";
                (3, "trial_intermediate_values", ["step", none, kind, "intermediate_value"])
            }
            Self::User => (4, "trial_user_attributes", ["0", "key", "value_json", none]),
            Self::System => (5, "trial_system_attributes", ["0", "key", "value_json", none]),
        }
    }
}

/// How rows are understood.
pub(super) struct Reader<'a> {
    /// The space, of trials that are read with the values of their parameters.
    space: Option<(&'a Space, Fits)>,
    objectives: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(space: Option<&'a Space>, objectives: usize) -> Self {
        Self { space: space.map(|space| (space, Fits::new(space))), objectives }
    }

    /// Takes a row into its draft.
    fn take(&mut self, part: Part, row: &dyn Row, drafts: &mut Drafts) -> Result<(), Failure> {
        let Some(draft) = drafts.get_mut(&row.int(1)?) else { return Ok(()) };
        let text = |column| Ok::<_, Failure>(row.text(column)?.unwrap_or_default());
        match part {
            Part::Params => {
                if let Some((space, fits)) = &mut self.space {
                    let value = row.float(5)?.unwrap_or(f64::NAN);
                    draft.param(space, fits, &text(3)?, value, row.text(4)?.as_deref());
                }
            }
            Part::Values => draft.value(codec::parse_number(row.float(5)?, &text(4)?)),
            Part::Reports => {
                let first = codec::parse_number(row.float(5)?, &text(4)?);
                draft.report(row.int(2)?.unsigned_abs(), first, self.objectives);
            }
            Part::User => {
                if let Some(json) = codec::parse_json(&text(4)?) {
                    draft.user_attribute(text(3)?, json);
                }
            }
            Part::System => draft.system_attribute(&text(3)?, &text(4)?),
        }
        Ok(())
    }

    /// Reads one part of the trials in a JSON list.
    pub(super) fn read(
        &mut self,
        session: &mut dyn Session,
        part: Part,
        ids: &str,
        drafts: &mut Drafts,
    ) -> Result<(), Failure> {
        let (number, table, columns) = part.form();
        let (list, [step, name, ..]) = (session.dialect().list, columns);
        let order = if name == "NULL" { step } else { name };
        let columns = columns.join(", ");
        let sql = format!(
            "SELECT {number}, trial_id, {columns} FROM {table} WHERE trial_id IN {list}
             ORDER BY trial_id, {order}"
        );
        session.each(&sql, &[Cell::Text(ids)], &mut |row| self.take(part, row, drafts))
    }

    /// The row id and the draft of a trial, with its configuration where that is known.
    fn known_draft(&self, row: &dyn Row, which: Which<'_>) -> Result<(i64, Draft), Failure> {
        let (id, number) = (row.int(1)?, row.int(2)?.unsigned_abs());
        let (state, times) = (row.text(3)?.unwrap_or_default(), (row.time(6)?, row.time(7)?));
        let mut draft = match &self.space {
            Some((space, _)) => Draft::new(number, space, state, times),
            None => Draft::without_space(number, state, times),
        };
        if let Some(config) = which.configs.get(&id) {
            draft.trial.config = config.clone();
        }
        Ok((id, draft))
    }
}

/// Reads trials of a study, table by table. One that does not fit the space, as another program may have
/// written it, is set aside ([`Trial::set_aside`]).
pub(super) fn load(
    session: &mut dyn Session,
    study: i64,
    space: &Space,
    objectives: usize,
    which: Which<'_>,
) -> Result<Loaded, Failure> {
    let mut reader = Reader::new(Some(space), objectives);
    let mut drafts = Drafts::new();
    let mut visit = |row: &dyn Row| {
        let (id, draft) = reader.known_draft(row, which)?;
        drafts.insert(id, draft);
        Ok(())
    };
    let sql = format!("{TRIALS} WHERE study_id = ?1 AND trial_id > ?2");
    session.each(&sql, &[study.into(), which.after.into()], &mut visit)?;
    if !which.listed.is_empty() {
        let sql = format!("{TRIALS} WHERE trial_id IN {}", session.dialect().list);
        session.each(&sql, &[Cell::Text(&json_list(which.listed))], &mut visit)?;
    }
    if drafts.is_empty() {
        return Ok(Loaded::default());
    }
    let ids: Vec<i64> = drafts.keys().copied().collect();
    let (all, unknown) = (json_list(&ids), which.unknown(&ids));
    for part in Part::ALL {
        let ids = if part == Part::Params { &unknown } else { &all };
        reader.read(session, part, ids, &mut drafts)?;
    }
    Ok(finished(drafts, space, which))
}

impl Which<'_> {
    /// Those of these row ids without a known configuration, as a JSON list.
    fn unknown(self, ids: &[i64]) -> String {
        let is_unknown = |id: &i64| !self.configs.contains_key(id);
        json_list(&ids.iter().copied().filter(is_unknown).collect::<Vec<_>>())
    }
}

/// The rows of trials themselves.
const TRIALS: &str = "SELECT 0, trial_id, number, CAST(state AS VARCHAR(8)), NULL, NULL,
    datetime_start, datetime_complete FROM trials";

/// Reads trials and an attribute of the study in one query, for a database that is far: few trials, since all
/// rows are sorted.
pub(super) fn news(
    session: &mut dyn Session,
    (study, attribute): (i64, &str),
    space: &Space,
    objectives: usize,
    which: Which<'_>,
) -> Result<(Loaded, Option<String>), Failure> {
    let mut reader = Reader::new(Some(space), objectives);
    let (mut drafts, mut found) = (Drafts::new(), None);
    let sql = news_sql(session);
    let (listed, unknown) = (json_list(which.listed), which.unknown(which.listed));
    let (listed, unknown) = (listed.as_str().into(), unknown.as_str().into());
    let cells = [study.into(), which.after.into(), listed, attribute.into(), unknown];
    session.each(&sql, &cells, &mut |row| {
        match row.int(0)? {
            TRIAL => {
                let (id, draft) = reader.known_draft(row, which)?;
                drafts.insert(id, draft);
            }
            STUDY => found = row.text(4)?,
            number => {
                if let Some(part) = Part::ALL.iter().find(|part| part.form().0 == number) {
                    reader.take(*part, row, &mut drafts)?;
                }
            }
        }
        Ok(())
    })?;
    Ok((finished(drafts, space, which), found))
}

/// The query of [`news`]: study, the last row id that is known, a JSON list of row ids, a key, and a list of
/// those row ids of which the parameters are read. New rows
/// are found by their ids: a sum of the study keeps its index, which leads to all of them, out of the plan.
fn news_sql(session: &dyn Session) -> String {
    let dialect = session.dialect();
    let [open, close] = dialect.among;
    let list = dialect.list.replace("?1", "?3");
    let unknown = dialect.list.replace("?1", "?5");
    let mut sql = format!(
        "WITH news AS (
             SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials
             WHERE study_id + 0 = ?1 AND trial_id > ?2
             UNION ALL
             SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials
             WHERE trial_id {open}SELECT * FROM {list} listed{close})
         SELECT {TRIAL} AS part, trial_id, number AS step, CAST(state AS VARCHAR(512)) AS name,
             CAST(NULL AS TEXT), CAST(NULL AS FLOAT(53)), datetime_start, datetime_complete FROM news
         UNION ALL
         SELECT {STUDY}, 0, 0, key, value_json, NULL, NULL, NULL FROM study_user_attributes
         WHERE study_id = ?1 AND key = ?4"
    );
    for part in Part::ALL {
        let (number, table, columns) = part.form();
        let columns = columns.join(", ");
        let ids = match part {
            Part::Params => format!(
                "SELECT trial_id FROM news WHERE trial_id > ?2 UNION ALL SELECT * FROM {unknown} u"
            ),
            _ => "SELECT trial_id FROM news".to_owned(),
        };
        sql += &format!(
            " UNION ALL SELECT {number}, trial_id, {columns}, NULL, NULL FROM {table}
              WHERE trial_id {open}{ids}{close}"
        );
        if part == Part::User {
            // Of a trial that is known the worker is not read again.
            sql += &format!(" AND (trial_id > ?2 OR key <> '{}')", attribute::WORKER);
        }
    }
    sql + " ORDER BY part, trial_id, step, name"
}

fn finished(drafts: Drafts, space: &Space, which: Which<'_>) -> Loaded {
    let names = drafts.values().map(|draft| draft.constraint_names());
    let constraint_names = names.into_iter().find(|names| !names.is_empty()).unwrap_or_default();
    let is_settled = |draft: &Draft| {
        draft.trial.attributes.contains_key(attribute::WORKER)
            && draft.misfit.is_none()
            && space.check(&draft.trial.config).is_ok()
    };
    let new = drafts.iter().filter(|(_, draft)| is_settled(draft)).map(|(id, _)| *id);
    let settled = new.chain(which.configs.keys().copied()).collect();
    let finish = |(id, draft): (i64, Draft)| (id, draft.finish(space));
    Loaded { trials: drafts.into_iter().map(finish).collect(), settled, constraint_names }
}

/// Integers as a JSON list.
pub(super) fn json_list(numbers: &[i64]) -> String {
    Value::from(numbers).to_string()
}
