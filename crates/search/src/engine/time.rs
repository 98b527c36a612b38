//! The time limit of a search and its phases.

use crate::Span;
use automl_study::StopFlag;
use std::time::Instant;

/// The time limit of a search, which began at `start`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLimit {
    pub(crate) start: Instant,
    pub(crate) limit: Option<Span>,
}

/// A phase of a search, which ends after a share of the time limit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    /// Measurement of the latency table.
    Latency,
    /// Training of a network that candidates are parts of.
    Learning,
    /// Trials, of networks that are trained or of parts of a trained one.
    Trials,
    /// Final training.
    Final,
}

impl TimeLimit {
    /// The end of a phase; `None` without a limit, or with one beyond the clock's range.
    pub(crate) fn deadline(self, phase: Phase) -> Option<Instant> {
        let share = match phase {
            Phase::Latency => 0.2,
            Phase::Learning => 1.0 / 3.0,
            Phase::Trials => 0.4,
            Phase::Final => 1.0,
        };
        self.start.checked_add(self.limit?.0.mul_f64(share))
    }
}

/// Whether the stop flag is set, or the time is over.
pub fn is_over(stop: &StopFlag, deadline: Option<Instant>) -> bool {
    stop.is_set() || deadline.is_some_and(|deadline| Instant::now() >= deadline)
}
