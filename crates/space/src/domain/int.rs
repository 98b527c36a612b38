//! Ranges of integers.

use super::DomainError;

/// A range of integers, both ends included, optionally with a step or on a logarithmic scale.
///
/// # Examples
/// ```
/// use automl_space::IntDomain;
///
/// let width = IntDomain::new(16, 64, false, 16)?;
/// assert_eq!(width.len(), 4); // 16, 32, 48, 64
/// # Ok::<(), automl_space::DomainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct IntDomain {
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) log: bool,
    pub(super) step: i64,
}

impl IntDomain {
    /// Creates the set `{low, low + step, ..}` up to `high`; the upper bound moves down to the
    /// last grid point.
    ///
    /// # Errors
    /// - [`DomainError::Empty`]: `low > high`.
    /// - [`DomainError::Step`]: `step < 1`.
    /// - [`DomainError::LogNotPositive`]: `log` with `low < 1`.
    /// - [`DomainError::LogStep`]: `log` with `step > 1`.
    pub fn new(low: i64, high: i64, log: bool, step: i64) -> Result<Self, DomainError> {
        if low > high {
            return Err(DomainError::Empty { low: low as f64, high: high as f64 });
        }
        if step < 1 {
            return Err(DomainError::Step { step: step as f64 });
        }
        if log && low < 1 {
            return Err(DomainError::LogNotPositive { low: low as f64 });
        }
        if log && step != 1 {
            return Err(DomainError::LogStep { step: step as f64 });
        }
        let last = (i128::from(high) - i128::from(low)) / i128::from(step);
        let high = (i128::from(low) + last * i128::from(step)) as i64;
        Ok(Self { low, high, log, step })
    }

    /// The lower bound.
    pub fn low(&self) -> i64 {
        self.low
    }
    /// The upper bound, on the grid.
    pub fn high(&self) -> i64 {
        self.high
    }
    /// Whether the scale is logarithmic.
    pub fn log(&self) -> bool {
        self.log
    }
    /// The distance of adjacent values, at least 1.
    pub fn step(&self) -> i64 {
        self.step
    }

    /// The number of values, at least 1.
    pub fn len(&self) -> u128 {
        ((i128::from(self.high) - i128::from(self.low)) / i128::from(self.step)) as u128 + 1
    }

    /// Always `false`: a domain holds at least one value.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The value with the index nearest to `k`.
    pub(super) fn value(&self, k: i128) -> i64 {
        let last = i128::try_from(self.len() - 1).unwrap_or(i128::MAX);
        let k = k.clamp(0, last);
        (i128::from(self.low) + k * i128::from(self.step)).min(i128::from(self.high)) as i64
    }

    /// The index of a value, as a float.
    pub(super) fn position(&self, x: i64) -> f64 {
        ((i128::from(x) - i128::from(self.low)) / i128::from(self.step)) as f64
    }

    /// The interval `(ln(low - 1/2), ln(high + 1/2))` that a logarithmic domain covers.
    pub(crate) fn log_bounds(&self) -> (f64, f64) {
        ((self.low as f64 - 0.5).ln(), (self.high as f64 + 0.5).ln())
    }

    pub(super) fn nearest(&self, x: f64) -> i64 {
        // In integers: floats do not tell apart those beyond 2^53.
        let below = x.floor();
        let above = (below as i128).saturating_sub(self.low.into());
        if above < 0 {
            return self.low;
        }
        let step = i128::from(self.step);
        let over = (above % step) as f64 + (x - below);
        self.value(above / step + i128::from(over >= 0.5 * self.step as f64))
    }
}
