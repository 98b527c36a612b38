//! Selection by non-domination rank and crowding distance or, of many objectives, reference points.

use super::reference_points::niched;
use crate::individual::Individual;
use automl_numeric::{order, pareto};
use rand::{Rng, RngExt};
use std::cmp::{Ordering, Reverse};

/// A member of the population.
#[derive(Clone, Debug)]
pub(super) struct Member<'a, 'b> {
    pub(super) individual: &'b Individual<'a>,
    rank: usize,
    crowding: f64,
}

impl Member<'_, '_> {
    /// The crowded comparison: `Less` is better.
    fn compare(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank).then(other.crowding.total_cmp(&self.crowding))
    }
}

/// The fewest objectives of which the last front is chosen by reference points: crowding distances
/// call the extremes good, and of many objectives most points of a front are extreme.
const MANY_OBJECTIVES: usize = 4;

/// The best `size` individuals by rank, then by falling crowding distance; the earlier of two equals.
/// From four objectives on, NSGA-III's niches choose from the last front, and members of a rank are
/// equal.
pub(super) fn survivors<'a, 'b>(pool: Vec<&'b Individual<'a>>, size: usize) -> Vec<Member<'a, 'b>> {
    let ranks = ranks(&pool);
    let losses: Vec<&[f64]> = pool.iter().map(|individual| individual.losses()).collect();
    if losses.first().is_some_and(|losses| losses.len() >= MANY_OBJECTIVES) {
        let member = |i: usize| Member { individual: pool[i], rank: ranks[i], crowding: 0.0 };
        return spread(&losses, &ranks, size).into_iter().map(member).collect();
    }
    let crowding = pareto::crowding(&losses, &ranks);
    let mut members: Vec<Member<'a, 'b>> = pool
        .into_iter()
        .zip(ranks.into_iter().zip(crowding))
        .map(|(individual, (rank, crowding))| Member { individual, rank, crowding })
        .collect();
    members.sort_by(Member::compare);
    members.truncate(size);
    members
}

/// The positions of `size` survivors: all of the better ranks, and of the last one those that
/// [`niched`] takes, or the first ones where a loss is not finite.
fn spread(losses: &[&[f64]], ranks: &[usize], size: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..losses.len()).collect();
    order.sort_by_key(|i| ranks[*i]);
    let Some(last) = order.get(size).map(|i| ranks[*i]) else { return order };
    let better = order.partition_point(|i| ranks[*i] < last);
    let end = order.partition_point(|i| ranks[*i] <= last);
    let (chosen, front) = (&order[..better], &order[better..end]);
    let of = |positions: &[usize]| positions.iter().map(|i| losses[*i]).collect::<Vec<&[f64]>>();
    if !of(&order[..end]).iter().all(|losses| losses.iter().all(|x| x.is_finite())) {
        order.truncate(size);
        return order;
    }
    let taken = niched(&of(chosen), &of(front), size - better, size);
    chosen.iter().copied().chain(taken.into_iter().map(|i| front[i])).collect()
}

/// Constrained non-domination ranks.
///
/// The feasible individuals by fidelity, highest first, and by non-domination rank within a fidelity;
/// then the infeasible ones, with one rank for each size of the violation.
fn ranks(pool: &[&Individual<'_>]) -> Vec<usize> {
    let key = |i: usize| pool[i].key;
    let (mut feasible, mut infeasible): (Vec<usize>, Vec<usize>) =
        (0..pool.len()).partition(|i| key(*i).violation <= 0.0);
    feasible.sort_by_key(|i| Reverse(key(*i).fidelity));
    let mut ranks = vec![0; pool.len()];
    let mut next = 0;
    for group in feasible.chunk_by(|a, b| key(*a).fidelity == key(*b).fidelity) {
        let losses: Vec<&[f64]> = group.iter().map(|i| pool[*i].losses()).collect();
        let first = next;
        for (i, rank) in group.iter().zip(pareto::ranks(&losses)) {
            ranks[*i] = first + rank;
            next = next.max(first + rank + 1);
        }
    }
    infeasible.sort_by(|a, b| order::compare(key(*a).violation, key(*b).violation));
    for group in infeasible.chunk_by(|a, b| key(*a).violation == key(*b).violation) {
        group.iter().for_each(|i| ranks[*i] = next);
        next += 1;
    }
    ranks
}

/// The better of two random members; the first drawn of equal ones.
pub(super) fn binary_tournament<'p, 'a, 'b>(
    population: &'p [Member<'a, 'b>],
    rng: &mut dyn Rng,
) -> &'p Member<'a, 'b> {
    let a = &population[rng.random_range(0..population.len())];
    let b = &population[rng.random_range(0..population.len())];
    if a.compare(b).is_le() { a } else { b }
}
