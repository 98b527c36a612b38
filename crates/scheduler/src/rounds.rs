//! Synchronous brackets, one round after the other: what successive halving and Hyperband share.

use crate::bracket::Bracket;
use crate::races::Races;
use crate::rungs::{Rungs, pause_at_end};
use automl_study::{History, Job, State, Verdict};
use std::collections::BTreeSet;

/// Rounds `0, 1, 2, ...` of which round `i` is played by bracket `i mod cycle`. The number of the
/// round is the bracket attribute of its trials.
///
/// A limit of trials is one of the whole study. Trials that fill no place of a round (of another
/// scheduler, say, under which the study began) use it up as well, so the last round is cut to what
/// they leave.
#[derive(Clone, Debug)]
pub(crate) struct Rounds {
    cycle: Vec<Bracket>,
    races: Races,
    /// How many places of each round are filled, and of all.
    filled: Vec<usize>,
    total: usize,
    /// Rounds that have a job to hand out.
    ready: BTreeSet<usize>,
    limit: Option<u64>,
    /// What the limit leaves for the rounds.
    left: Option<u64>,
}

impl Rounds {
    pub(crate) fn new(cycle: Vec<Bracket>) -> Self {
        Self {
            cycle,
            races: Races::default(),
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

    fn bracket(&self, round: usize) -> &Bracket {
        &self.cycle[round % self.cycle.len()]
    }

    /// How many trials a round starts: as its bracket says, or what the limit leaves.
    fn size(&self, round: usize) -> usize {
        let size = |round: usize| -> usize { self.bracket(round).sizes()[0] };
        let Some(left) = self.left else { return size(round) };
        let left: usize = usize::try_from(left).unwrap_or(usize::MAX);
        let cycle: usize = (0..self.cycle.len()).map(size).sum();
        let whole = (round / self.cycle.len()).saturating_mul(cycle);
        let before = whole + (0..round % self.cycle.len()).map(size).sum::<usize>();
        size(round).min(left.saturating_sub(before))
    }

    fn follow(&mut self, history: &History) {
        let cycle = &self.cycle;
        let rungs =
            |round: usize| Some(Rungs::new(cycle[round % cycle.len()].fidelities().to_vec()));
        let mut touched = self.races.follow(history, rungs);
        self.filled.resize(self.races.len(), 0);
        for &round in &touched {
            let places = self.bracket(round).sizes()[0];
            let filled = self.races.get(round).trials().min(places);
            self.total = self.total + filled - std::mem::replace(&mut self.filled[round], filled);
        }
        // One that waits to be started will fill a place.
        let others = history.len() - self.total - history.count(State::Waiting);
        let left = self.limit.map(|limit| limit.saturating_sub(others as u64));
        if left != self.left {
            self.left = left;
            touched = (0..self.races.len()).collect();
        }
        for round in touched {
            if self.job(round).is_some() {
                self.ready.insert(round);
            } else {
                self.ready.remove(&round);
            }
        }
    }

    /// Whether everyone who will ever reach a rung has, and how many may be promoted from it: as
    /// many as the bracket has places at the next one, less those that skipped the rung.
    fn allowed(&self, round: usize, rung: usize) -> Option<usize> {
        let race = self.races.get(round);
        let sizes = self.bracket(round).sizes();
        let mut coming = self.size(round);
        if race.trials() < coming {
            return None;
        }
        for i in 0..=rung {
            if race.reached(i) + race.skipped(i) < coming {
                return None;
            }
            // A round that was cut short keeps the shares of a whole one.
            let next = sizes.get(i + 1).copied().unwrap_or(0);
            let allowed = (next * self.size(round)).div_euclid(sizes[0]);
            if i == rung {
                return Some(allowed.saturating_sub(race.skipped(i)));
            }
            coming = race.promoted(i) + race.skipped(i);
        }
        None
    }

    /// What a round has to hand out.
    fn job(&self, round: usize) -> Option<Job> {
        let fidelities = self.races.get(round).fidelities().to_vec();
        if self.races.get(round).trials() < self.size(round) {
            return Some(Job::Start { until: fidelities[0], bracket: Some(round as u64) });
        }
        for rung in 0..fidelities.len() - 1 {
            let allowed = self.allowed(round, rung)?;
            if let Some(trial) = self.races.get(round).promotable(rung, allowed) {
                return Some(Job::Resume { trial, until: fidelities[rung + 1] });
            }
        }
        None
    }

    pub(crate) fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        while let Some(&round) = self.ready.first() {
            match self.job(round) {
                Some(job) => return job,
                None => self.ready.remove(&round),
            };
        }
        let round = self.races.len();
        match self.size(round) {
            0 if history.count(State::Running) > 0 => Job::Wait,
            0 => Job::Finished,
            _ => Job::Start {
                until: self.bracket(round).fidelities()[0],
                bracket: Some(round as u64),
            },
        }
    }

    pub(crate) fn verdict(&self, history: &History, trial: u64) -> Verdict {
        // A bracket may end below the ladder's top if eta leaves no trial for it.
        let top = self.cycle.iter().flat_map(Bracket::fidelities).max();
        pause_at_end(history, trial, top.copied().unwrap_or(1))
    }

    /// The trials that were paused at a rung when its promotions had been handed out.
    pub(crate) fn dead_ends(&mut self, history: &History) -> Vec<u64> {
        self.follow(history);
        let mut ends = Vec::new();
        for round in 0..self.races.len() {
            for rung in 0..self.races.get(round).fidelities().len() {
                let Some(allowed) = self.allowed(round, rung) else { break };
                let race = self.races.get(round);
                if race.promotable(rung, allowed).is_some() {
                    break;
                }
                ends.extend(race.paused(rung));
            }
        }
        ends
    }
}
