//! Patience with a server that ends, starts or is full.

use crate::Failure;
use std::error::Error as StdError;
use std::time::{Duration, Instant};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// The time to wait for a server that says that it starts: after a crash it may have much to repair.
const STARTING: Duration = Duration::from_secs(600);

/// Waits of increasing length for a server that is not available.
///
/// # Examples
/// ```no_run
/// use automl_postgres::{Link, Patience, Refused, TlsOptions};
/// use std::time::Duration;
///
/// let (url, options) = TlsOptions::take("postgresql://me@host/studies")?;
/// let (config, tls) = (url.parse()?, options.connector()?);
/// let mut patience = Patience::of(Duration::from_secs(30));
/// let link = loop {
///     match Link::open(&config, &tls) {
///         Ok(link) => break link,
///         Err(Refused::Server(error)) => patience.bear(error)?,
///         Err(error) => return Err(error.into()),
///     }
/// };
/// # drop(link);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Debug)]
pub struct Patience {
    since: Instant,
    limit: Duration,
    pause: Duration,
}

impl Patience {
    /// Patience from now on for a time; a server that says that it starts is waited for longer, up to 10 min.
    pub fn of(limit: Duration) -> Self {
        Self { since: Instant::now(), limit, pause: Duration::ZERO }
    }

    /// Waits before another attempt.
    ///
    /// # Errors
    /// The given one, if it is permanent or has lasted too long.
    pub fn bear(&mut self, error: Error) -> Result<(), Failure> {
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
pub fn is_passing(error: &Error) -> bool {
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
pub fn explained(error: Error) -> Failure {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        words = format!("{words}: {reason}");
        source = reason.source();
    }
    words.replace('\n', ", ").into()
}
