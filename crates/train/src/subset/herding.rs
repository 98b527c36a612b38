//! Herding: subsets with the mean of all points.

use super::Features;

/// The herding order: with `mu` the mean of all points and `w = mu` at the start, the next point is
/// the one of those left that has the largest `<w, x> - |x|^2 / 2`, and then `w <- w + mu - x`.
///
/// This point brings the mean of the chosen ones nearest to `mu`; where all points
/// have one norm, it is Welling's rule. After `k` points the mean is at most `R / sqrt(k)` away
/// from `mu`, with `R` the largest distance of a point from it. Ties go to the lower index.
/// `O(n^2 d)`.
///
/// # Source
/// Welling (2009), "Herding dynamical weights to learn", eqs. (3) and (4); the term for the norm
/// is that of Rebuffi et al. (2017), "iCaRL", algorithm 4.
pub fn herding(points: &Features) -> Vec<usize> {
    let mean = points.mean();
    let norms: Vec<f64> = (0..points.len())
        .map(|i| points.row(i).iter().map(|x| f64::from(*x).powi(2)).sum())
        .collect();
    let mut left: Vec<usize> = (0..points.len()).collect();
    let mut order = Vec::with_capacity(points.len());
    let mut w = mean.clone();
    let value = |w: &[f64], i: usize| {
        let product: f64 = w.iter().zip(points.row(i)).map(|(w, x)| w * f64::from(*x)).sum();
        product - norms[i] / 2.0
    };
    while let Some(&first) = left.first() {
        let (mut best, mut place) = (value(&w, first), 0);
        for (at, &i) in left.iter().enumerate().skip(1) {
            let value = value(&w, i);
            if value > best {
                (best, place) = (value, at);
            }
        }
        let chosen = left.remove(place);
        for ((w, m), x) in w.iter_mut().zip(&mean).zip(points.row(chosen)) {
            *w += m - f64::from(*x);
        }
        order.push(chosen);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Distances of the means of all prefixes from the mean of all.
    fn errors(points: &Features, order: &[usize]) -> Vec<f64> {
        let mean = points.mean();
        let mut sum = vec![0.0; mean.len()];
        let mut errors = Vec::new();
        for (k, &i) in order.iter().enumerate() {
            for (s, x) in sum.iter_mut().zip(points.row(i)) {
                *s += f64::from(*x);
            }
            let off = sum.iter().zip(&mean).map(|(s, m)| (s / (k + 1) as f64 - m).powi(2));
            errors.push(off.sum::<f64>().sqrt());
        }
        errors
    }

    proptest! {
        /// The error of the mean falls at least as the inverse root of the number.
        #[test]
        fn the_mean_is_approached(
            rows in proptest::collection::vec(proptest::collection::vec(-9i8..9, 3), 1..40),
        ) {
            let values = rows.iter().flatten().map(|x| f32::from(*x)).collect();
            let points = Features::new(3, values);
            let order = herding(&points);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..points.len()).collect::<Vec<_>>());
            let each: Vec<Vec<usize>> = (0..points.len()).map(|i| vec![i]).collect();
            let radius = each.iter().map(|one| errors(&points, one)[0]).fold(0.0, f64::max);
            for (k, error) in errors(&points, &order).iter().enumerate() {
                let bound = radius / ((k + 1) as f64).sqrt();
                prop_assert!(*error <= bound + 1e-6, "{k}: {error} over {bound}");
            }
        }
    }

    #[test]
    fn it_beats_an_order_that_knows_nothing() {
        let values: Vec<f32> = (0..200).map(|i| ((i * 7919 % 1013) as f32).sqrt()).collect();
        let points = Features::new(2, values);
        let plain: Vec<usize> = (0..points.len()).collect();
        let (herded, plain) = (errors(&points, &herding(&points)), errors(&points, &plain));
        assert!(herded[19] < 0.2 * plain[19], "{} {}", herded[19], plain[19]);
    }
}
