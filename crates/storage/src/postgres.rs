//! PostgreSQL databases.

mod cell;

use crate::sql::SqlStorage;
use crate::sql::database::{Access, Cell, Database, Dialect, Failure, Row, Session, Visit};
use automl_study::StoreError;
use cell::{Any, Bound};
use postgres::config::Host;
use postgres::types::ToSql;
use postgres::{Client, Config, IsolationLevel, NoTls, Statement};
use std::collections::HashMap;
use std::fmt;

/// A study in a PostgreSQL database, for processes on any number of machines.
///
/// Each call is one transaction. A connection that broke is opened again by the next call. The
/// connection is not encrypted: where the network is not trusted, lead it through a tunnel.
pub type PostgresStorage = SqlStorage<Postgres>;

/// A connection to a PostgreSQL database.
pub struct Postgres {
    config: Config,
    client: Client,
    /// The statements that the server has seen.
    statements: HashMap<String, Statement>,
}

impl SqlStorage<Postgres> {
    /// Connects to the database of a URL, `postgresql://user:password@host:port/database`, for the
    /// study of this name. The tables are created if there are none, the study when it is attached.
    /// Without a password in the URL, that in the environment's `PGPASSWORD` is used.
    ///
    /// # Errors
    /// [`StoreError`] if the URL is not one, the server cannot be reached, or the database is none of
    /// this schema's revision. No message holds the password.
    pub fn connect(url: &str, study: &str) -> Result<Self, StoreError> {
        let failed = |place: String, source: Failure| StoreError::Unavailable {
            action: "open",
            place,
            source,
        };
        let mut config: Config =
            url.parse().map_err(|e: postgres::Error| failed("the database".into(), e.into()))?;
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_user().is_none()
            && let Ok(user) = std::env::var("USER")
        {
            config.user(&user);
        }
        if config.get_application_name().is_none() {
            config.application_name("automl");
        }
        let database = Postgres::open(&config).map_err(|e| failed(place(&config), e))?;
        Self::over(database, study)
    }
}

/// User, host and database, without the password.
fn place(config: &Config) -> String {
    let user = config.get_user().map_or(String::new(), |user| format!("{user}@"));
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        _ => String::new(),
    };
    let port = config.get_ports().first().map_or(String::new(), |port| format!(":{port}"));
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("postgresql://{user}{host}{port}/{name}")
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Postgres").field(&place(&self.config)).finish()
    }
}

impl Postgres {
    fn open(config: &Config) -> Result<Self, Failure> {
        let client = config.connect(NoTls)?;
        Ok(Self { config: config.clone(), client, statements: HashMap::new() })
    }
}

impl Database for Postgres {
    fn place(&self) -> String {
        place(&self.config)
    }

    fn transaction<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.client.is_closed() {
            *self = Self::open(&self.config)?;
        }
        let builder = self.client.build_transaction();
        let transaction = match access {
            Access::Read => {
                builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true).start()?
            }
            Access::Write => builder.isolation_level(IsolationLevel::ReadCommitted).start()?,
        };
        let mut session = Open { transaction, statements: &mut self.statements };
        let result = work(&mut session)?;
        session.transaction.commit()?;
        Ok(result)
    }

    /// The server does not say; what is new is looked up each time.
    fn has_changed(&mut self) -> Result<bool, Failure> {
        Ok(true)
    }

    fn opener(&self) -> Box<dyn Fn() -> Result<Self, Failure> + Send> {
        let config = self.config.clone();
        Box::new(move || Self::open(&config))
    }
}

/// Heartbeats are in the time zone of the session, as Optuna's are, and compared in it.
static DIALECT: Dialect = Dialect {
    lock: " FOR UPDATE",
    list: "(SELECT CAST(value AS INTEGER)
            FROM json_array_elements_text(CAST(CAST(?1 AS TEXT) AS JSON)))",
    now: "CAST(now() AS TIMESTAMP)",
    age: "EXTRACT(EPOCH FROM CAST(now() AS TIMESTAMP) - h.heartbeat)",
    types: &[
        ("ID", "SERIAL PRIMARY KEY"),
        ("TIME", "TIMESTAMP WITHOUT TIME ZONE"),
        ("NUMBER", "FLOAT(53)"),
        ("DIRECTION", "studydirection"),
        ("STATE", "trialstate"),
        ("KIND", "trialvaluetype"),
        ("ANY_KIND", "trialintermediatevaluetype"),
    ],
    before: "
CREATE TYPE studydirection AS ENUM ('NOT_SET', 'MINIMIZE', 'MAXIMIZE');
CREATE TYPE trialstate AS ENUM ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING');
CREATE TYPE trialvaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG');
CREATE TYPE trialintermediatevaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG', 'NAN');
",
    table: "SELECT COUNT(*) FROM pg_catalog.pg_tables
            WHERE schemaname = current_schema() AND tablename = CAST(?1 AS TEXT)",
    alone: "SELECT pg_advisory_xact_lock(7161697472)",
};

struct Open<'a> {
    transaction: postgres::Transaction<'a>,
    statements: &'a mut HashMap<String, Statement>,
}

impl Open<'_> {
    fn prepared(&mut self, sql: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.transaction.prepare(&numbered(sql))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// A statement with parameters as PostgreSQL writes them.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

fn bound<'a>(cells: &'a [Cell<'a>]) -> Vec<Bound<'a>> {
    cells.iter().map(|cell| Bound(*cell)).collect()
}

fn borrowed<'a>(cells: &'a [Bound<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    cells.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect()
}

impl Session for Open<'_> {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        Ok(self.transaction.batch_execute(sql)?)
    }

    fn execute(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Failure> {
        let statement = self.prepared(sql)?;
        Ok(self.transaction.execute(&statement, &borrowed(&bound(cells)))?)
    }

    fn each(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Failure> {
        let statement = self.prepared(sql)?;
        for row in self.transaction.query(&statement, &borrowed(&bound(cells)))? {
            visit(&row)?;
        }
        Ok(())
    }
}

impl Row for postgres::Row {
    fn int(&self, column: usize) -> Result<i64, Failure> {
        match self.try_get::<_, Option<Any>>(column)? {
            Some(Any::Int(x)) => Ok(x),
            other => Err(format!("{other:?} is no whole number").into()),
        }
    }

    fn float(&self, column: usize) -> Result<Option<f64>, Failure> {
        match self.try_get::<_, Option<Any>>(column)? {
            None => Ok(None),
            Some(Any::Float(x)) => Ok(Some(x)),
            other => Err(format!("{other:?} is no number").into()),
        }
    }

    fn text(&self, column: usize) -> Result<Option<String>, Failure> {
        match self.try_get::<_, Option<Any>>(column)? {
            None => Ok(None),
            Some(Any::Text(text)) => Ok(Some(text)),
            other => Err(format!("{other:?} is no text").into()),
        }
    }

    fn time(&self, column: usize) -> Result<Option<i64>, Failure> {
        match self.try_get::<_, Option<Any>>(column)? {
            None => Ok(None),
            Some(Any::Time(micros)) => Ok(Some(micros)),
            other => Err(format!("{other:?} is no time").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_and_no_error_holds_the_password() {
        let url = "postgresql://me:secret@127.0.0.1:1/studies";
        let config: Config = url.parse().unwrap();
        assert_eq!(place(&config), "postgresql://me@127.0.0.1:1/studies");
        let error = PostgresStorage::connect(url, "test").map(drop).unwrap_err();
        assert!(error.to_string().contains("me@127.0.0.1:1/studies"), "{error}");
        for url in
            [url, "postgresql://me:secret@host:port/x", "postgresql://me:secret@h/x?a=secret"]
        {
            let error = PostgresStorage::connect(url, "test").map(drop).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn parameters_are_numbered() {
        assert_eq!(numbered("a = ?1 AND b = ?12"), "a = $1 AND b = $12");
    }
}
