//! Sums of weights.

/// Σ w[i]
#[inline]
pub(crate) fn total(w: &[i8]) -> i32 {
    w.iter().map(|w| i32::from(*w)).sum()
}
