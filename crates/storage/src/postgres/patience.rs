//! Patience with a server that ends, starts or is full.

use super::explained;
use crate::sql::database::Failure;
use std::error::Error as StdError;
use std::time::{Duration, Instant};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// The time to wait for a server that cannot be reached.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The time to wait for a server that says that it starts: after a crash it may have much to repair.
const STARTING: Duration = Duration::from_secs(600);

/// Waits of increasing length for a server that is not available.
pub(super) struct Patience {
    since: Instant,
    limit: Duration,
    pause: Duration,
}

impl Patience {
    pub(super) fn of(limit: Duration) -> Self {
        Self { since: Instant::now(), limit, pause: Duration::ZERO }
    }

    /// Waits before another attempt, or returns the error if it is permanent or has lasted too long.
    pub(super) fn bear(&mut self, error: Error) -> Result<(), Failure> {
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
pub(super) fn is_passing(error: &Error) -> bool {
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
