//! The rungs at which trials compete: trials that reached them, were promoted, or are paused there.

use crate::non_dominated_fronts::NonDominatedFronts;
use crate::ranking::{Key, RungResult};
use automl_study::{Fidelity, History, State, Trial, TrialId, Verdict};
use std::collections::{BTreeSet, HashMap};

/// The rungs at which trials compete, updated trial by trial.
///
/// The state follows from the rows of the placed trials, so the order of changes does not matter.
///
/// A trial may be told above the fidelity that was asked for, or have been trained under other rungs,
/// and so skip a rung: it has a report above the rung and none at it. Such a trial counts neither among
/// those that reached the rung nor among those promoted from it, and `floor(n / eta)` of the others are
/// promoted as if it did not exist. It stands at the rung of its report, from which it can be promoted.
/// A caller that waits for a known number of trials at a rung must count the skipped ones too
/// ([`Rungs::skipped`]).
#[derive(Clone, Debug)]
pub(crate) struct Rungs {
    fidelities: Vec<Fidelity>,
    rungs: Vec<Rung>,
    places: HashMap<TrialId, Place>,
}

/// The state of one rung.
#[derive(Clone, Debug, Default)]
struct Rung {
    /// Trials that reached it, or ended on the way to it.
    reached: usize,
    /// Trials that were promoted from it.
    promoted: usize,
    /// Trials that skipped it.
    skipped: usize,
    /// Trials that are paused at it, best first by the first objective.
    paused: BTreeSet<(Key, TrialId)>,
    /// All results, for several objectives only.
    fronts: NonDominatedFronts,
}

/// The position of one trial.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The number of rungs that it has entered, and that it has left again.
    entered: u16,
    left: u16,
    /// Whether it counts as ended on the way to rung `entered`.
    ended: bool,
    /// The rung at which it is paused.
    paused: Option<(u16, Key)>,
}

impl Rungs {
    /// Creates rungs at increasing fidelities.
    pub(crate) fn new(fidelities: Vec<Fidelity>) -> Self {
        let rungs = vec![Rung::default(); fidelities.len()];
        Self { fidelities, rungs, places: HashMap::new() }
    }

    pub(crate) fn fidelities(&self) -> &[Fidelity] {
        &self.fidelities
    }

    /// The number of trials.
    pub(crate) fn trials(&self) -> usize {
        self.places.len()
    }

    /// Trials that reached a rung, or ended on the way to it.
    pub(crate) fn reached(&self, rung: usize) -> usize {
        self.rungs[rung].reached
    }

    /// Trials that were promoted from a rung.
    pub(crate) fn promoted(&self, rung: usize) -> usize {
        self.rungs[rung].promoted
    }

    /// Trials that are above a rung and never stood at it.
    pub(crate) fn skipped(&self, rung: usize) -> usize {
        self.rungs[rung].skipped
    }

    /// The report with which a trial stands at a rung: the first at its fidelity or above, below
    /// the next rung's.
    fn result(&self, history: &History, trial: &Trial, rung: usize) -> Option<RungResult> {
        let from = self.fidelities[rung];
        let below = self.fidelities.get(rung + 1).copied().unwrap_or(Fidelity::MAX);
        RungResult::within(history, trial, from, below)
    }

    /// Updates the rungs with the present row of a trial.
    pub(crate) fn place(&mut self, history: &History, trial: &Trial) {
        let number = trial.number;
        let target = trial.target().unwrap_or(Fidelity::ZERO);
        let mut place = self.places.get(&number).copied().unwrap_or_default();
        // Rungs that it has newly reached or skipped.
        while let Some(&fidelity) = self.fidelities.get(usize::from(place.entered)) {
            let at = usize::from(place.entered);
            if self.result(history, trial, at).is_some() {
                self.rungs[at].reached += 1;
            } else if self.fidelities.get(at + 1).is_none_or(|next| trial.fidelity() < *next) {
                if trial.state.is_finished() && target >= fidelity && !place.ended {
                    place.ended = true;
                    self.rungs[at].reached += 1;
                }
                break;
            } else {
                self.rungs[at].skipped += 1;
            }
            place.entered += 1;
        }
        // Rungs that it has left, or is leaving, by promotion, and those that it has skipped.
        while place.left < place.entered {
            let at = usize::from(place.left);
            if self.result(history, trial, at).is_some() {
                if target <= self.fidelities[at] {
                    break;
                }
                self.rungs[at].promoted += 1;
            }
            place.left += 1;
        }
        let stands = (trial.state == State::Paused && place.left < place.entered)
            .then(|| self.result(history, trial, usize::from(place.left)))
            .flatten()
            .map(|result| (place.left, Key::of(&result)));
        if stands != place.paused {
            if let Some((at, key)) = place.paused {
                self.rungs[usize::from(at)].paused.remove(&(key, number));
            }
            if let Some((at, key)) = stands {
                self.rungs[usize::from(at)].paused.insert((key, number));
            }
            place.paused = stands;
        }
        if history.directions().len() > 1 {
            for at in 0..usize::from(place.entered) {
                if let Some(result) = self.result(history, trial, at) {
                    let paused = stands.is_some_and(|(rung, _)| usize::from(rung) == at);
                    self.rungs[at].fronts.set(number, &result, paused);
                }
            }
        }
        self.places.insert(number, place);
    }

    /// Removes a trial that has not reached any rung yet: it runs in another bracket now.
    pub(crate) fn forget(&mut self, number: TrialId) {
        if let Some(place) = self.places.remove(&number) {
            if place.ended {
                self.rungs[usize::from(place.entered)].reached -= 1;
            }
            if let Some((at, key)) = place.paused {
                self.rungs[usize::from(at)].paused.remove(&(key, number));
            }
        }
    }

    /// The best trial that is paused at a rung with a result other than NaN.
    fn best_paused(&self, rung: usize) -> Option<TrialId> {
        let slot = &self.rungs[rung];
        let (_, number) = slot.paused.first().filter(|(key, _)| key.is_number())?;
        slot.fronts.best_paused().or(Some(*number))
    }

    /// The best paused trial of a rung if, with it, no more than `allowed` are promoted from there.
    pub(crate) fn promotable(&self, rung: usize, allowed: usize) -> Option<TrialId> {
        if self.rungs[rung].promoted < allowed { self.best_paused(rung) } else { None }
    }

    /// The trials that are paused at a rung.
    pub(crate) fn paused(&self, rung: usize) -> impl Iterator<Item = TrialId> {
        self.rungs[rung].paused.iter().map(|(_, number)| *number)
    }

    /// The trials that are paused at a rung and not among the next `left` promotions from it, for any
    /// further reports: those with a NaN, and those behind enough of the other paused ones.
    pub(crate) fn hopeless(&self, rung: usize, left: usize) -> Vec<TrialId> {
        let slot = &self.rungs[rung];
        if slot.fronts.is_empty() {
            let kept = slot.paused.iter().take_while(|(key, _)| key.is_number()).take(left);
            return self.paused(rung).skip(kept.count()).collect();
        }
        let nans = slot.paused.iter().rev().take_while(|(key, _)| !key.is_number());
        let nans = nans.map(|(_, number)| *number);
        nans.chain(slot.fronts.behind(left)).collect()
    }
}

/// The verdict of schedulers with rungs: pause at the end of the job, complete at the highest fidelity.
pub(crate) fn pause_at_end(history: &History, trial: TrialId, top: Fidelity) -> Verdict {
    let Some(trial) = history.get(trial) else { return Verdict::Stop };
    let target = trial.target().unwrap_or(top);
    if trial.fidelity() >= top {
        Verdict::Complete
    } else if trial.fidelity() >= target {
        Verdict::Pause
    } else {
        Verdict::Continue
    }
}
