//! What really happens in a simulation, and the invariants.

use super::worker;
use automl_study::{Fidelity, SharedStorage, State, Trial, TrialId};
use std::collections::BTreeMap;

/// Steps of silence after which a worker counts as dead.
pub(crate) const LEASE: u64 = 40;

/// A worker of one life: its index, and how often it has begun anew.
pub(crate) type Life = (usize, u64);

#[derive(Debug)]
pub(crate) struct Ledger {
    step: u64,
    /// The present life of each worker.
    pub(crate) lives: Vec<u64>,
    stopped: Vec<bool>,
    /// The step of the last heartbeat of a life; none once it has left in good order.
    beats: BTreeMap<Life, u64>,
    /// The life that was stopped for longer than its lease.
    late: BTreeMap<Life, bool>,
    pub(crate) owners: BTreeMap<TrialId, Life>,
    pub(crate) reports: BTreeMap<(TrialId, Fidelity), f64>,
    pub(crate) ends: BTreeMap<TrialId, f64>,
    pub(crate) checkpoints: BTreeMap<TrialId, Fidelity>,
    /// A handle that only reads, and the finished trials that it has seen.
    observer: Box<dyn SharedStorage>,
    finished: BTreeMap<TrialId, Trial>,
    pub(crate) violations: Vec<String>,
    /// Whether the study was given up.
    pub(crate) is_over: bool,
}

impl Ledger {
    pub(crate) fn new(workers: usize, mut observer: Box<dyn SharedStorage>) -> Self {
        observer.attach(&worker::space(), worker::DIRECTIONS).unwrap();
        Self {
            observer,
            step: 0,
            lives: vec![0; workers],
            stopped: vec![false; workers],
            beats: BTreeMap::new(),
            late: BTreeMap::new(),
            owners: BTreeMap::new(),
            reports: BTreeMap::new(),
            ends: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            finished: BTreeMap::new(),
            violations: Vec::new(),
            is_over: false,
        }
    }

    pub(crate) fn violation(&mut self, words: String) {
        self.is_over |= words.contains("does not come to its end");
        self.violations.push(format!("step {}: {words}", self.step));
    }

    pub(crate) fn life(&self, worker: usize) -> Life {
        (worker, self.lives[worker])
    }

    /// The next step. What lives and is not stopped has a heartbeat.
    pub(crate) fn step(&mut self) -> u64 {
        self.step += 1;
        for worker in 0..self.lives.len() {
            let life = self.life(worker);
            if !self.stopped[worker]
                && let Some(beat) = self.beats.get_mut(&life)
            {
                *beat = self.step;
            }
        }
        self.step
    }

    pub(crate) fn stop(&mut self, worker: usize, is_stopped: bool) {
        self.stopped[worker] = is_stopped;
        let life = self.life(worker);
        if self.beats.get(&life).is_some_and(|beat| self.step - beat > LEASE) {
            self.late.insert(life, true);
        }
    }

    /// A claim succeeded: it counts as a heartbeat.
    pub(crate) fn claims(&mut self, worker: usize, trial: TrialId, beats: bool) {
        let life = self.life(worker);
        let step = self.step;
        self.owners.insert(trial, life);
        if beats {
            self.beats.insert(life, step);
        } else {
            // Never beats again: the life is known under a name that no step renews.
            self.beats.entry(life).or_insert(step);
            self.stopped_forever(life);
        }
    }

    fn stopped_forever(&mut self, life: Life) {
        let step = self.beats.remove(&life).unwrap_or(self.step);
        self.beats.insert((life.0 + 1000, life.1), step);
    }

    pub(crate) fn leaves(&mut self, life: Life) {
        self.beats.remove(&life);
    }

    /// Whether the owner of a running trial is silent for longer than the lease, or has left.
    pub(crate) fn is_expired(&self, trial: TrialId) -> bool {
        let Some(life) = self.owners.get(&trial) else { return false };
        let beat = self.beats.get(life).or(self.beats.get(&(life.0 + 1000, life.1)));
        beat.is_none_or(|beat| self.step - beat > LEASE)
    }

    /// Whether a life was never silent for longer than the lease.
    pub(crate) fn is_healthy(&self, life: Life) -> bool {
        !self.late.contains_key(&life)
    }

    /// A report or an end of this worker was acknowledged.
    pub(crate) fn acknowledge(&mut self, worker: usize, trial: TrialId, what: &str) {
        let life = self.life(worker);
        match self.owners.get(&trial) {
            Some(owner) if *owner == life => {}
            other => {
                let words = format!("{what} of {trial} by {life:?} is acknowledged, of {other:?}");
                self.violation(words);
            }
        }
    }

    /// Now and then, a look at what has finished.
    pub(crate) fn observe(&mut self) {
        if self.step.is_multiple_of(8) {
            let trials = self.observer.trials_from(TrialId(0)).unwrap();
            self.compare(&trials);
        }
    }

    /// A finished trial never changes.
    fn compare(&mut self, trials: &[Trial]) {
        for trial in trials.iter().filter(|trial| trial.state.is_finished()) {
            match self.finished.get(&trial.number) {
                None => {
                    self.finished.insert(trial.number, trial.clone());
                }
                Some(known) if known == trial => {}
                Some(_) => self.violation(format!("the finished trial {} changed", trial.number)),
            }
        }
    }

    /// The invariants of the record at the end, as a new handle reads it.
    pub(crate) fn judge(&mut self, mut storage: Box<dyn SharedStorage>) {
        let trials = storage.attach(&worker::space(), worker::DIRECTIONS).unwrap();
        self.compare(&trials);
        for (index, trial) in trials.iter().enumerate() {
            if trial.number != index as u64 {
                self.violation(format!("trial {} stands at place {index}", trial.number));
            }
            if !trial.state.is_finished() && trial.state != State::Paused {
                self.violation(format!("trial {index} is {:?} at the end", trial.state));
            }
            if trials[..index].iter().any(|before| before.config == trial.config) {
                self.violation(format!("the configuration of trial {index} is there twice"));
            }
        }
        let reports: Vec<_> = self.reports.iter().map(|(key, value)| (*key, *value)).collect();
        for ((number, fidelity), value) in reports {
            let trial = trials.get(number.index());
            let found = trial.and_then(|trial| Some(trial.report_at(fidelity)?.values[0]));
            if found != Some(value) {
                let words = format!("report {value} of {number} at {fidelity} is {found:?}");
                self.violation(words);
            }
        }
        let ends: Vec<_> = self.ends.iter().map(|(number, value)| (*number, *value)).collect();
        for (number, value) in ends {
            let trial = trials.get(number.index());
            let found = trial.filter(|t| t.state == State::Complete).map(|t| t.values[0]);
            if found != Some(value) {
                self.violation(format!("the end {value} of {number} is {found:?}"));
            }
        }
    }
}
