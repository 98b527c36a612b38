//! Synchronous brackets, one round after the other: what successive halving and Hyperband share.

use crate::bracket::Bracket;
use crate::races::Races;
use crate::rungs::{Rungs, pause_at_end};
use automl_study::{History, Job, Verdict};
use std::collections::BTreeSet;

/// Rounds `0, 1, 2, ...` of which round `i` is played by bracket `i mod cycle`. The number of the
/// round is the bracket attribute of its trials.
#[derive(Clone, Debug)]
pub(crate) struct Rounds {
    cycle: Vec<Bracket>,
    races: Races,
    /// Rounds that have a job to hand out.
    ready: BTreeSet<usize>,
    limit: Option<u64>,
}

impl Rounds {
    pub(crate) fn new(cycle: Vec<Bracket>) -> Self {
        Self { cycle, races: Races::default(), ready: BTreeSet::new(), limit: None }
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
        let Some(limit) = self.limit else { return size(round) };
        let limit: usize = usize::try_from(limit).unwrap_or(usize::MAX);
        let cycle: usize = (0..self.cycle.len()).map(size).sum();
        let whole = (round / self.cycle.len()).saturating_mul(cycle);
        let before = whole + (0..round % self.cycle.len()).map(size).sum::<usize>();
        size(round).min(limit.saturating_sub(before))
    }

    fn follow(&mut self, history: &History) {
        let cycle = &self.cycle;
        let rungs =
            |round: usize| Some(Rungs::new(cycle[round % cycle.len()].fidelities().to_vec()));
        for round in self.races.follow(history, rungs) {
            if self.job(round).is_some() {
                self.ready.insert(round);
            } else {
                self.ready.remove(&round);
            }
        }
    }

    /// Whether everyone who will ever reach a rung has, and how many may go on from it.
    fn allowed(&self, round: usize, rung: usize) -> Option<usize> {
        let race = self.races.get(round);
        let sizes = self.bracket(round).sizes();
        let mut coming = self.size(round);
        if race.trials() < coming {
            return None;
        }
        for i in 0..=rung {
            if race.reached(i) < coming {
                return None;
            }
            // A round that was cut short keeps the shares of a whole one.
            let next = sizes.get(i + 1).copied().unwrap_or(0);
            let allowed = (next * self.size(round)).div_euclid(sizes[0]);
            if i == rung {
                return Some(allowed);
            }
            coming = race.promoted(i);
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
            0 if history.count(automl_study::State::Running) > 0 => Job::Wait,
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
