//! Hypervolume and exclusive contributions.

use super::sampled::Samples;
use super::{dominates, is_inside};
use std::cmp::Ordering;

/// The hypervolume: the volume of the region that the points dominate, bounded by a reference point.
///
/// `points`: `[n, m]` losses, `reference`: `[m]`. Points that are not finite, or not better than the
/// reference in every objective, contribute nothing. Exact: a sort for two objectives, `O(n log n)`,
/// the exclusive-volume recursion otherwise.
///
/// # Examples
/// ```
/// use automl_numeric::pareto::{contributions, hypervolume};
///
/// let losses = [[1.0, 4.0], [2.0, 2.0]];
/// assert_eq!(hypervolume(&losses, &[5.0, 5.0]), 10.0);
/// assert_eq!(contributions(&losses, &[5.0, 5.0]), [1.0, 6.0]);
/// ```
///
/// # Source
/// While, Bradstreet & Barone (2012), "A Fast Way of Calculating Exact Hypervolumes" (WFG).
pub fn hypervolume<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> f64 {
    let inside = points.iter().map(AsRef::as_ref).filter(|point| is_inside(point, reference));
    volume(front(inside.map(<[f64]>::to_vec).collect()), reference)
}

/// The most objectives with exact contributions.
const EXACT_OBJECTIVES: usize = 5;

/// The exclusive hypervolume contribution of each point, `[n]`: the loss of hypervolume without it.
///
/// `points`: `[n, m]` losses, `reference`: `[m]`. Two objectives take `O(n log n)`. For three to five,
/// a contribution is the volume of the box between the point and the reference minus the hypervolume
/// of the other points limited to that box. For more, where the exact cost grows exponentially, it is an
/// estimate from 16,384 points of one fixed random stream: the share of them that no other point
/// dominates, of standard error `sqrt(p (1 - p) / 16384)` for a share `p` of the box between the best
/// losses and the reference.
///
/// # Source
/// While, Bradstreet & Barone (2012), as [`hypervolume`]; Bader & Zitzler (2011), "HypE: An Algorithm
/// for Fast Hypervolume-Based Many-Objective Optimization", for the sampling.
pub fn contributions<P: AsRef<[f64]>>(points: &[P], reference: &[f64]) -> Vec<f64> {
    if let &[right, top] = reference {
        return contributions_of_pairs(points, right, top);
    }
    if reference.len() > EXACT_OBJECTIVES {
        return Samples::new(points, reference).exclusive();
    }
    let inside = (0..points.len()).filter(|&i| is_inside(points[i].as_ref(), reference));
    let (places, mut list): (Vec<usize>, Vec<Vec<f64>>) =
        inside.map(|i| (i, points[i].as_ref().to_vec())).unzip();
    let mut shares = vec![0.0; points.len()];
    for (at, place) in places.into_iter().enumerate() {
        // First in the list, the point is compared with all others.
        list.swap(0, at);
        shares[place] = exclusive(&list, 0, reference).max(0.0);
        list.swap(0, at);
    }
    shares
}

/// [`contributions`] for two objectives: the box between a point of the front and its neighbors,
/// minus the part that points dominated by it cover.
fn contributions_of_pairs<P: AsRef<[f64]>>(points: &[P], right: f64, top: f64) -> Vec<f64> {
    let at = |i: usize| (points[i].as_ref()[0], points[i].as_ref()[1]);
    let inside = |&i: &usize| {
        let (x, y) = at(i);
        x.is_finite() && y.is_finite() && x < right && y < top
    };
    let mut order: Vec<usize> = (0..points.len()).filter(inside).collect();
    order.sort_by(|&a, &b| at(a).partial_cmp(&at(b)).unwrap_or(Ordering::Equal));
    let mut shares = vec![0.0; points.len()];
    let (mut start, mut ceiling) = (0, top);
    while let Some(&first) = order.get(start) {
        let (x, y) = at(first);
        let behind = order[start + 1..].iter().take_while(|i| at(**i).1 >= y).count();
        let end = start + 1 + behind;
        let edge = order.get(end).map_or(right, |&next| at(next).0);
        let others: Vec<&[f64]> =
            order[start + 1..end].iter().map(|&i| points[i].as_ref()).collect();
        let box_ = (edge - x) * (ceiling - y);
        shares[first] = (box_ - hypervolume(&others, &[edge, ceiling])).max(0.0);
        (start, ceiling) = (end, y);
    }
    shares
}

/// The Pareto front without duplicates, sorted lexicographically. Two objectives take `O(n log n)`,
/// more `O(n^2 m)`.
fn front(mut points: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    points.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    points.dedup();
    if points.first().is_some_and(|point| point.len() == 2) {
        let mut lowest = f64::INFINITY;
        points.retain(|point| {
            let is_free = point[1] < lowest;
            lowest = lowest.min(point[1]);
            is_free
        });
        return points;
    }
    let mut front: Vec<Vec<f64>> = Vec::with_capacity(points.len());
    for point in points {
        if !front.iter().any(|other| dominates(other, &point)) {
            front.push(point);
        }
    }
    front
}

/// The volume of a front that is sorted by its first objective.
fn volume(front: Vec<Vec<f64>>, reference: &[f64]) -> f64 {
    match reference.len() {
        0 => 0.0,
        1 => front.first().map_or(0.0, |p| reference[0] - p[0]),
        2 => {
            let mut ceiling = reference[1];
            let mut sum = 0.0;
            for p in &front {
                sum += (reference[0] - p[0]) * (ceiling - p[1]);
                ceiling = p[1];
            }
            sum
        }
        _ => (0..front.len()).map(|i| exclusive(&front, i, reference)).sum(),
    }
}

/// The volume that point `i` adds to the points after it.
pub(super) fn exclusive(points: &[Vec<f64>], i: usize, reference: &[f64]) -> f64 {
    let own: f64 = points[i].iter().zip(reference).map(|(x, r)| r - x).product();
    let limited = points[i + 1..]
        .iter()
        .map(|other| other.iter().zip(&points[i]).map(|(x, limit)| x.max(*limit)).collect())
        .collect();
    own - volume(front(limited), reference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(m: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
        let value = prop_oneof![8 => (0..6i32).prop_map(f64::from), 1 => Just(f64::NAN)];
        proptest::collection::vec(proptest::collection::vec(value, m), 0..25)
    }

    proptest! {
        #[test]
        fn contributions_are_what_is_lost(p in (1usize..4).prop_flat_map(points)) {
            let reference = vec![5.5; p.first().map_or(2, Vec::len)];
            let shares = contributions(&p, &reference);
            for (i, share) in shares.into_iter().enumerate() {
                let mut rest = p.clone();
                rest.remove(i);
                let lost = hypervolume(&p, &reference) - hypervolume(&rest, &reference);
                prop_assert!((share - lost).abs() < 1e-9, "{i}: {share} {lost}");
            }
        }

        #[test]
        fn hypervolume_counts_cells(p in (1usize..5).prop_flat_map(points)) {
            let m = p.first().map_or(2, Vec::len);
            let cells = 6usize.pow(m as u32);
            let covered = (0..cells).filter(|cell| {
                let corner: Vec<f64> =
                    (0..m).map(|d| (cell / 6usize.pow(d as u32) % 6) as f64).collect();
                p.iter().any(|q| {
                    q.iter().all(|x| x.is_finite()) && q.iter().zip(&corner).all(|(x, c)| x <= c)
                })
            });
            let expected = covered.count() as f64;
            prop_assert!((hypervolume(&p, &vec![6.0; m]) - expected).abs() < 1e-9);
        }
    }
}
