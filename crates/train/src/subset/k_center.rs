//! Greedy k-center: subsets that leave no point far away.

use super::Features;

/// The greedy k-center order: first the point nearest to the mean, then each time the point that is
/// farthest from all before it.
///
/// The largest distance of any point to the first `k` centers is at most twice that to the best `k`
/// centers, for every `k`. Ties go to the lower index. `O(n^2 d)`.
///
/// # Source
/// Gonzalez (1985), "Clustering to minimize the maximum intercluster distance"; Sener & Savarese
/// (2018), "Active learning for convolutional neural networks: a core-set approach", algorithm 1.
pub fn k_center(points: &Features) -> Vec<usize> {
    let mean = points.mean();
    let square = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(x, y)| f64::from(x - y).powi(2)).sum()
    };
    let first = (0..points.len())
        .map(|i| points.row(i).iter().zip(&mean).map(|(x, m)| (f64::from(*x) - m).powi(2)).sum())
        .enumerate()
        .min_by(|(_, a), (_, b): &(usize, f64)| a.total_cmp(b));
    let mut next = first.map(|(first, _)| first);
    let mut order = Vec::with_capacity(points.len());
    // Squared distance to the nearest point of the order; below zero for those within it.
    let mut away = vec![f64::INFINITY; points.len()];
    while let Some(chosen) = next {
        order.push(chosen);
        away[chosen] = -1.0;
        let mut farthest: Option<usize> = None;
        for i in 0..points.len() {
            if away[i] < 0.0 {
                continue;
            }
            away[i] = away[i].min(square(points.row(i), points.row(chosen)));
            if farthest.is_none_or(|best| away[i] > away[best]) {
                farthest = Some(i);
            }
        }
        next = farthest;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance(points: &Features, a: usize, b: usize) -> f64 {
        let pairs = points.row(a).iter().zip(points.row(b));
        pairs.map(|(x, y)| f64::from(x - y).powi(2)).sum::<f64>().sqrt()
    }

    fn radius(points: &Features, centres: &[usize]) -> f64 {
        let nearest = |i| {
            let all = centres.iter().map(|&c| distance(points, i, c));
            all.fold(f64::INFINITY, f64::min)
        };
        (0..points.len()).map(nearest).fold(0.0, f64::max)
    }

    proptest! {
        /// At most twice the radius of the best centers, which all sets of centers give.
        #[test]
        fn it_is_a_2_approximation(
            rows in proptest::collection::vec(proptest::collection::vec(-9i8..9, 2), 2..9),
        ) {
            let values = rows.iter().flatten().map(|x| f32::from(*x)).collect();
            let points = Features::new(2, values);
            let order = k_center(&points);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..points.len()).collect::<Vec<_>>());
            for k in 1..=points.len() {
                let best = (0u32..1 << points.len())
                    .filter(|set| set.count_ones() as usize == k)
                    .map(|set| {
                        let centres: Vec<usize> =
                            (0..points.len()).filter(|i| set >> i & 1 == 1).collect();
                        radius(&points, &centres)
                    })
                    .fold(f64::INFINITY, f64::min);
                let greedy = radius(&points, &order[..k]);
                prop_assert!(greedy <= 2.0 * best + 1e-9, "k {k}: {greedy} over {best}");
            }
        }
    }
}
