//! The time limit of a search and its phases.

use automl_settings::Span;
use automl_study::StopFlag;
use std::time::Instant;

/// The time limit of a search, which began at `start`.
///
/// # Examples
/// ```
/// use automl_candidates::{Phase, TimeLimit};
/// use automl_settings::Span;
/// use std::time::{Duration, Instant};
///
/// let time = TimeLimit { start: Instant::now(), limit: Some(Span(Duration::from_secs(100))) };
/// assert_eq!(time.deadline(Phase::Trials), Some(time.start + Duration::from_secs(40)));
/// assert_eq!(TimeLimit { limit: None, ..time }.deadline(Phase::Trials), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TimeLimit {
    /// The beginning of the search.
    pub start: Instant,
    /// How long it may take.
    pub limit: Option<Span>,
}

/// A phase of a search, which ends after a share of the time limit.
#[derive(Clone, Copy, Debug)]
pub enum Phase {
    /// Measurement of the latency table.
    Latency,
    /// Training of a network that candidates are parts of.
    Learning,
    /// Evaluation of its parts.
    Parts,
    /// Trials of networks that are trained, where the final training needs the rest of the time.
    FewTrials,
    /// The same where it does not.
    Trials,
    /// Final training.
    Final,
}

impl TimeLimit {
    /// The end of a phase; `None` without a limit, or with one beyond the clock's range.
    pub fn deadline(self, phase: Phase) -> Option<Instant> {
        let share = match phase {
            Phase::Latency => 0.2,
            Phase::Learning | Phase::FewTrials => 0.15,
            Phase::Parts => 0.2,
            Phase::Trials => 0.4,
            Phase::Final => 1.0,
        };
        self.start.checked_add(self.limit?.0.mul_f64(share))
    }

    /// Whether the trials are over because the final training needs the rest of the time, about `seconds`: no
    /// sooner than after .15 of the time.
    ///
    /// The epochs of the final training decide more than the number of candidates: what they need has precedence.
    pub fn is_short(self, seconds: f64) -> bool {
        let left = |phase| Some(self.deadline(phase)?.saturating_duration_since(Instant::now()));
        left(Phase::FewTrials).is_some_and(|few| few.is_zero())
            && left(Phase::Final).is_some_and(|all| all.as_secs_f64() < seconds)
    }
}

/// Whether the stop flag is set, or the time is over.
pub fn is_over(stop: &StopFlag, deadline: Option<Instant>) -> bool {
    stop.is_set() || deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn trials_leave_the_time_of_the_final_training_once_there_are_some() {
        let short = |passed: u64, needed| {
            let start = Instant::now().checked_sub(Duration::from_secs(passed)).unwrap();
            TimeLimit { start, limit: Some(Span(Duration::from_secs(100))) }.is_short(needed)
        };
        assert!(!short(10, 99.0) && !short(20, 70.0) && short(20, 90.0));
        let endless = TimeLimit { start: Instant::now(), limit: None };
        assert!(!endless.is_short(f64::INFINITY));
    }
}
