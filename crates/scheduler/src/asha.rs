//! Asynchronous successive halving, by promotion.

use crate::ranking::{self, Key, Result};
use automl_study::{Cursor, History, Job, Ladder, Scheduler, State, Trial, Verdict, attribute};
use std::collections::BTreeSet;
use thiserror::Error;

/// Why the scheduler cannot be made.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum AshaError {
    /// The reduction factor must lie above 1.
    #[error("the reduction factor eta must be above 1, not {eta}")]
    Eta {
        /// The factor.
        eta: f64,
    },
}

/// Asynchronous successive halving (ASHA) with promotion and resume.
///
/// A new trial is trained to the lowest rung and pauses there. Whenever a worker is free, the
/// highest rung that has a trial to promote resumes it to the next rung; otherwise a new trial
/// starts. Of the `n` trials that have reached a rung at most `floor(n / eta)` are ever promoted,
/// and only the best paused one, which then is among the best `n / eta`. A trial that fails on its
/// way to a rung counts there as the worst.
///
/// Several objectives are ordered by non-domination rank and crowding distance; infeasible trials
/// come after feasible ones. A decision takes `O(log n)` for one objective; for several,
/// `O(n log n)` at each `eta`-th trial of a rung.
///
/// # Source
/// Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning", algorithm 2; the
/// limit of `floor(n / eta)` promotions in all is ours, which only delays what the paper would
/// promote at once.
#[derive(Clone, Debug)]
pub struct Asha {
    eta: f64,
    fidelities: Vec<u64>,
    rungs: Vec<Rung>,
    cursor: Cursor,
    /// For each trial the number of rungs that it has entered, and that it has left again.
    entered: Vec<u8>,
    left: Vec<u8>,
    /// Which trials have been counted as failed on their way to a rung.
    failed: Vec<bool>,
}

/// What is known of one rung.
#[derive(Clone, Debug, Default)]
struct Rung {
    /// Trials that reached it, or failed on the way.
    reached: usize,
    /// Trials that went on from it.
    promoted: usize,
    /// Trials that are paused at it, best first by the first objective.
    paused: BTreeSet<(Key, u64)>,
    /// All results, for several objectives only.
    results: Vec<(u64, Result)>,
}

impl Asha {
    /// Rungs at the ladder's top divided by powers of `eta`.
    ///
    /// # Errors
    /// [`AshaError::Eta`] unless `eta` is finite and above 1.
    pub fn new(ladder: &Ladder, eta: f64) -> std::result::Result<Self, AshaError> {
        if !(eta.is_finite() && eta > 1.0) {
            return Err(AshaError::Eta { eta });
        }
        let fidelities = ladder.rungs(eta);
        let rungs = vec![Rung::default(); fidelities.len()];
        Ok(Self {
            eta,
            fidelities,
            rungs,
            cursor: Cursor::default(),
            entered: Vec::new(),
            left: Vec::new(),
            failed: Vec::new(),
        })
    }

    /// The fidelities of the rungs, rising.
    pub fn rungs(&self) -> &[u64] {
        &self.fidelities
    }

    /// Takes in what is new.
    fn follow(&mut self, history: &History) {
        let (changes, cursor) = history.since(self.cursor);
        self.cursor = cursor;
        self.entered.resize(history.len(), 0);
        self.left.resize(history.len(), 0);
        self.failed.resize(history.len(), false);
        let several = history.directions().len() > 1;
        for change in changes {
            if let Some(trial) = history.get(change.trial) {
                self.place(history, trial, several);
            }
        }
    }

    /// Enters a trial at every rung that it has newly reached, and moves it in or out of the
    /// paused ones. Depends on the trial's row only, so the order of changes does not matter.
    fn place(&mut self, history: &History, trial: &Trial, several: bool) {
        let number = trial.number;
        let until = trial.number_attribute(attribute::UNTIL).unwrap_or(0);
        let entered = &mut self.entered[number as usize];
        while let Some(&fidelity) = self.fidelities.get(usize::from(*entered)) {
            let rung = &mut self.rungs[usize::from(*entered)];
            match Result::at(history, trial, fidelity) {
                Some(result) => {
                    rung.reached += 1;
                    if several {
                        rung.results.push((number, result));
                    }
                    *entered += 1;
                }
                None if trial.state == State::Failed && until == fidelity => {
                    if !std::mem::replace(&mut self.failed[number as usize], true) {
                        rung.reached += 1;
                    }
                    break;
                }
                None => break,
            }
        }
        let entered = *entered;
        let left = &mut self.left[number as usize];
        let key = |fidelity| Result::at(history, trial, fidelity).map(|r| (Key::of(&r), number));
        // Rungs that the trial has left, or is leaving, by promotion.
        while *left < entered && until > self.fidelities[usize::from(*left)] {
            let rung = &mut self.rungs[usize::from(*left)];
            rung.promoted += 1;
            if let Some(entry) = key(self.fidelities[usize::from(*left)]) {
                rung.paused.remove(&entry);
            }
            *left += 1;
        }
        // The rung at which it stands.
        if *left < entered
            && let Some(entry) = key(self.fidelities[usize::from(*left)])
        {
            let rung = &mut self.rungs[usize::from(*left)];
            if trial.state == State::Paused {
                rung.paused.insert(entry);
            } else {
                rung.paused.remove(&entry);
            }
        }
    }

    /// The trial to promote from a rung.
    fn promotable(&self, rung: &Rung) -> Option<u64> {
        let allowed = (rung.reached as f64 / self.eta).floor() as usize;
        if rung.promoted >= allowed || rung.paused.is_empty() {
            return None;
        }
        if rung.results.is_empty() {
            let (key, number) = rung.paused.first()?;
            return key.is_number().then_some(*number);
        }
        let mut entries: Vec<&(u64, Result)> = rung.results.iter().collect();
        entries.sort_by_key(|(number, _)| *number);
        let paused: BTreeSet<u64> = rung.paused.iter().map(|(_, number)| *number).collect();
        let results: Vec<Result> = entries.iter().map(|(_, result)| result.clone()).collect();
        let best = ranking::order(&results)
            .into_iter()
            .find(|&i| paused.contains(&entries[i].0) && results[i].is_number())?;
        Some(entries[best].0)
    }
}

impl Scheduler for Asha {
    fn next_job(&mut self, history: &History) -> Job {
        self.follow(history);
        for (rung, next) in self.rungs.iter().zip(self.fidelities.iter().skip(1)).rev() {
            if let Some(trial) = self.promotable(rung) {
                return Job::Resume { trial, until: *next };
            }
        }
        let until = self.fidelities.first().copied().unwrap_or(1);
        Job::Start { until, bracket: None }
    }

    fn verdict(&mut self, history: &History, trial: u64) -> Verdict {
        let Some(trial) = history.get(trial) else { return Verdict::Stop };
        let top = self.fidelities.last().copied().unwrap_or(1);
        let until = trial.number_attribute(attribute::UNTIL).unwrap_or(top);
        if trial.step() >= top {
            Verdict::Complete
        } else if trial.step() >= until {
            Verdict::Pause
        } else {
            Verdict::Continue
        }
    }
}
