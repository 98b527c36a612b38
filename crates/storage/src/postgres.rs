//! PostgreSQL databases.

mod cell;
mod tls;

use crate::sql::SqlStorage;
use crate::sql::database::{Access, Cell, Database, Dialect, Failure, Row, Session, Visit};
use automl_study::StoreError;
use cell::{Any, Bound};
use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Config, IsolationLevel, Statement};
use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, Instant};
use thiserror::Error;
use tls::{Tls, TlsOptions};

/// The time to wait for a server that cannot be reached.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time to wait for a server that says that it starts: after a crash it may have much to repair.
const STARTING: Duration = Duration::from_secs(600);

/// The time limit of one attempt to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// The idle time after which a connection is probed, and after which a silent peer counts as gone.
const SILENCE: Duration = Duration::from_secs(60);

/// Time limits of a session, unless the options of the URL set others, so that a session that hangs
/// does not block others.
const LIMITS: [(&str, &str); 2] =
    [("idle_in_transaction_session_timeout", "60s"), ("lock_timeout", "60s")];

/// The first key of the advisory locks of proposals; the second one is the study.
const TURNS: i32 = 0x6175_746f;

/// The longest time to wait for a turn to propose.
const TURN: &str = "5s";

/// A study in a PostgreSQL database, for processes on any number of machines.
///
/// Each call is one transaction. If the connection is broken before the transaction begins, it is opened
/// again, for up to 30 s while the server cannot be reached, and 10 min while it says that it starts. The connection is encrypted where the server offers
/// it. `?sslmode=require` insists on it, `verify-ca` also on a certificate that an authority in
/// `sslrootcert=FILE` has signed, and `verify-full` on one of the host's name; `sslrootcert=system` stands for
/// the authorities of the operating system, and the default is `~/.postgresql/root.crt`.
pub type PostgresStorage = SqlStorage<Postgres>;

/// A connection to a PostgreSQL database.
pub struct Postgres {
    config: Config,
    tls: Tls,
    client: Client,
    /// The statements that the server has seen.
    statements: HashMap<String, Statement>,
    /// The study of which this connection has the turn to propose.
    turn: Option<i64>,
}

impl SqlStorage<Postgres> {
    /// Connects to the database of a URL, `postgresql://user:password@host:port/database`, for the
    /// study of this name.
    ///
    /// The tables are created if they do not exist, the study when it is attached. Without a password
    /// in the URL, the environment variable `PGPASSWORD` is used.
    ///
    /// # Errors
    /// [`StoreError`] if the URL is invalid, the server cannot be reached, or the database has another
    /// schema revision. Messages do not contain the password.
    pub fn connect(url: &str, study: &str) -> Result<Self, StoreError> {
        Self::over(Postgres::at(url)?, study)
    }
}

/// An address with a name, password or option that may end elsewhere: what is left of it would be taken
/// for a host.
#[derive(Debug, Error)]
#[error(
    "it is unclear where its host begins: in names, passwords and options write %40 for @ and %3F for ?"
)]
struct UnclearHost;

/// Whether what precedes the only at sign of a URL is a login.
fn has_clear_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let Some((login, host)) = rest.split_once('@') else { return true };
    !login.contains('?') && !host.split('?').next().unwrap_or_default().contains('@')
}

/// The configuration of a URL, completed from the environment, with the limits of a long search.
fn config(url: &str) -> Result<(Config, Tls), Failure> {
    if !has_clear_host(url) {
        return Err(UnclearHost.into());
    }
    let (url, options) = TlsOptions::take(url)?;
    // A driver of Python, as in SQLAlchemy's URLs, has no meaning here.
    let plain = match url.split_once("://") {
        Some((scheme, rest)) if scheme.contains('+') => format!("postgresql://{rest}"),
        _ => url.clone(),
    };
    let mut config: Config = plain.parse().map_err(explained)?;
    // Nothing stands between two processes of one machine, and a socket file offers no encryption.
    #[cfg(unix)]
    if !config.get_hosts().is_empty()
        && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
    {
        config.ssl_mode(SslMode::Disable);
    }
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
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(SILENCE);
    }
    Ok((config, options.connector()?))
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
    /// Connects to the database of a URL.
    pub(crate) fn at(url: &str) -> Result<Self, StoreError> {
        let failed = |place: String, source: Failure| StoreError::Unavailable {
            action: "open",
            place,
            source,
        };
        let (config, tls) = config(url).map_err(|e| failed("the database".into(), e))?;
        Self::connect(&config, &tls, PATIENCE).map_err(|e| failed(place(&config), e))
    }

    fn open(config: &Config, tls: &Tls) -> Result<Self, postgres::Error> {
        let mut client = config.connect(tls.clone())?;
        let options = config.get_options().unwrap_or_default();
        let limits = LIMITS.iter().filter(|(name, _)| !options.contains(name));
        let sql: Vec<String> =
            limits.map(|(name, value)| format!("SET {name} = '{value}'")).collect();
        client.batch_execute(&sql.join("; "))?;
        let (config, tls) = (config.clone(), tls.clone());
        Ok(Self { config, tls, client, statements: HashMap::new(), turn: None })
    }
}

impl Postgres {
    /// Connects, and waits for a server that starts or cannot be reached for up to this long.
    fn connect(config: &Config, tls: &Tls, patience: Duration) -> Result<Self, Failure> {
        let mut patience = Patience::of(patience);
        loop {
            match Self::open(config, tls) {
                Ok(database) => return Ok(database),
                Err(error) => patience.bear(error)?,
            }
        }
    }

    /// Runs one transaction.
    fn run<T>(
        &mut self,
        access: Access,
        work: impl FnOnce(&mut dyn Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut patience = Patience::of(PATIENCE);
        // What has not begun can be tried again.
        let transaction = loop {
            let builder = self.client.build_transaction();
            let builder = match access {
                Access::Read => {
                    builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true)
                }
                Access::Write | Access::Durable => {
                    builder.isolation_level(IsolationLevel::ReadCommitted)
                }
            };
            match builder.start() {
                Ok(transaction) => break transaction,
                Err(error) => patience.bear(error)?,
            }
            match Self::open(&self.config, &self.tls) {
                Ok(new) => *self = new,
                Err(error) => patience.bear(error)?,
            }
        };
        let mut session = Open { transaction, statements: &mut self.statements };
        let result = work(&mut session)?;
        session.transaction.commit().map_err(explained)?;
        Ok(result)
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
        let result = self.run(access, work)?;
        if let Some(study) = self.turn.filter(|_| access != Access::Read) {
            self.end_turn(study)?;
        }
        Ok(result)
    }

    /// The server does not tell, so changes are queried each time.
    fn has_changed(&mut self) -> Result<bool, Failure> {
        Ok(true)
    }

    fn name_limit(&self) -> Option<usize> {
        DIALECT.name_limit
    }

    fn begin_turn(&mut self, study: i64) -> Result<bool, Failure> {
        let sql = format!(
            "BEGIN; SET LOCAL lock_timeout = '{TURN}';
             SELECT pg_advisory_lock({TURNS}, {study}); COMMIT; SET synchronous_commit = off"
        );
        match self.client.batch_execute(&sql) {
            Ok(()) => {
                self.turn = Some(study);
                Ok(true)
            }
            // A worker that hangs keeps no other waiting; what is broken is found by what follows.
            Err(_) => {
                let _ = self.client.batch_execute("ROLLBACK");
                Ok(false)
            }
        }
    }

    /// The first write of a turn ends it: what it has committed goes to the disk behind the lock, so that
    /// one write of the disk carries the proposals of many workers. This transaction is committed, and
    /// with it all earlier ones are.
    fn end_turn(&mut self, study: i64) -> Result<(), Failure> {
        if self.turn.take().is_none() {
            return Ok(());
        }
        let sql = format!(
            "SELECT pg_advisory_unlock({TURNS}, {study}); SET synchronous_commit = DEFAULT;
             SELECT pg_logical_emit_message(true, 'automl', '')"
        );
        self.client.batch_execute(&sql).map_err(explained)
    }

    fn opener(&self) -> Box<dyn Fn() -> Result<Self, Failure> + Send> {
        let (config, tls) = (self.config.clone(), self.tls.clone());
        Box::new(move || Self::connect(&config, &tls, PATIENCE))
    }
}

/// Waits of increasing length for a server that is not available.
struct Patience {
    since: Instant,
    limit: Duration,
    pause: Duration,
}

impl Patience {
    fn of(limit: Duration) -> Self {
        Self { since: Instant::now(), limit, pause: Duration::ZERO }
    }

    /// Waits before another attempt, or returns the error if it is permanent or has lasted too long.
    fn bear(&mut self, error: postgres::Error) -> Result<(), Failure> {
        let is_starting = error.code() == Some(&SqlState::CANNOT_CONNECT_NOW);
        let limit = if is_starting { self.limit.max(STARTING) } else { self.limit };
        if !is_passing(&error) || self.since.elapsed() > limit {
            return Err(explained(error));
        }
        std::thread::sleep(self.pause);
        self.pause = (2 * self.pause).clamp(Duration::from_millis(50), Duration::from_secs(2));
        Ok(())
    }
}

/// Whether an error comes from the connection, or from a server that ends, starts or is full.
fn is_passing(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code),
        None => {
            let io = error.source().is_some_and(|source| source.is::<std::io::Error>());
            io || error.is_closed()
        }
    }
}

/// An error of the client in one line with its reason, which its own text leaves out.
fn explained(error: postgres::Error) -> Failure {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        words = format!("{words}: {reason}");
        source = reason.source();
    }
    words.replace('\n', ", ").into()
}

/// Heartbeats are in the time zone of the session, as Optuna's are. Ages are differences of instants, so
/// that no worker looks dead when clocks change.
static DIALECT: Dialect = Dialect {
    lock: " FOR UPDATE",
    list: "(SELECT CAST(value AS INTEGER)
            FROM json_array_elements_text(CAST(CAST(?1 AS TEXT) AS JSON)))",
    now: "CAST(now() AS TIMESTAMP)",
    next_beat: "CAST(now() AS TIMESTAMP)",
    age: "CAST(EXTRACT(EPOCH FROM now() - CAST(h.heartbeat AS TIMESTAMPTZ)) AS FLOAT(53))",
    watches: false,
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
    name_limit: Some(512),
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
        let statement = self.transaction.prepare(&numbered(sql)).map_err(explained)?;
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
        self.transaction.batch_execute(sql).map_err(explained)
    }

    fn execute(&mut self, sql: &str, cells: &[Cell<'_>]) -> Result<u64, Failure> {
        let statement = self.prepared(sql)?;
        self.transaction.execute(&statement, &borrowed(&bound(cells))).map_err(explained)
    }

    fn each(
        &mut self,
        sql: &str,
        cells: &[Cell<'_>],
        visit: &mut Visit<'_>,
    ) -> Result<(), Failure> {
        let statement = self.prepared(sql)?;
        let rows = self.transaction.query(&statement, &borrowed(&bound(cells)));
        for row in rows.map_err(explained)? {
            visit(&row)?;
        }
        Ok(())
    }
}

impl Row for postgres::Row {
    fn int(&self, column: usize) -> Result<i64, Failure> {
        match self.try_get::<_, Option<Any>>(column).map_err(explained)? {
            Some(Any::Int(x)) => Ok(x),
            other => Err(format!("{other:?} is no whole number").into()),
        }
    }

    fn float(&self, column: usize) -> Result<Option<f64>, Failure> {
        match self.try_get::<_, Option<Any>>(column).map_err(explained)? {
            None => Ok(None),
            Some(Any::Float(x)) => Ok(Some(x)),
            other => Err(format!("{other:?} is no number").into()),
        }
    }

    fn text(&self, column: usize) -> Result<Option<String>, Failure> {
        match self.try_get::<_, Option<Any>>(column).map_err(explained)? {
            None => Ok(None),
            Some(Any::Text(text)) => Ok(Some(text)),
            other => Err(format!("{other:?} is no text").into()),
        }
    }

    fn time(&self, column: usize) -> Result<Option<i64>, Failure> {
        match self.try_get::<_, Option<Any>>(column).map_err(explained)? {
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
        let (config, tls) = config(url).unwrap();
        assert_eq!(place(&config), "postgresql://me@127.0.0.1:1/studies");
        let error = Postgres::connect(&config, &tls, Duration::ZERO).map(drop).unwrap_err();
        assert!(error.to_string().contains("refused"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        for url in ["postgresql://me:secret@host:port/x", "postgresql://me:secret@h/x?a=secret"] {
            let error = PostgresStorage::connect(url, "test").map(drop).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn a_password_that_may_end_too_early_is_refused() {
        for url in [
            "postgresql://me:@secret@host/x",
            "postgresql://me:@secret/@host/x",
            "postgresql://me:p@secret@host/x?a=b",
            "postgresql://me:p?secret@host/x",
            "postgresql://host/x?password=secret@y",
        ] {
            let error = PostgresStorage::connect(url, "test").map(drop).unwrap_err();
            let text = format!("{error} {error:?} {:?}", error.source());
            assert!(text.contains("%40") && !text.contains("secret"), "{text}");
        }
        for url in ["me@host/x", "me:p%40w@host/x", "host/x", "me:p/w@host/x?application_name=a@b"]
        {
            assert!(has_clear_host(&format!("postgresql://{url}")), "{url}");
        }
    }

    #[test]
    fn sessions_do_not_wait_for_ever() {
        let Ok(url) = std::env::var("AUTOML_POSTGRES_URL") else { return };
        let shown = |url: &str| {
            let (config, tls) = config(url).unwrap();
            let mut database = Postgres::open(&config, &tls).unwrap();
            LIMITS.map(|(name, _)| {
                let row = database.client.query_one(&format!("SHOW {name}"), &[]).unwrap();
                row.get::<_, String>(0)
            })
        };
        assert_eq!(shown(&url), ["1min", "1min"]);
        let sign = if url.contains('?') { '&' } else { '?' };
        assert_eq!(shown(&format!("{url}{sign}options=-clock_timeout%3D5s")), ["1min", "5s"]);
    }

    /// The first connection waits for a server that starts, as a living one does.
    #[test]
    fn the_first_connection_waits_for_the_server() {
        use std::net::TcpListener;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let (config, tls) =
            config(&format!("postgresql://me@127.0.0.1:{port}/x?sslmode=disable")).unwrap();
        let wait = Duration::from_millis(300);
        let start = Instant::now();
        Postgres::connect(&config, &tls, wait).map(drop).unwrap_err();
        assert!(start.elapsed() >= wait);
        // A server that starts is waited for however long, a lasting error is not: this one starts once.
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let server = std::thread::spawn(move || {
            use std::io::{Read, Write};
            // Error responses: the server starts; an invalid password.
            for fields in ["SFATAL\0C57P03\0Mwait\0\0", "SFATAL\0C28P01\0Mno\0Dnever\0\0"] {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let mut message = vec![b'E'];
                message.extend((fields.len() as u32 + 4).to_be_bytes());
                message.extend(fields.as_bytes());
                let _ = stream.write_all(&message);
            }
        });
        let error = Postgres::connect(&config, &tls, Duration::ZERO).map(drop).unwrap_err();
        let words = error.to_string();
        assert!(
            words.contains("no") && words.contains("never") && !words.contains('\n'),
            "{words}"
        );
        server.join().unwrap();
    }

    #[test]
    fn dead_connections_are_noticed() {
        let read = |url: &str| config(url).unwrap().0;
        let usual = read("postgresql://me@host/x");
        assert_eq!(usual.get_connect_timeout(), Some(&CONNECT));
        assert_eq!(usual.get_tcp_user_timeout(), Some(&SILENCE));
        assert_eq!(usual.get_keepalives_idle(), SILENCE);
        let given = read("postgresql://me@host/x?keepalives_idle=7&connect_timeout=3");
        assert_eq!(given.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(given.get_connect_timeout(), Some(&Duration::from_secs(3)));
    }

    #[test]
    fn parameters_are_numbered() {
        assert_eq!(numbered("a = ?1 AND b = ?12"), "a = $1 AND b = $12");
    }
}
