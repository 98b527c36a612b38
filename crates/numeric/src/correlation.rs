//! Rank correlation.

/// Kendall's tau-b of two lists of values `[n]`, in `[-1, 1]`: over all pairs,
/// `(concordant - discordant) / sqrt((pairs - ties in a) (pairs - ties in b))`.
///
/// `None` where the lists differ in length or contain a NaN, or where all values of one are equal.
/// Takes `O(n^2)`.
///
/// # Examples
/// ```
/// use automl_numeric::correlation::kendall;
///
/// let tau = kendall(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 3.0]);
/// assert_eq!(tau, Some(2.0 / 3.0)); // five of six pairs agree
/// assert_eq!(kendall(&[1.0, 2.0], &[5.0, 5.0]), None);
/// ```
///
/// # Source
/// Kendall (1945), "The treatment of ties in ranking problems".
pub fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
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

/// The jackknife standard error of [`kendall`]: `sqrt((n - 1) / n sum_i (t_i - t)^2)`, where `t_i` is
/// the correlation without pair `i` and `t` the mean of the `t_i`.
///
/// `None` where one of the correlations is undefined. Takes `O(n^3)`.
///
/// # Source
/// Efron (1982), "The Jackknife, the Bootstrap and Other Resampling Plans", eq. (3.5).
pub fn kendall_standard_error(a: &[f64], b: &[f64]) -> Option<f64> {
    let without = |list: &[f64], i: usize| [&list[..i], &list[i + 1..]].concat();
    let n = a.len().min(b.len());
    let taus: Option<Vec<f64>> = (0..n).map(|i| kendall(&without(a, i), &without(b, i))).collect();
    let taus = taus.filter(|taus| !taus.is_empty())?;
    let count = taus.len() as f64;
    let mean = taus.iter().sum::<f64>() / count;
    let spread: f64 = taus.iter().map(|tau| (tau - mean).powi(2)).sum();
    Some(((count - 1.0) / count * spread).sqrt())
}

fn sign(x: f64, y: f64) -> i64 {
    i64::from(x > y) - i64::from(x < y)
}

/// Spearman's rho of two lists of values `[n]`, in `[-1, 1]`: the Pearson correlation of the ranks,
/// where ties share their mean rank.
///
/// `None` where the lists differ in length or contain a NaN, or where all values of one are equal.
/// Takes `O(n log n)`.
///
/// # Source
/// Spearman (1904), "The proof and measurement of association between two things".
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.iter().chain(b).any(|x| x.is_nan()) {
        return None;
    }
    let (a, b) = (ranks(a), ranks(b));
    let center = |ranks: &[f64]| {
        let mean = ranks.iter().sum::<f64>() / ranks.len().max(1) as f64;
        ranks.iter().map(|rank| rank - mean).collect::<Vec<f64>>()
    };
    let (a, b) = (center(&a), center(&b));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let scale = (dot(&a, &a) * dot(&b, &b)).sqrt();
    (scale > 0.0).then(|| (dot(&a, &b) / scale).clamp(-1.0, 1.0))
}

/// The ranks from 1; ties share their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let mean = start as f64 + (equal.len() as f64 + 1.0) / 2.0;
        equal.iter().for_each(|index| ranks[*index] = mean);
        start += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers as SciPy's `spearmanr` gives them.
    #[test]
    fn spearman_of_known_lists() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 6.0, 7.0, 8.0, 7.0]);
        assert!((spearman(&a, &b).unwrap() - 0.820_782_681_668_123_3).abs() < 1e-12);
        let values = [0.3, -2.0, 8.0, 5.0];
        assert_eq!(spearman(&values, &values.map(|x: f64| x.powi(3))), Some(1.0));
        assert_eq!(spearman(&values, &values.map(|x| -x)), Some(-1.0));
        assert_eq!(spearman(&[1.0; 4], &values), None);
        assert_eq!(spearman(&[1.0], &[2.0]), None);
        assert_eq!(spearman(&[1.0, f64::NAN], &[2.0, 3.0]), None);
    }

    /// Values of `scipy.stats.kendalltau`.
    #[test]
    fn kendall_of_known_lists() {
        let close = |a: &[f64], b: &[f64], tau: f64| {
            assert!((kendall(a, b).unwrap() - tau).abs() < 1e-12, "{:?}", kendall(a, b));
        };
        close(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0], -0.471_404_520_791_031_7);
        close(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 4.0, 3.0], 2.0 / 3.0);
        close(&[1.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 3.0], 0.8);
        assert_eq!(kendall(&[1.0, 2.0], &[5.0, 5.0]), None);
        assert_eq!(kendall(&[1.0, f64::NAN], &[5.0, 6.0]), None);
        assert_eq!(kendall(&[1.0], &[5.0, 6.0]), None);
    }

    #[test]
    fn the_standard_error_is_zero_without_doubt_and_falls_with_the_number() {
        let line: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(kendall_standard_error(&line, &line), Some(0.0));
        let noisy = |n: u32| -> Vec<f64> { (0..n).map(|i| f64::from(i + 9 * (i % 4))).collect() };
        let error = |n: u32| {
            let line: Vec<f64> = (0..n).map(f64::from).collect();
            kendall_standard_error(&line, &noisy(n)).unwrap()
        };
        assert!(error(80) < 0.7 * error(20), "{} {}", error(80), error(20));
        assert_eq!(kendall_standard_error(&[], &[]), None);
    }

    proptest! {
        /// Depends on ranks only, is symmetric, and changes sign when one order is reversed.
        #[test]
        fn laws(pairs in proptest::collection::vec((0i32..9, 0i32..9), 2..30)) {
            let (a, b): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|(a, b)| (f64::from(*a), f64::from(*b))).unzip();
            let tau = kendall(&a, &b);
            prop_assert_eq!(tau, kendall(&b, &a));
            let stretched: Vec<f64> = a.iter().map(|x| x.exp()).collect();
            prop_assert_eq!(tau, kendall(&stretched, &b));
            let turned: Vec<f64> = a.iter().map(|x| -x).collect();
            prop_assert_eq!(tau.map(|t| -t), kendall(&turned, &b));
            if let Some(own) = kendall(&a, &a) {
                prop_assert_eq!(own, 1.0);
            }
        }
    }
}
