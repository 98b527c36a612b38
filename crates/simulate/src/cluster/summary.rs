//! The results of a simulation.

use std::time::Duration;

/// One line of the table over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glance {
    /// The virtual time.
    pub time: f64,
    /// Jobs handed out by then.
    pub jobs: u64,
    /// Trials in the history by then.
    pub trials: u64,
    /// The incumbent's regret: its final loss above the optimum.
    pub regret: f64,
    /// The mean wall time of a decision since the last line, in microseconds.
    pub decision: f64,
}

/// What a simulation came to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Jobs handed out.
    pub jobs: u64,
    /// Workers that died during a job.
    pub crashes: u64,
    /// The virtual time at which the last job was handed out, and at which the last one ended.
    pub handed_out: f64,
    /// See `handed_out`.
    pub ended: f64,
    /// The share of the workers' time until the last job was handed out that went into training
    /// which was not lost.
    pub utilisation: f64,
    /// The same until the last job ended.
    pub utilisation_with_end: f64,
    /// Decisions: jobs handed out and reports judged.
    pub decisions: u64,
    /// The wall time that they took.
    pub decision_time: Duration,
    /// The wall time of everything.
    pub wall: Duration,
    /// The state of the trials at the end: complete, pruned, paused, failed.
    pub states: [usize; 4],
    /// The table over time.
    pub glances: Vec<Glance>,
}
