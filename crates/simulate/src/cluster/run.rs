//! A running simulation.

use super::event::{Event, What};
use super::{Cluster, Glance, SimulateError, Summary};
use crate::Workload;
use automl_numeric::{Stream, stream};
use automl_study::{Ladder, Next, State, Study};
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

/// A running simulation.
pub(super) struct Run<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) study: &'a mut Study,
    pub(super) workload: &'a dyn Workload,
    pub(super) ladder: Ladder,
    pub(super) rng: Stream,
    pub(super) events: BinaryHeap<Event>,
    pub(super) order: u64,
    pub(super) now: f64,
    pub(super) idle: usize,
    pub(super) jobs: u64,
    pub(super) crashes: u64,
    /// Training that was not lost.
    pub(super) useful: f64,
    pub(super) useful_when_handed_out: f64,
    pub(super) handed_out: f64,
    pub(super) decisions: u64,
    pub(super) decision_time: Duration,
    /// The best reported loss and the final loss of its trial.
    pub(super) incumbent: (f64, f64),
    /// The runtime factor and the cost of each running job.
    pub(super) running: HashMap<u64, (f64, f64)>,
    pub(super) glances: Vec<Glance>,
    pub(super) noted: (u64, Duration),
}

impl<'a> Run<'a> {
    pub(super) fn new(
        cluster: &'a Cluster,
        study: &'a mut Study,
        workload: &'a dyn Workload,
        ladder: Ladder,
    ) -> Self {
        Self {
            cluster,
            study,
            workload,
            ladder,
            rng: stream(cluster.seed, 0, "cluster"),
            events: BinaryHeap::new(),
            order: 0,
            now: 0.0,
            idle: cluster.workers,
            jobs: 0,
            crashes: 0,
            useful: 0.0,
            useful_when_handed_out: 0.0,
            handed_out: 0.0,
            decisions: 0,
            decision_time: Duration::ZERO,
            incumbent: (f64::INFINITY, f64::NAN),
            running: HashMap::new(),
            glances: Vec::new(),
            noted: (0, Duration::ZERO),
        }
    }
}

impl Run<'_> {
    /// Hands out the jobs and waits for the last one to end.
    pub(super) fn execute(&mut self) -> Result<(), SimulateError> {
        self.hand_out()?;
        while let Some(event) = self.events.pop() {
            self.now = event.time;
            self.happen(event.what)?;
            self.hand_out()?;
        }
        if self.jobs < self.cluster.jobs && !self.finished()? {
            return Err(SimulateError::Stuck { jobs: self.jobs });
        }
        self.glance();
        Ok(())
    }

    /// The results, after this wall time.
    pub(super) fn summary(self, wall: Duration) -> Summary {
        let workers = self.cluster.workers as f64;
        let history = self.study.history();
        let states = [State::Complete, State::Pruned, State::Paused, State::Failed];
        let share = |useful: f64, time: f64| useful / (workers * time).max(f64::MIN_POSITIVE);
        Summary {
            jobs: self.jobs,
            crashes: self.crashes,
            handed_out: self.handed_out,
            ended: self.now,
            utilisation: share(self.useful_when_handed_out, self.handed_out),
            utilisation_with_end: share(self.useful, self.now),
            decisions: self.decisions,
            decision_time: self.decision_time,
            wall,
            states: states.map(|state| history.count(state)),
            glances: self.glances,
        }
    }

    /// Wall time of a call to the study.
    pub(super) fn timed<T>(&mut self, call: impl FnOnce(&mut Study) -> T) -> T {
        let start = Instant::now();
        let result = call(self.study);
        self.decision_time += start.elapsed();
        self.decisions += 1;
        result
    }

    /// Training that is under way and will not be lost.
    pub(super) fn under_way(&self) -> f64 {
        let part = |event: &Event| match event.what {
            What::Reached { began, .. } => self.now - began,
            What::Replaced { .. } => 0.0,
        };
        self.events.iter().map(part).sum()
    }

    pub(super) fn glance(&mut self) {
        let (decisions, time) = (self.decisions - self.noted.0, self.decision_time - self.noted.1);
        if decisions == 0 {
            return;
        }
        self.noted = (self.decisions, self.decision_time);
        self.glances.push(Glance {
            time: self.now,
            jobs: self.jobs,
            trials: self.study.history().len() as u64,
            regret: self.incumbent.1 - self.workload.optimum(),
            decision: time.as_secs_f64() * 1e6 / decisions as f64,
        });
    }

    fn finished(&mut self) -> Result<bool, SimulateError> {
        Ok(matches!(self.study.next_job()?, Next::Finished))
    }
}
