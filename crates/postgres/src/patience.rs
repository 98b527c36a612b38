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
    /// Whether no connection was made before.
    is_first: bool,
}

impl Patience {
    /// Patience from now on for a time; a server that says that it starts is waited for longer, up to 10 min.
    pub fn of(limit: Duration) -> Self {
        Self { since: Instant::now(), limit, pause: Duration::ZERO, is_first: false }
    }

    /// As [`Patience::of`], with a first connection: a host of an unknown name ends it at once.
    /// One that was there may come back under its name.
    pub fn of_first(limit: Duration) -> Self {
        Self { is_first: true, ..Self::of(limit) }
    }

    /// Waits before another attempt.
    ///
    /// # Errors
    /// The given one, if it is permanent or has lasted too long.
    pub fn bear(&mut self, error: Error) -> Result<(), Failure> {
        let is_starting = error.code() == Some(&SqlState::CANNOT_CONNECT_NOW);
        let limit = if is_starting { self.limit.max(STARTING) } else { self.limit };
        let is_lost = self.is_first && is_unknown_host(&error);
        if is_lost || !is_passing(&error) || self.since.elapsed() > limit {
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

/// Whether there is no host of this name; a name server that does not answer may do so later.
fn is_unknown_host(error: &Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|source| {
        let text = source.to_string();
        text.starts_with("failed to lookup address information") && !text.contains("emporary")
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Link, Refused, config};

    fn refused(url: &str) -> Error {
        let (config, tls) = config(url).unwrap();
        match Link::open(&config, &tls) {
            Err(Refused::Server(error)) => error,
            other => panic!("{url}: {other:?}"),
        }
    }

    /// A host of an unknown name is not waited for; a server that does not listen yet is.
    #[test]
    fn what_cannot_heal_ends_at_once() {
        let limit = Duration::from_secs(3600);
        // A port that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("postgresql://me@127.0.0.1:{}/x", free.port());
        assert!(Patience::of_first(limit).bear(refused(&url)).is_ok());
        let unknown = || refused("postgresql://me@no-such-host.invalid/x");
        if explained(unknown()).to_string().contains("emporary") {
            eprintln!("skipped: no name server answers");
            return;
        }
        let error = Patience::of_first(limit).bear(unknown()).unwrap_err().to_string();
        assert!(error.contains("lookup"), "{error}");
        // A host that was there may come back.
        assert!(Patience::of(limit).bear(unknown()).is_ok());
    }
}
