//! Synchronous brackets in a cycle: the common part of successive halving and Hyperband.

use crate::bracket::Bracket;
use crate::bracket_set::BracketSet;
use crate::rungs::{Rungs, pause_at_end};
use automl_study::{Fidelity, History, Job, Run, State, TrialId, Verdict};
use std::collections::BTreeSet;

/// Iterations `0, 1, 2, ...`, of which iteration `i` runs bracket `i mod cycle`. The number of the
/// iteration is the bracket attribute of its trials.
///
/// A limit of trials is that of the whole study. Trials that belong to no iteration (of another
/// scheduler, say, under which the study began) count towards it as well, so the last iteration is cut
/// to the rest.
#[derive(Clone, Debug)]
pub(crate) struct BracketIterations {
    cycle: Vec<Bracket>,
    set: BracketSet,
    /// The number of filled places of each iteration, and their sum.
    filled: Vec<usize>,
    total: usize,
    /// Iterations that have a job.
    ready: BTreeSet<usize>,
    limit: Option<u64>,
    /// The rest of the limit for the iterations.
    left: Option<u64>,
}

impl BracketIterations {
    pub(crate) fn new(cycle: Vec<Bracket>) -> Self {
        Self {
            cycle,
            set: BracketSet::default(),
            filled: Vec::new(),
            total: 0,
            ready: BTreeSet::new(),
            limit: None,
            left: None,
        }
    }

    pub(crate) fn set_limit(&mut self, trials: Option<u64>) {
        self.limit = trials;
    }

    fn bracket(&self, iteration: usize) -> &Bracket {
        &self.cycle[iteration % self.cycle.len()]
    }

    /// The number of trials that an iteration starts: the size of its bracket, or the rest of the limit.
    fn size(&self, iteration: usize) -> usize {
        let size = |iteration: usize| -> usize { self.bracket(iteration).sizes()[0] };
        let Some(left) = self.left else { return size(iteration) };
        let left: usize = usize::try_from(left).unwrap_or(usize::MAX);
        let cycle: usize = (0..self.cycle.len()).map(size).sum();
        let whole = (iteration / self.cycle.len()).saturating_mul(cycle);
        let before = whole + (0..iteration % self.cycle.len()).map(size).sum::<usize>();
        size(iteration).min(left.saturating_sub(before))
    }

    fn follow(&mut self, history: &History) {
        let cycle = &self.cycle;
        let make = |iteration: usize| {
            Some(Rungs::new(cycle[iteration % cycle.len()].fidelities().to_vec()))
        };
        let mut touched = self.set.follow(history, make);
        self.filled.resize(self.set.len(), 0);
        for &iteration in &touched {
            let places = self.bracket(iteration).sizes()[0];
            let filled = self.set.get(iteration).trials().min(places);
            self.total =
                self.total + filled - std::mem::replace(&mut self.filled[iteration], filled);
        }
        // A trial that waits to start will fill a place.
        let others = history.len() - self.total - history.count(State::Waiting);
        let left = self.limit.map(|limit| limit.saturating_sub(others as u64));
        if left != self.left {
            self.left = left;
            touched = (0..self.set.len()).collect();
        }
        for iteration in touched {
            if self.job(iteration).is_some() {
                self.ready.insert(iteration);
            } else {
                self.ready.remove(&iteration);
            }
        }
    }

    /// The number of promotions from a rung that is complete, `None` before that: the places of the
    /// next rung, less the trials that skipped this one.
    fn allowed(&self, iteration: usize, rung: usize) -> Option<usize> {
        let rungs = self.set.get(iteration);
        let sizes = self.bracket(iteration).sizes();
        let mut coming = self.size(iteration);
        if rungs.trials() < coming {
            return None;
        }
        for i in 0..=rung {
            if rungs.reached(i) + rungs.skipped(i) < coming {
                return None;
            }
            // An iteration that was cut short keeps the shares of a full one.
            let next = sizes.get(i + 1).copied().unwrap_or(0);
            let allowed = (next * self.size(iteration)).div_euclid(sizes[0]);
            if i == rung {
                return Some(allowed.saturating_sub(rungs.skipped(i)));
            }
            coming = rungs.promoted(i) + rungs.skipped(i);
        }
        None
    }

    /// The next job of an iteration.
    fn job(&self, iteration: usize) -> Option<Job> {
        let fidelities = self.set.get(iteration).fidelities().to_vec();
        if self.set.get(iteration).trials() < self.size(iteration) {
            return Some(Job::Start(Run::to(fidelities[0]).in_bracket(iteration as u64)));
        }
        for rung in 0..fidelities.len() - 1 {
            let allowed = self.allowed(iteration, rung)?;
            if let Some(trial) = self.set.get(iteration).promotable(rung, allowed) {
                return Some(Job::Resume { trial, target: fidelities[rung + 1] });
            }
        }
        None
    }

    pub(crate) fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        while let Some(&iteration) = self.ready.first() {
            match self.job(iteration) {
                Some(job) => return job,
                None => self.ready.remove(&iteration),
            };
        }
        let iteration = self.set.len();
        match self.size(iteration) {
            0 if history.count(State::Running) > 0 => Job::Wait,
            0 => Job::Finished,
            _ => Job::Start(
                Run::to(self.bracket(iteration).fidelities()[0]).in_bracket(iteration as u64),
            ),
        }
    }

    pub(crate) fn verdict(&self, history: &History, trial: TrialId) -> Verdict {
        // A bracket may end below the ladder's top if eta leaves no trial for it.
        let top = self.cycle.iter().flat_map(Bracket::fidelities).max();
        pause_at_end(history, trial, top.copied().unwrap_or(Fidelity(1)))
    }

    /// The trials that are paused at a rung after its last promotion.
    pub(crate) fn unpromotable(&mut self, history: &History) -> Vec<TrialId> {
        self.follow(history);
        let mut ends = Vec::new();
        for iteration in 0..self.set.len() {
            for rung in 0..self.set.get(iteration).fidelities().len() {
                let Some(allowed) = self.allowed(iteration, rung) else { break };
                let rungs = self.set.get(iteration);
                if rungs.promotable(rung, allowed).is_some() {
                    break;
                }
                ends.extend(rungs.paused(rung));
            }
        }
        ends
    }
}
