//! How well one order agrees with another: Kendall's rank correlation.

/// Kendall's tau-b of two lists of values, in `[-1, 1]`: over all pairs,
/// `(concordant - discordant) / sqrt((pairs - ties in a) (pairs - ties in b))`.
///
/// `None` where the lists differ in length, hold a NaN, or one of them is all ties. `O(n^2)`.
///
/// # Source
/// Kendall (1945), "The treatment of ties in ranking problems".
pub fn tau_b(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.iter().chain(b).any(|x| x.is_nan()) {
        return None;
    }
    let (mut agreement, mut untied_a, mut untied_b) = (0i64, 0i64, 0i64);
    for i in 0..a.len() {
        for j in 0..i {
            let (x, y) = (sign(a[i], a[j]), sign(b[i], b[j]));
            agreement += x * y;
            untied_a += x.abs();
            untied_b += y.abs();
        }
    }
    let scale = (untied_a as f64 * untied_b as f64).sqrt();
    (scale > 0.0).then(|| (agreement as f64 / scale).clamp(-1.0, 1.0))
}

/// The jackknife's standard error of [`tau_b`]: with `t_i` the correlation without pair `i` and
/// `t` their mean, `sqrt((n - 1) / n sum (t_i - t)^2)`.
///
/// `None` where one of the correlations is not defined. `O(n^3)`.
///
/// # Source
/// Efron (1982), "The Jackknife, the Bootstrap and Other Resampling Plans", eq. (3.5).
pub fn standard_error(a: &[f64], b: &[f64]) -> Option<f64> {
    let without = |list: &[f64], i: usize| [&list[..i], &list[i + 1..]].concat();
    let n = a.len().min(b.len());
    let taus: Option<Vec<f64>> = (0..n).map(|i| tau_b(&without(a, i), &without(b, i))).collect();
    let taus = taus.filter(|taus| !taus.is_empty())?;
    let count = taus.len() as f64;
    let mean = taus.iter().sum::<f64>() / count;
    let spread: f64 = taus.iter().map(|tau| (tau - mean).powi(2)).sum();
    Some(((count - 1.0) / count * spread).sqrt())
}

fn sign(x: f64, y: f64) -> i64 {
    i64::from(x > y) - i64::from(x < y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values of `scipy.stats.kendalltau`.
    #[test]
    fn known_values() {
        let close = |a: &[f64], b: &[f64], tau: f64| {
            assert!((tau_b(a, b).unwrap() - tau).abs() < 1e-12, "{:?}", tau_b(a, b));
        };
        close(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0], -0.471_404_520_791_031_7);
        close(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 3.0], 2.0 / 3.0);
        close(&[1.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 3.0], 0.8);
        assert_eq!(tau_b(&[1.0, 2.0], &[5.0, 5.0]), None);
        assert_eq!(tau_b(&[1.0, f64::NAN], &[5.0, 6.0]), None);
        assert_eq!(tau_b(&[1.0], &[5.0, 6.0]), None);
    }

    #[test]
    fn the_standard_error_is_zero_without_doubt_and_falls_with_the_number() {
        let line: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(standard_error(&line, &line), Some(0.0));
        let noisy = |n: u32| -> Vec<f64> { (0..n).map(|i| f64::from(i + 9 * (i % 4))).collect() };
        let error = |n: u32| {
            let line: Vec<f64> = (0..n).map(f64::from).collect();
            standard_error(&line, &noisy(n)).unwrap()
        };
        assert!(error(80) < 0.7 * error(20), "{} {}", error(80), error(20));
        assert_eq!(standard_error(&[], &[]), None);
    }

    proptest! {
        /// It sees ranks only, has no first list, and turns with the order.
        #[test]
        fn laws(pairs in proptest::collection::vec((0i32..9, 0i32..9), 2..30)) {
            let (a, b): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip();
            let tau = tau_b(&a, &b);
            prop_assert_eq!(tau, tau_b(&b, &a));
            let stretched: Vec<f64> = a.iter().map(|x| x.exp()).collect();
            prop_assert_eq!(tau, tau_b(&stretched, &b));
            let turned: Vec<f64> = a.iter().map(|x| -x).collect();
            prop_assert_eq!(tau.map(|t| -t), tau_b(&turned, &b));
            if let Some(own) = tau_b(&a, &a) {
                prop_assert_eq!(own, 1.0);
            }
        }
    }
}
