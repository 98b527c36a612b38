//! How far two lists of numbers rank the same things in the same order.

/// Kendall's tau-b: concordant minus discordant pairs, over the pairs that are not tied, in
/// `[-1, 1]`; zero where either list is constant or has fewer than two numbers.
///
/// # Source
/// Kendall (1945), "The treatment of ties in ranking problems". All pairs are looked at: O(n^2).
pub fn kendall(a: &[f64], b: &[f64]) -> f64 {
    let (mut balance, mut untied_a, mut untied_b) = (0.0, 0.0_f64, 0.0_f64);
    let pairs: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
    for (i, (a, b)) in pairs.iter().enumerate() {
        for (other_a, other_b) in &pairs[..i] {
            let (x, y) = (order(*a, *other_a), order(*b, *other_b));
            balance += x * y;
            untied_a += x * x;
            untied_b += y * y;
        }
    }
    ratio(balance, untied_a, untied_b)
}

/// Spearman's rho: the correlation of the ranks, ties with their mean rank, in `[-1, 1]`; zero where
/// either list is constant or has fewer than two numbers.
///
/// # Source
/// Spearman (1904), "The proof and measurement of association between two things".
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let centre = |ranks: &[f64]| {
        let mean = ranks.iter().sum::<f64>() / ranks.len().max(1) as f64;
        ranks.iter().map(|rank| rank - mean).collect::<Vec<f64>>()
    };
    let (a, b) = (centre(&a), centre(&b));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    ratio(dot(&a, &b), dot(&a, &a), dot(&b, &b))
}

/// 1, 0 or -1.
fn order(a: f64, b: f64) -> f64 {
    f64::from(i8::from(a > b) - i8::from(a < b))
}

fn ratio(shared: f64, own: f64, other: f64) -> f64 {
    let scale = (own * other).sqrt();
    if scale > 0.0 { shared / scale } else { 0.0 }
}

/// Ranks from 1; equal numbers share their mean rank.
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

    /// Numbers as SciPy's `kendalltau` and `spearmanr` give them.
    #[test]
    fn agree_with_scipy() {
        let a = [12.0, 2.0, 1.0, 12.0, 2.0];
        let b = [1.0, 4.0, 7.0, 1.0, 0.0];
        assert!((kendall(&a, &b) + 0.471_404_520_791_031_7).abs() < 1e-12);
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 6.0, 7.0, 8.0, 7.0]);
        assert!((spearman(&a, &b) - 0.820_782_681_668_123_3).abs() < 1e-12);
    }

    #[test]
    fn orders_alone_count() {
        let values = [0.3, -2.0, 8.0, 5.0];
        let cubes = values.map(|x: f64| x.powi(3));
        let negated = values.map(|x| -x);
        assert_eq!((kendall(&values, &cubes), spearman(&values, &cubes)), (1.0, 1.0));
        assert_eq!((kendall(&values, &negated), spearman(&values, &negated)), (-1.0, -1.0));
        assert_eq!((kendall(&values, &[1.0; 4]), spearman(&[1.0; 4], &values)), (0.0, 0.0));
        assert_eq!((kendall(&[], &[]), spearman(&[1.0], &[2.0])), (0.0, 0.0));
    }
}
