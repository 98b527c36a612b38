//! PostgreSQL databases.

mod cell;
mod create;
mod session;

use crate::sql::SqlStorage;
use crate::sql::database::{
    Access, Added, Cell, Database, Dialect, Failure, NewTrial, Row, Session,
};
use automl_postgres::tokio_postgres;
use automl_postgres::{Link, Patience, Refused, Tls, config, explained, place};
use automl_study::StoreError;
use cell::Any;
use session::Open;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;
use tokio_postgres::{Config, Statement};

/// The time to wait for a server that cannot be reached.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time limits of a session, unless the options of the URL set others, so that a session that hangs
/// does not block others.
const LIMITS: [(&str, &str); 2] =
    [("idle_in_transaction_session_timeout", "60s"), ("lock_timeout", "60s")];

/// How statements are planned: they are prepared while tables are small, when a look at each row seems
/// cheapest, and stay so.
const PLANS: &str = "SET enable_seqscan = off; SET jit = off";

/// The first key of the advisory locks of proposals; the second one is the study.
const TURNS: i32 = 0x6175_746f;

/// The longest time to wait for a turn to propose.
const TURN: &str = "5s";

/// A study in a PostgreSQL database, for processes on any number of machines.
///
/// Each call is one transaction. If the connection is broken before the transaction begins, it is opened
/// again, for up to 30 s while the server cannot be reached, and 10 min while it says that it starts. A new
/// trial takes three journeys to the server, a report or an end two. The connection is encrypted where the
/// server offers it. `?sslmode=require` insists on it, `verify-ca` also on a certificate that an authority in
/// `sslrootcert=FILE` has signed, and `verify-full` on one of the host's name; `sslrootcert=system` stands for
/// the authorities of the operating system, and the default is `~/.postgresql/root.crt`.
pub type PostgresStorage = SqlStorage<Postgres>;

/// A connection to a PostgreSQL database.
pub struct Postgres {
    config: Config,
    tls: Tls,
    link: Link,
    /// The statements that the server has seen.
    statements: HashMap<String, Statement>,
    turn: Turn,
}

/// The turn to propose for a study, which other connections wait for.
#[derive(Clone, Copy, Debug)]
enum Turn {
    None,
    /// Asked for with the next statement.
    Asked(i64),
    Held(i64),
}

impl Turn {
    fn is_granted(&mut self) {
        if let Self::Asked(study) = *self {
            *self = Self::Held(study);
        }
    }
}

/// Waits for the turn to propose for a study: a time limit and two keys.
const TURN_BEGINS: &str = "SELECT set_config('lock_timeout', ?1, true), pg_advisory_lock(?2, ?3)";

/// Gives the turn of two keys on, and then waits until everything that was committed is on the disk.
const TURN_ENDS: &str =
    "SELECT pg_advisory_unlock(?1, ?2), pg_logical_emit_message(true, 'automl', '')";

/// The keys of the turn to propose for a study.
fn keys(study: i64) -> [Cell<'static>; 2] {
    [i64::from(TURNS).into(), study.into()]
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

    /// Connects once, and sets the limits of the session.
    fn open(config: &Config, tls: &Tls) -> Result<Link, Refused> {
        let mut link = Link::open(config, tls)?;
        let options = config.get_options().unwrap_or_default();
        let limits = LIMITS.iter().filter(|(name, _)| !options.contains(name));
        let limits = limits.map(|(name, value)| format!("; SET {name} = '{value}'"));
        let sql = format!("{PLANS}{}", limits.collect::<String>());
        link.wait(|client| client.batch_execute(&sql)).map_err(Refused::Server)?;
        Ok(link)
    }

    /// Connects, and waits for a server that starts or cannot be reached.
    fn patiently(config: &Config, tls: &Tls, patience: &mut Patience) -> Result<Link, Failure> {
        loop {
            match Self::open(config, tls) {
                Ok(link) => return Ok(link),
                Err(Refused::System(error)) => return Err(error.into()),
                Err(Refused::Server(error)) => patience.bear(error)?,
            }
        }
    }

    /// Connects, and waits for a server that starts or cannot be reached for up to this long.
    fn connect(config: &Config, tls: &Tls, patience: Duration) -> Result<Self, Failure> {
        let link = Self::patiently(config, tls, &mut Patience::of_first(patience))?;
        let (config, tls, statements) = (config.clone(), tls.clone(), HashMap::new());
        Ok(Self { config, tls, link, statements, turn: Turn::None })
    }

    /// Replaces a connection that has ended, and with it the turn that it had.
    fn reopen(&mut self, patience: &mut Patience) -> Result<(), Failure> {
        self.link = Self::patiently(&self.config, &self.tls, patience)?;
        self.statements.clear();
        if let Turn::Held(_) = self.turn {
            self.turn = Turn::None;
        }
        Ok(())
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
        let mut session = Open::new(self, access)?;
        let result = work(&mut session)?;
        session.commit()?;
        Ok(result)
    }

    /// The server does not tell, so changes are queried each time.
    fn has_changed(&mut self) -> Result<bool, Failure> {
        Ok(true)
    }

    fn name_limit(&self) -> Option<usize> {
        DIALECT.name_limit
    }

    /// The next transaction waits for the turn before it begins, which saves a journey.
    fn begin_turn(&mut self, study: i64) -> Result<bool, Failure> {
        self.turn = Turn::Asked(study);
        Ok(true)
    }

    fn end_turn(&mut self, study: i64) -> Result<(), Failure> {
        if let Turn::Held(_) = self.turn {
            self.link.post(&format!("SELECT pg_advisory_unlock({TURNS}, {study})"));
        }
        self.turn = Turn::None;
        Ok(())
    }

    fn add_running(&mut self, new: &NewTrial<'_>) -> Result<Added, Failure> {
        Ok(create::create(self, new)?.map_or(Added::Overtaken, Added::Row))
    }

    fn opener(&self) -> Box<dyn Fn() -> Result<Self, Failure> + Send> {
        let (config, tls) = (self.config.clone(), self.tls.clone());
        Box::new(move || Self::connect(&config, &tls, PATIENCE))
    }
}

/// Heartbeats are in the time zone of the session, as Optuna's are. Ages are differences of instants, so
/// that no worker looks dead when clocks change.
static DIALECT: Dialect = Dialect {
    lock: " FOR UPDATE",
    list: "(SELECT CAST(value AS INTEGER)
            FROM json_array_elements_text(CAST(CAST(?1 AS TEXT) AS JSON)))",
    is_far: true,
    // A list of integers is looked up one by one; of a query the planner expects a third of the table.
    among: ["= ANY (ARRAY(", "))"],
    next_id: "nextval(pg_get_serial_sequence('trials', 'trial_id'))",
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

impl Row for tokio_postgres::Row {
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
    use std::error::Error as _;
    use std::time::Instant;

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
            "postgresql://me:secret@:5432/x",
        ] {
            let error = PostgresStorage::connect(url, "test").map(drop).unwrap_err();
            let text = format!("{error} {error:?} {:?}", error.source());
            assert!(text.contains("%40") && !text.contains("secret"), "{text}");
        }
        for url in ["me@host/x", "me:p%40w@host/x", "host/x", "me:p/w@host/x?application_name=a@b"]
        {
            let url = format!("postgresql://{url}");
            assert!(automl_postgres::check_address(&url).is_ok(), "{url}");
        }
    }

    #[test]
    fn sessions_do_not_wait_for_ever() {
        let Ok(url) = std::env::var("AUTOML_POSTGRES_URL") else { return };
        let shown = |url: &str| {
            let (config, tls) = config(url).unwrap();
            let mut database = Postgres::connect(&config, &tls, Duration::ZERO).unwrap();
            LIMITS.map(|(name, _)| {
                let shows = |session: &mut dyn Session| session.text(&format!("SHOW {name}"), &[]);
                database.transaction(Access::Read, shows).unwrap().unwrap()
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
}
