//! The ranking of trials that divides them into good and bad, updated incrementally.

use crate::dominance::by_dominance;
use crate::sorted_blocks::SortedBlocks;
use automl_numeric::order;
use automl_study::{Cursor, Fidelity, History, State, Trial, TrialId};
use std::cmp::Ordering;
use std::collections::HashMap;

/// The key by which trials are ranked, best first.
///
/// Lexicographic: trials with values before failed ones, then by smaller constraint violation, by
/// higher fidelity (schedulers promote the better trials), by smaller loss, and by number. A pruned
/// trial without a report and a trial with a NaN among its last values rank with the failed ones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SortKey {
    failed: bool,
    violation: f64,
    fidelity: Fidelity,
    loss: f64,
    number: TrialId,
}

impl SortKey {
    /// The key of a trial; `None` for a trial that has neither finished nor reported.
    fn of(history: &History, trial: &Trial) -> Option<Self> {
        let number = trial.number;
        let worst = Self {
            failed: true,
            violation: f64::INFINITY,
            fidelity: Fidelity::ZERO,
            loss: f64::NAN,
            number,
        };
        match (trial.state, trial.last_values()) {
            (State::Failed, _) | (State::Pruned, None) => Some(worst),
            (_, None) => None,
            (_, Some(values)) if values.iter().any(|v| v.is_nan()) => Some(worst),
            (state, Some(values)) => Some(Self {
                failed: false,
                // An empty sum is -0.0, which compares bitwise unequal to 0.0.
                violation: trial.violation() + 0.0,
                fidelity: if state == State::Complete { Fidelity::MAX } else { trial.fidelity() },
                loss: history.loss(values),
                number,
            }),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.failed
            .cmp(&other.failed)
            .then_with(|| order::compare(self.violation, other.violation))
            .then_with(|| other.fidelity.cmp(&self.fidelity))
            .then_with(|| order::compare(self.loss, other.loss))
            .then_with(|| self.number.cmp(&other.number))
    }
}

/// The ranking of all trials with a [`SortKey`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranking {
    sorted: SortedBlocks<SortKey>,
    keys: HashMap<TrialId, SortKey>,
    /// Numbers of the running and waiting trials without a report, ascending.
    pending: Vec<TrialId>,
    /// Numbers of the complete trials with values of black-box constraints, ascending.
    constrained: Vec<TrialId>,
    /// Losses by trial number, for several objectives only. `[n, m]`
    losses: Vec<f64>,
    cursor: Cursor,
}

impl Ranking {
    /// Applies the changes of the history since the last call.
    pub(crate) fn update(&mut self, history: &History) {
        let m = history.directions().len();
        if m > 1 {
            self.losses.resize(history.len() * m, f64::NAN);
        }
        for trial in history.changed(&mut self.cursor) {
            let number = trial.number;
            if trial.is_set_aside() {
                self.pending.retain(|pending| *pending != number);
                self.replace(number, None);
                continue;
            }
            let key = SortKey::of(history, trial);
            if m > 1
                && key.is_some()
                && let Some(values) = trial.last_values()
            {
                let row = &mut self.losses[number.index() * m..][..m];
                row.iter_mut().zip(history.losses(values)).for_each(|(own, loss)| *own = loss);
            }
            match (key.is_none(), self.pending.binary_search(&number)) {
                (true, Err(at)) => self.pending.insert(at, number),
                (false, Ok(at)) => drop(self.pending.remove(at)),
                _ => {}
            }
            if trial.state == State::Complete
                && !trial.constraints.is_empty()
                && let Err(at) = self.constrained.binary_search(&number)
            {
                self.constrained.insert(at, number);
            }
            self.replace(number, key);
        }
    }

    /// Replaces the key of a trial.
    fn replace(&mut self, number: TrialId, key: Option<SortKey>) {
        let old = match key {
            Some(key) => self.keys.insert(number, key),
            None => self.keys.remove(&number),
        };
        if old == key {
            return;
        }
        if let Some(old) = old {
            self.sorted.remove(&old, SortKey::compare);
        }
        if let Some(key) = key {
            self.sorted.insert(key, SortKey::compare);
        }
    }

    /// The number of ranked trials.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Numbers of the running and waiting trials without a report, ascending.
    pub(crate) fn pending(&self) -> &[TrialId] {
        &self.pending
    }

    /// Numbers of the complete trials with values of black-box constraints, ascending.
    pub(crate) fn constrained(&self) -> &[TrialId] {
        &self.constrained
    }

    /// Numbers of the `good` best trials, best first, and of at most `bad` of the others, evenly
    /// spaced by rank.
    ///
    /// Several objectives: trials that agree in violation and fidelity are ordered by
    /// [`by_dominance`].
    pub(crate) fn split(
        &self,
        history: &History,
        good: usize,
        bad: usize,
    ) -> (Vec<TrialId>, Vec<TrialId>) {
        let good = good.min(self.len());
        let others = evenly_spaced(self.len() - good, bad).map(|rank| good + rank);
        if history.directions().len() < 2 {
            let numbers = self.sorted.at((0..good).chain(others)).map(|key| key.number);
            let mut best: Vec<TrialId> = numbers.collect();
            let rest = best.split_off(good);
            return (best, rest);
        }
        let all = self.sorted_by_dominance(history.directions().len(), good);
        (all[..good].to_vec(), others.map(|rank| all[rank]).collect())
    }

    /// Numbers of all trials of `m` objectives, best first; the first `exact` in exact order, later
    /// ones by non-domination rank only.
    fn sorted_by_dominance(&self, m: usize, exact: usize) -> Vec<TrialId> {
        let keys: Vec<SortKey> = self.sorted.iter().copied().collect();
        let mut numbers = Vec::with_capacity(keys.len());
        let group = |key: &SortKey| (key.failed, key.violation.to_bits(), key.fidelity);
        for keys in keys.chunk_by(|a, b| group(a) == group(b)) {
            let losses = |key: &SortKey| &self.losses[key.number.index() * m..][..m];
            let losses: Vec<&[f64]> = keys.iter().map(losses).collect();
            let exact = exact.saturating_sub(numbers.len());
            numbers.extend(by_dominance(&losses, exact).into_iter().map(|i| keys[i].number));
        }
        numbers
    }
}

/// At most `limit` of the ranks below `n`, ascending and evenly spaced.
pub(crate) fn evenly_spaced(n: usize, limit: usize) -> impl Iterator<Item = usize> {
    let count = n.min(limit);
    let stride = if count > 0 { n as f64 / count as f64 } else { 1.0 };
    (0..count).map(move |i| (i as f64 * stride) as usize)
}
