//! Optuna's schema, revision `v3.2.0.a`.

use super::database::{Failure, Session};

/// The revision that is written and understood.
pub(crate) const REVISION: &str = "v3.2.0.a";

/// Creates every table; the words in capitals between braces are column types.
const CREATE: &str = "
CREATE TABLE studies (
    study_id {ID},
    study_name VARCHAR(512) NOT NULL
);
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE TABLE version_info (
    version_info_id INTEGER NOT NULL PRIMARY KEY,
    schema_version INTEGER,
    library_version VARCHAR(256),
    CHECK (version_info_id = 1)
);
CREATE TABLE study_directions (
    study_direction_id {ID},
    direction {DIRECTION} NOT NULL,
    study_id INTEGER NOT NULL,
    objective INTEGER NOT NULL,
    UNIQUE (study_id, objective),
    FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
    study_user_attribute_id {ID},
    study_id INTEGER,
    key VARCHAR(512),
    value_json TEXT,
    UNIQUE (study_id, key),
    FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_system_attributes (
    study_system_attribute_id {ID},
    study_id INTEGER,
    key VARCHAR(512),
    value_json TEXT,
    UNIQUE (study_id, key),
    FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trials (
    trial_id {ID},
    number INTEGER,
    study_id INTEGER,
    state {STATE} NOT NULL,
    datetime_start {TIME},
    datetime_complete {TIME},
    FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE INDEX ix_trials_study_id ON trials (study_id);
CREATE TABLE trial_user_attributes (
    trial_user_attribute_id {ID},
    trial_id INTEGER,
    key VARCHAR(512),
    value_json TEXT,
    UNIQUE (trial_id, key),
    FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_system_attributes (
    trial_system_attribute_id {ID},
    trial_id INTEGER,
    key VARCHAR(512),
    value_json TEXT,
    UNIQUE (trial_id, key),
    FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
    param_id {ID},
    trial_id INTEGER,
    param_name VARCHAR(512),
    param_value {NUMBER},
    distribution_json TEXT,
    UNIQUE (trial_id, param_name),
    FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_values (
    trial_value_id {ID},
    trial_id INTEGER NOT NULL,
    objective INTEGER NOT NULL,
    value {NUMBER},
    value_type {KIND} NOT NULL,
    UNIQUE (trial_id, objective),
    FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
    trial_intermediate_value_id {ID},
    trial_id INTEGER NOT NULL,
    step INTEGER NOT NULL,
    intermediate_value {NUMBER},
    intermediate_value_type {ANY_KIND} NOT NULL,
    UNIQUE (trial_id, step),
    FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_heartbeats (
    trial_heartbeat_id {ID},
    trial_id INTEGER NOT NULL,
    heartbeat {TIME} NOT NULL,
    UNIQUE (trial_id),
    FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL PRIMARY KEY
);
INSERT INTO version_info VALUES (1, 12, '5.0.0');
INSERT INTO alembic_version VALUES ('v3.2.0.a');
";

/// Creates the tables in an empty database; returns the revision that it has then.
pub(crate) fn prepare(session: &mut dyn Session) -> Result<Option<String>, Failure> {
    let dialect = session.dialect();
    let exists = |session: &mut dyn Session, table: &str| {
        Ok::<_, Failure>(session.number(dialect.table, &[table.into()])? > 0)
    };
    if !exists(session, "studies")? {
        session.batch(dialect.alone)?;
    }
    if !exists(session, "studies")? {
        let sql = dialect
            .types
            .iter()
            .fold(CREATE.to_owned(), |sql, (name, kind)| sql.replace(&format!("{{{name}}}"), kind));
        session.batch(dialect.before)?;
        session.batch(&sql)?;
    }
    if !exists(session, "alembic_version")? {
        return Ok(None);
    }
    session.text("SELECT version_num FROM alembic_version", &[])
}
