//! Results of several objectives, kept sorted into fronts as they come.

use crate::ranking::{self, Loss, RungResult};
use automl_numeric::{order, pareto};
use automl_study::TrialId;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

/// The results of one rung in the order of [`ranking::order`], without those that have a NaN.
///
/// A new result goes to the first front in which no point dominates it; the points that it dominates
/// there move to the next front, and so on. With `n` results this takes `O(sqrt(n) log n)` for two
/// objectives with fronts of the usual `sqrt(n)` points, and at most `O(n m)` for more, `m`
/// in number. A result that changes (its constraints may) has its front and those behind it sorted
/// anew.
///
/// # Source
/// Li, Deb, Zhang & Zhang (2017), "Efficient Nondomination Level Update Method for Steady-State
/// Evolutionary Multiobjective Optimization", IEEE Transactions on Cybernetics 47; for two
/// objectives Yakupov & Buzdalov (2015), "Incremental Non-Dominated Sorting with O(N) Insertion for
/// the Two-Dimensional Case".
#[derive(Clone, Debug, Default)]
pub(crate) struct NonDominatedFronts {
    /// For each violation of the constraints, its fronts from best to worst.
    classes: BTreeMap<Loss, Vec<Front>>,
    results: HashMap<TrialId, RungResult>,
}

/// Points that do not dominate each other, in lexicographic order.
#[derive(Clone, Debug, Default)]
struct Front {
    points: Vec<Point>,
    /// The number of paused ones.
    paused: usize,
}

#[derive(Clone, Debug)]
struct Point {
    losses: Vec<f64>,
    number: TrialId,
    paused: bool,
}

impl Point {
    fn compare(&self, other: &Self) -> Ordering {
        order::lexicographic(&self.losses, &other.losses).then(self.number.cmp(&other.number))
    }
}

impl Front {
    /// Whether one of the points dominates another one. Of two objectives the second falls along
    /// the front, so the last point in front of the other one decides.
    fn dominates(&self, point: &Point) -> bool {
        let before = self.points.partition_point(|other| other.compare(point).is_lt());
        let first = if point.losses.len() == 2 { before.saturating_sub(1) } else { 0 };
        let mut candidates = self.points[first..before].iter();
        candidates.any(|other| pareto::dominates(&other.losses, &point.losses))
    }

    /// Takes a point in and returns those that it dominates; of two objectives they are neighbours.
    fn insert(&mut self, point: Point) -> Vec<Point> {
        let at = self.points.partition_point(|other| other.compare(&point).is_lt());
        let dominated = |other: &Point| pareto::dominates(&point.losses, &other.losses);
        let moved: Vec<Point> = if point.losses.len() == 2 {
            let some = self.points[at..].iter().take_while(|other| dominated(other)).count();
            self.points.drain(at..at + some).collect()
        } else {
            self.points.extract_if(at.., |other| dominated(other)).collect()
        };
        self.paused += usize::from(point.paused);
        self.paused -= moved.iter().filter(|point| point.paused).count();
        self.points.insert(at, point);
        moved
    }

    /// The trials from the most isolated one on.
    fn order(&self) -> impl Iterator<Item = &Point> {
        let losses: Vec<&[f64]> = self.points.iter().map(|point| &*point.losses).collect();
        ranking::isolated_first(&losses).into_iter().map(|at| &self.points[at])
    }
}

impl NonDominatedFronts {
    /// Sets the result of a trial and whether it is paused with it.
    pub(crate) fn set(&mut self, number: TrialId, result: &RungResult, paused: bool) {
        if self.results.get(&number).is_some_and(|old| old != result) {
            self.remove(number);
        }
        if !result.is_number() {
            return;
        }
        let fronts = self.classes.entry(Loss(result.violation)).or_default();
        let point = Point { losses: result.losses.clone(), number, paused };
        let first = fronts.partition_point(|front| front.dominates(&point));
        if self.results.contains_key(&number) {
            if let Some((front, at)) = find(fronts, first, &point) {
                let old = std::mem::replace(&mut front.points[at].paused, paused);
                front.paused = front.paused + usize::from(paused) - usize::from(old);
            }
            return;
        }
        self.results.insert(number, result.clone());
        let mut moving = vec![point];
        for at in first.. {
            if moving.is_empty() {
                break;
            }
            if at == fronts.len() {
                fronts.push(Front::default());
            }
            moving = moving.into_iter().flat_map(|point| fronts[at].insert(point)).collect();
        }
    }

    fn remove(&mut self, number: TrialId) {
        let Some(result) = self.results.remove(&number) else { return };
        let Some(fronts) = self.classes.get_mut(&Loss(result.violation)) else { return };
        let point = Point { losses: result.losses, number, paused: false };
        let first = fronts.partition_point(|front| front.dominates(&point));
        let behind = fronts.split_off(first);
        let mut points: Vec<Point> = behind.into_iter().flat_map(|front| front.points).collect();
        points.retain(|point| point.number != number);
        points.sort_by(Point::compare);
        let losses: Vec<&[f64]> = points.iter().map(|point| &*point.losses).collect();
        for (rank, point) in pareto::ranks(&losses).into_iter().zip(points) {
            let at = first + rank;
            if fronts.len() <= at {
                fronts.resize(at + 1, Front::default());
            }
            fronts[at].paused += usize::from(point.paused);
            fronts[at].points.push(point);
        }
    }

    /// Whether there is no result with a number.
    pub(crate) fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    fn fronts(&self) -> impl Iterator<Item = &Front> {
        self.classes.values().flatten()
    }

    /// The best of the paused trials.
    pub(crate) fn best_paused(&self) -> Option<TrialId> {
        let front = self.fronts().find(|front| front.paused > 0)?;
        front.order().find(|point| point.paused).map(|point| point.number)
    }

    /// The paused trials that `left` other paused ones are ahead of for ever: those that violate the
    /// constraints less, and those that dominate them.
    pub(crate) fn behind(&self, left: usize) -> Vec<TrialId> {
        let mut ahead = 0;
        let mut behind = Vec::new();
        for fronts in self.classes.values() {
            let all = fronts.iter().flat_map(|front| &front.points);
            let paused: Vec<&Point> = all.filter(|point| point.paused).collect();
            // No trial has more dominators than there are others.
            if ahead + paused.len() > left {
                let losses: Vec<&[f64]> = paused.iter().map(|point| &*point.losses).collect();
                let numbers = paused.iter().zip(pareto::domination_counts(&losses));
                behind.extend(numbers.filter(|(_, by)| ahead + by >= left).map(|(p, _)| p.number));
            }
            ahead += paused.len();
        }
        behind
    }

    /// How many trials are better than this one; `None` if it has no number for a result.
    pub(crate) fn place(&self, number: TrialId) -> Option<usize> {
        let result = self.results.get(&number)?;
        let own = Loss(result.violation);
        let better: usize = self.classes.range(..own).map(|(_, fronts)| points(fronts)).sum();
        let fronts = self.classes.get(&own)?;
        let point = Point { losses: result.losses.clone(), number, paused: false };
        let first = fronts.partition_point(|front| front.dominates(&point));
        let here = fronts.get(first)?.order().position(|point| point.number == number)?;
        Some(better + points(&fronts[..first]) + here)
    }
}

fn points(fronts: &[Front]) -> usize {
    fronts.iter().map(|front| front.points.len()).sum()
}

/// The front that a point lies in, and where.
fn find<'a>(fronts: &'a mut [Front], at: usize, point: &Point) -> Option<(&'a mut Front, usize)> {
    let front = fronts.get_mut(at)?;
    let at = front.points.binary_search_by(|other| other.compare(point)).ok()?;
    Some((front, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn change(objectives: usize) -> impl Strategy<Value = (TrialId, RungResult, bool)> {
        let loss = prop_oneof![9 => (0..8i32).prop_map(f64::from), 1 => Just(f64::NAN)];
        let losses = proptest::collection::vec(loss, objectives);
        let violation = prop_oneof![3 => Just(0.0), 1 => (1..3i32).prop_map(f64::from)];
        let result =
            (violation, losses).prop_map(|(violation, losses)| RungResult { violation, losses });
        ((0u64..40).prop_map(TrialId), result, any::<bool>())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn they_are_the_order_from_scratch(
            changes in (2usize..5).prop_flat_map(|m| proptest::collection::vec(change(m), 1..80)),
            keep in any::<bool>(),
        ) {
            let mut fronts = NonDominatedFronts::default();
            let mut all: BTreeMap<TrialId, (RungResult, bool)> = BTreeMap::new();
            for (number, result, paused) in changes {
                // Half of the time only what may change in a study does.
                let old = all.get(&number).filter(|_| keep).map(|(old, _)| old.clone());
                let result = old.unwrap_or(result);
                fronts.set(number, &result, paused);
                all.insert(number, (result, paused));
                let numbers: Vec<TrialId> = all.keys().copied().collect();
                let results: Vec<&RungResult> = all.values().map(|(result, _)| result).collect();
                let order: Vec<TrialId> = ranking::order(&results)
                    .into_iter()
                    .filter(|&i| results[i].is_number())
                    .map(|i| numbers[i])
                    .collect();
                let best = order.iter().find(|number| all[number].1).copied();
                prop_assert_eq!(fronts.best_paused(), best);
                for number in numbers {
                    let place = order.iter().position(|other| *other == number);
                    prop_assert_eq!(fronts.place(number), place);
                }
            }
        }
    }
}
