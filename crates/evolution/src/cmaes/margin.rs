//! The margin of discrete coordinates.

use automl_numeric::normal::{cdf, quantile};

/// The mean, and the factor of the standard deviation, with which both neighbors of a cell have at
/// least half of the probability `margin`, or the only neighbor all of it.
///
/// `cell`: the ends of the cell of the mean, infinite at the edges of the domain.
///
/// # Source
/// Hamano et al. (2022), "CMA-ES with Margin", equations 8 to 20.
pub(super) fn with_margin(mean: f64, sd: f64, cell: (f64, f64), margin: f64) -> (f64, f64) {
    let (low, high) = cell;
    if !low.is_finite() || !high.is_finite() {
        let (boundary, side) = if low.is_finite() { (low, 1.0) } else { (high, -1.0) };
        let reach = quantile(1.0 - margin) * sd;
        return (boundary + side * (mean - boundary).abs().min(reach), 1.0);
    }
    let (below, above) = (cdf((low - mean) / sd), cdf((mean - high) / sd));
    let half = margin / 2.0;
    if below >= half && above >= half {
        return (mean, 1.0);
    }
    let raised = (below.max(half), above.max(half));
    let sum = raised.0 + raised.1 + (1.0 - below - above);
    let excess = (1.0 - sum) / (sum - 1.5 * margin);
    let share = |p: f64| (p + excess * (p - half)).clamp(half, 0.5 - 1e-9);
    let (down, up) = (-quantile(share(raised.0)), -quantile(share(raised.1)));
    let width = (high - low) / (down + up);
    ((low * up + high * down) / (down + up), width / sd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_holds_and_leaves_wide_distributions_unchanged() {
        assert_eq!(with_margin(0.5, 0.3, (0.4, 0.6), 0.01), (0.5, 1.0));
        for (mean, sd) in [(0.5, 1e-6), (0.41, 1e-4), (0.59, 0.05), (0.5, 0.02)] {
            let (m, factor) = with_margin(mean, sd, (0.4, 0.6), 0.02);
            let sd = sd * factor;
            for tail in [cdf((0.4 - m) / sd), cdf((m - 0.6) / sd)] {
                assert!(tail >= 0.01 - 1e-12, "{mean} {sd}: {tail}");
            }
        }
        let (m, _) = with_margin(0.1, 1e-3, (f64::NEG_INFINITY, 0.25), 0.02);
        assert!((cdf((m - 0.25) / 1e-3) - 0.02).abs() < 1e-9);
    }
}
