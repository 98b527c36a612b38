//! Total orders of losses.

use std::cmp::Ordering;

/// Compares two losses in a total order: NaN follows every number and equals itself; `-0.0` equals
/// `0.0`.
///
/// # Examples
/// ```
/// use automl_numeric::order::compare;
///
/// let mut losses = [f64::NAN, 2.0, 1.0];
/// losses.sort_by(|a, b| compare(*a, *b));
/// assert_eq!(losses[..2], [1.0, 2.0]);
/// ```
pub fn compare(a: f64, b: f64) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then(a.partial_cmp(&b).unwrap_or(Ordering::Equal))
}

/// Compares two points `[m]` by the first loss, ties by the second, and so on.
pub fn lexicographic(a: &[f64], b: &[f64]) -> Ordering {
    let both = a.iter().zip(b).map(|(x, y)| compare(*x, *y));
    both.fold(Ordering::Equal, Ordering::then)
}
