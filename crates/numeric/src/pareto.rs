//! Pareto dominance, non-domination ranks, crowding distance and hypervolume. All objectives are
//! losses: smaller is better.

mod crowding;
mod hypervolume;
mod sampled;
mod subset;

pub use crowding::{crowding, order};
pub use hypervolume::{contributions, hypervolume};
pub use subset::hypervolume_subset;

use crate::order::{compare, lexicographic};
use std::cmp::Ordering;

/// Whether the point `a` `[m]` Pareto-dominates `b` `[m]`: no loss is larger and at least one is
/// smaller. NaN counts as larger than every number.
///
/// # Examples
/// ```
/// use automl_numeric::pareto::dominates;
///
/// assert!(dominates(&[1.0, 2.0], &[1.0, 3.0]));
/// assert!(!dominates(&[1.0, 2.0], &[1.0, 2.0]));
/// ```
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    let mut better = false;
    for (x, y) in a.iter().zip(b) {
        match compare(*x, *y) {
            Ordering::Greater => return false,
            Ordering::Less => better = true,
            Ordering::Equal => {}
        }
    }
    better
}

/// Whether a point contributes: it is finite and better than the reference in every objective.
fn is_inside(point: &[f64], reference: &[f64]) -> bool {
    point.iter().zip(reference).all(|(x, r)| x.is_finite() && x < r)
}

/// The domination count of each point: the number of points that dominate it, `[n]`.
///
/// `points`: `[n, m]` losses. Two objectives take `O(n log n)` by a Fenwick tree, more `O(n^2 m)`.
pub fn domination_counts<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let key = |i: usize| points[i].as_ref();
    if points.first().is_none_or(|p| p.as_ref().len() != 2) {
        let all = 0..points.len();
        return all
            .clone()
            .map(|i| all.clone().filter(|&j| dominates(key(j), key(i))).count())
            .collect();
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| lexicographic(key(a), key(b)));
    let mut seconds: Vec<f64> = points.iter().map(|p| p.as_ref()[1]).collect();
    seconds.sort_by(|a, b| compare(*a, *b));
    // A point is dominated by the points before it with a second loss that is not larger. A Fenwick
    // tree over the second losses counts them.
    let mut tree = vec![0; points.len() + 1];
    let mut counts = vec![0; points.len()];
    for equal in order.chunk_by(|&a, &b| lexicographic(key(a), key(b)).is_eq()) {
        let second = key(equal[0])[1];
        let place = 1 + seconds.partition_point(|other| compare(*other, second).is_lt());
        let mut at = place;
        let mut count = 0;
        while at > 0 {
            count += tree[at];
            at &= at - 1;
        }
        equal.iter().for_each(|&i| counts[i] = count);
        at = place;
        while at < tree.len() {
            tree[at] += equal.len();
            at += at & at.wrapping_neg();
        }
    }
    counts
}

/// The non-domination rank of each point, `[n]`: 0 on the Pareto front, 1 on the front of the rest,
/// and so on.
///
/// `points`: `[n, m]` losses. Two objectives take `O(n log n)`, more `O(n^2 m)`.
///
/// # Source
/// Deb et al. (2002), "A fast and elitist multiobjective genetic algorithm: NSGA-II", section III.A;
/// for two objectives the sweep of
/// Jensen (2003), "Reducing the Run-Time Complexity of Multiobjective EAs: The NSGA-II and Other
/// Algorithms".
///
/// # Examples
/// ```
/// use automl_numeric::pareto::ranks;
///
/// assert_eq!(ranks(&[[1.0, 4.0], [2.0, 2.0], [3.0, 3.0]]), [0, 0, 1]);
/// ```
pub fn ranks<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    if points.first().is_some_and(|p| p.as_ref().len() == 2) {
        return ranks_of_pairs(points);
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    let key = |i: usize| points[i].as_ref();
    order.sort_by(|&a, &b| lexicographic(key(a), key(b)));
    let mut rank = vec![0; points.len()];
    // In lexicographic order only earlier points can dominate later ones.
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    for &i in &order {
        let free = |front: &Vec<usize>| !front.iter().any(|&j| dominates(key(j), key(i)));
        let front = fronts.iter().position(free).unwrap_or(fronts.len());
        if front == fronts.len() {
            fronts.push(Vec::new());
        }
        fronts[front].push(i);
        rank[i] = front;
    }
    rank
}

/// [`ranks`] for two objectives.
fn ranks_of_pairs<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    // Integers in the order of the losses, NaN last, compare faster.
    let key = |x: f64| match (x + 0.0).to_bits() {
        _ if x.is_nan() => u64::MAX,
        bits if bits >> 63 == 1 => !bits,
        bits => bits | 1 << 63,
    };
    let keys: Vec<_> = points.iter().map(|p| (key(p.as_ref()[0]), key(p.as_ref()[1]))).collect();
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&i| keys[i]);
    // The last point of each front has the front's smallest second loss so far, and these rise
    // from front to front, so the first front that does not dominate is found by bisection.
    let mut tails: Vec<(u64, u64)> = Vec::new();
    let mut rank = vec![0; points.len()];
    for i in order {
        let (x, y) = keys[i];
        rank[i] = tails.partition_point(|tail| *tail < (y, x));
        match tails.get_mut(rank[i]) {
            Some(tail) if y < tail.0 => *tail = (y, x),
            Some(_) => {}
            None => tails.push((y, x)),
        }
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute_ranks(points: &[Vec<f64>]) -> Vec<usize> {
        let mut rank = vec![usize::MAX; points.len()];
        for level in 0.. {
            let open: Vec<usize> = (0..points.len()).filter(|&i| rank[i] == usize::MAX).collect();
            if open.is_empty() {
                return rank;
            }
            for &i in &open {
                if !open.iter().any(|&j| dominates(&points[j], &points[i])) {
                    rank[i] = level;
                }
            }
        }
        rank
    }

    fn points(m: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
        let value = prop_oneof![8 => (0..6i32).prop_map(f64::from), 1 => Just(f64::NAN)];
        proptest::collection::vec(proptest::collection::vec(value, m), 0..25)
    }

    /// Equal points do not dominate each other, and one smaller loss is enough where none is larger.
    #[test]
    fn dominance_needs_a_smaller_loss_and_no_larger_one() {
        for (a, b, expected) in [
            ([1.0, 2.0], [1.0, 2.0], false),
            ([1.0, 2.0], [1.0, 3.0], true),
            ([1.0, 2.0], [2.0, 1.0], false),
            ([2.0, 3.0], [1.0, 2.0], false),
            ([1.0, 2.0], [1.0, f64::NAN], true),
        ] {
            assert_eq!(dominates(&a, &b), expected, "{a:?} {b:?}");
        }
        assert_eq!(ranks(&[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 2.0, 4.0]]), [0, 0, 1]);
    }

    proptest! {
        /// Every point once, by rank, and of each rank the best in some objective first.
        #[test]
        fn the_order_begins_with_the_ends_of_the_front(p in (1usize..4).prop_flat_map(points)) {
            let (ranks, order) = (ranks(&p), order(&p));
            let mut all = order.clone();
            all.sort_unstable();
            prop_assert_eq!(all, (0..p.len()).collect::<Vec<_>>());
            prop_assert!(order.is_sorted_by_key(|&i| ranks[i]));
            if let Some(&first) = order.first() {
                let front: Vec<&Vec<f64>> = (0..p.len()).filter(|&i| ranks[i] == 0).map(|i| &p[i]).collect();
                let is_end = |m: usize| {
                    let own = p[first][m];
                    let below = front.iter().all(|other| compare(own, other[m]).is_le());
                    below || front.iter().all(|other| compare(own, other[m]).is_ge())
                };
                prop_assert!((0..p[0].len()).any(is_end));
            }
        }

        #[test]
        fn ranks_agree_with_peeling(p in (1usize..4).prop_flat_map(points)) {
            prop_assert_eq!(ranks(&p), brute_ranks(&p));
        }

        #[test]
        fn domination_counts_agree_with_pairs(p in (1usize..4).prop_flat_map(points)) {
            let pairs = |q: &Vec<f64>| p.iter().filter(|other| dominates(other, q)).count();
            prop_assert_eq!(domination_counts(&p), p.iter().map(pairs).collect::<Vec<_>>());
        }

    }
}
