//! Workers in virtual time.

mod error;
mod event;
mod run;
mod summary;
#[cfg(test)]
mod tests;
mod workers;

pub use error::SimulateError;
pub use summary::{Glance, Summary};

use crate::{Runtimes, Workload};
use automl_study::Study;
use run::Run;
use std::time::Instant;

/// Workers and what happens to them. Times are in units of the ladder's cost.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The number of workers.
    pub workers: usize,
    /// How many jobs are handed out.
    pub jobs: u64,
    /// How long jobs take.
    pub runtimes: Runtimes,
    /// The share of jobs that take `straggle` times as long.
    pub stragglers: f64,
    /// How many times as long those take.
    pub straggle: f64,
    /// The probability that a worker dies during a job.
    pub crashes: f64,
    /// How long it takes until a dead worker's trial is given back and the worker has been replaced.
    pub restart: f64,
    /// The seed of runtimes and crashes (the study has its own).
    pub seed: u64,
}

impl Cluster {
    /// Runs a study with a ladder on a workload: hands out the jobs, then waits for the last to end.
    ///
    /// With several objectives the second is the workload's size and further ones are the sum of
    /// both; the incumbent is judged by the first.
    ///
    /// # Errors
    /// [`SimulateError`] for settings out of range, a study without a ladder, or one that fails.
    pub fn run(
        &self,
        study: &mut Study,
        workload: &dyn Workload,
    ) -> Result<Summary, SimulateError> {
        self.check()?;
        let ladder = study.ladder().cloned().ok_or(SimulateError::Setting {
            what: "the number of fidelities",
            range: "1 or more",
            found: 0.0,
        })?;
        let start = Instant::now();
        let mut run = Run::new(self, study, workload, ladder);
        run.execute()?;
        Ok(run.summary(start.elapsed()))
    }

    fn check(&self) -> Result<(), SimulateError> {
        let setting = |what, range, found: f64, fits: bool| {
            if fits { Ok(()) } else { Err(SimulateError::Setting { what, range, found }) }
        };
        let share = "0 to 1";
        setting("the number of workers", "1 or more", self.workers as f64, self.workers > 0)?;
        setting(
            "the share of stragglers",
            share,
            self.stragglers,
            (0.0..=1.0).contains(&self.stragglers),
        )?;
        setting("the share of crashes", share, self.crashes, (0.0..1.0).contains(&self.crashes))?;
        let finite = |x: f64| x.is_finite() && x >= 0.0;
        setting("a straggler's delay", "0 or more", self.straggle, finite(self.straggle))?;
        setting("the time of a restart", "0 or more", self.restart, finite(self.restart))
    }
}
