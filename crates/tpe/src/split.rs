//! What is good and what is bad: the order of the trials, kept up to date.

use crate::ranked::Ranked;
use automl_numeric::{order, pareto};
use automl_study::{Change, Cursor, History, State, Trial};
use std::cmp::Ordering;
use std::collections::HashMap;

/// The place of a trial in the order, best first.
///
/// Feasible before infeasible; higher fidelity before lower (what survived is better than what was
/// stopped); then by loss; ties by number. Failed trials, and those whose last report is no number,
/// come last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    failed: bool,
    violation: f64,
    step: u64,
    loss: f64,
    pub(crate) number: u64,
}

impl Place {
    fn of(history: &History, trial: &Trial) -> Option<Self> {
        let number = trial.number;
        let nothing =
            Self { failed: true, violation: f64::INFINITY, step: 0, loss: f64::NAN, number };
        match (trial.state, trial.last_values()) {
            (State::Failed, _) | (State::Pruned, None) => Some(nothing),
            // A running trial counts at what it has reported, and else not at all.
            (_, None) => None,
            (_, Some(values)) if values.iter().any(|v| v.is_nan()) => Some(nothing),
            (state, Some(values)) => Some(Self {
                failed: false,
                // The sum of nothing is -0.0, which must not be told from 0.0.
                violation: trial.violation() + 0.0,
                // Complete trials have reached the top, wherever that is.
                step: if state == State::Complete { u64::MAX } else { trial.step() },
                loss: history.loss(values),
                number,
            }),
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        self.failed
            .cmp(&other.failed)
            .then_with(|| order::compare(self.violation, other.violation))
            .then_with(|| other.step.cmp(&self.step))
            .then_with(|| order::compare(self.loss, other.loss))
            .then_with(|| self.number.cmp(&other.number))
    }
}

/// All trials that count, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    places: Ranked<Place>,
    known: HashMap<u64, Place>,
    /// Running and waiting trials without a report.
    pub(crate) pending: Vec<u64>,
    /// Complete trials with values of black-box constraints.
    pub(crate) judged: Vec<u64>,
    /// The losses of each trial at its place, where there are several objectives. `[n, m]`
    losses: Vec<f64>,
    cursor: Cursor,
}

impl Order {
    /// Takes in what is new.
    pub(crate) fn follow(&mut self, history: &History) {
        let (changes, cursor) = history.since(self.cursor);
        self.cursor = cursor;
        let m = history.directions().len();
        if m > 1 {
            self.losses.resize(history.len() * m, f64::NAN);
        }
        for &Change { trial: number, .. } in changes {
            let Some(trial) = history.get(number) else { continue };
            let place = Place::of(history, trial);
            if m > 1
                && place.is_some()
                && let Some(values) = trial.last_values()
            {
                let own = &mut self.losses[number as usize * m..][..m];
                own.iter_mut().zip(history.losses(values)).for_each(|(own, loss)| *own = loss);
            }
            let pending = self.pending.binary_search(&number);
            match (place.is_none(), pending) {
                (true, Err(at)) => self.pending.insert(at, number),
                (false, Ok(at)) => drop(self.pending.remove(at)),
                _ => {}
            }
            if trial.state == State::Complete
                && !trial.constraints.is_empty()
                && let Err(at) = self.judged.binary_search(&number)
            {
                self.judged.insert(at, number);
            }
            let old = match place {
                Some(place) => self.known.insert(number, place),
                None => self.known.remove(&number),
            };
            if old == place {
                continue;
            }
            if let Some(old) = old {
                self.places.remove(&old, Place::order);
            }
            if let Some(place) = place {
                self.places.insert(place, Place::order);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The `good` best trials, best first, and at most `bad` of the others, evenly spread. With
    /// several objectives the order within a fidelity is by non-domination rank, then by
    /// contribution to the rank's hypervolume; the latter only for ranks that reach into the good.
    pub(crate) fn split(&self, history: &History, good: usize, bad: usize) -> (Vec<u64>, Vec<u64>) {
        let good = good.min(self.len());
        let others = spread(self.len() - good, bad).map(|rank| good + rank);
        if history.directions().len() < 2 {
            let numbers = self.places.at((0..good).chain(others)).map(|place| place.number);
            let mut best: Vec<u64> = numbers.collect();
            let rest = best.split_off(good);
            return (best, rest);
        }
        let sorted = self.sorted(history.directions().len(), good);
        (sorted[..good].to_vec(), others.map(|rank| sorted[rank]).collect())
    }

    /// The numbers of all trials, best first, for several objectives.
    fn sorted(&self, m: usize, exact: usize) -> Vec<u64> {
        let places: Vec<Place> = self.places.iter().copied().collect();
        let mut sorted = Vec::with_capacity(places.len());
        let group = |p: &Place| (p.failed, p.violation.to_bits(), p.step);
        for places in places.chunk_by(|a, b| group(a) == group(b)) {
            let losses = |place: &Place| &self.losses[place.number as usize * m..][..m];
            let losses: Vec<&[f64]> = places.iter().map(losses).collect();
            let exact = exact.saturating_sub(sorted.len());
            sorted.extend(by_dominance(&losses, exact).into_iter().map(|i| places[i].number));
        }
        sorted
    }
}

/// At most `most` of the ranks below `n`, ascending and evenly spread.
pub(crate) fn spread(n: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = n.min(most);
    let stride = if count > 0 { n as f64 / count as f64 } else { 1.0 };
    (0..count).map(move |i| (i as f64 * stride) as usize)
}

/// Positions by non-domination rank and hypervolume contribution within the rank; by crowding
/// distance in its place for more than three objectives, and for three on large fronts.
///
/// # Source
/// Ozaki et al. (2020), "Multiobjective Tree-Structured Parzen Estimator", section 3.2; Deb et al.
/// (2002), "NSGA-II", section III.B.
fn by_dominance(losses: &[&[f64]], exact: usize) -> Vec<usize> {
    let ranks = pareto::ranks(losses);
    let fronts = ranks.iter().max().map_or(0, |rank| rank + 1);
    let mut members = vec![Vec::new(); fronts];
    for (i, rank) in ranks.iter().enumerate() {
        members[*rank].push(i);
    }
    let mut order = Vec::with_capacity(losses.len());
    for front in members {
        if order.len() >= exact {
            order.extend(front);
            continue;
        }
        // Scaled to the front's own box, so that no objective's unit matters.
        let m = losses[0].len();
        let bound = |pick: fn(f64, f64) -> f64, start: f64, j: usize| {
            let finite = front.iter().map(|&i| losses[i][j]).filter(|x| x.is_finite());
            finite.fold(start, pick)
        };
        let box_: Vec<(f64, f64)> = (0..m)
            .map(|j| (bound(f64::min, f64::INFINITY, j), bound(f64::max, f64::NEG_INFINITY, j)))
            .collect();
        let scaled: Vec<Vec<f64>> = front
            .iter()
            .map(|&i| {
                losses[i]
                    .iter()
                    .zip(&box_)
                    .map(|(x, (low, high))| if high > low { (x - low) / (high - low) } else { 0.0 })
                    .collect()
            })
            .collect();
        // The cost of a contribution grows exponentially with the objectives.
        let share = if m == 2 || (m == 3 && front.len() <= 200) {
            pareto::contributions(&scaled, &vec![1.1; m])
        } else {
            pareto::crowding(&scaled, &vec![0; front.len()])
        };
        let mut inner: Vec<usize> = (0..front.len()).collect();
        inner.sort_by(|&a, &b| share[b].total_cmp(&share[a]).then(front[a].cmp(&front[b])));
        order.extend(inner.into_iter().map(|i| front[i]));
    }
    order
}
