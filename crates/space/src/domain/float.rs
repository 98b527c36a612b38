//! Intervals of floats.

use super::DomainError;

/// A closed interval of floats, optionally on a grid or on a logarithmic scale.
///
/// # Examples
/// ```
/// use automl_space::FloatDomain;
///
/// let dropout = FloatDomain::new(0.0, 0.5, false, Some(0.2))?;
/// assert_eq!(dropout.high(), 0.4); // the last grid point
/// assert!(FloatDomain::new(0.0, 1.0, true, None).is_err()); // ln 0
/// # Ok::<(), automl_space::DomainError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FloatDomain {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) log: bool,
    pub(super) step: Option<f64>,
}

impl FloatDomain {
    /// Creates the interval `[low, high]`. With a `step`, the upper bound moves down to the last
    /// grid point `low + k * step`.
    ///
    /// # Errors
    /// - [`DomainError::NotFinite`]: a bound or `high - low` is NaN or infinite.
    /// - [`DomainError::Empty`]: `low > high`.
    /// - [`DomainError::LogNotPositive`]: `log` with `low <= 0`.
    /// - [`DomainError::Step`]: a step that is not positive and finite.
    /// - [`DomainError::LogStep`]: `log` with a step.
    pub fn new(low: f64, high: f64, log: bool, step: Option<f64>) -> Result<Self, DomainError> {
        if !low.is_finite() || !high.is_finite() || !(high - low).is_finite() {
            return Err(DomainError::NotFinite { low, high });
        }
        if low > high {
            return Err(DomainError::Empty { low, high });
        }
        if log && low <= 0.0 {
            return Err(DomainError::LogNotPositive { low });
        }
        let mut domain = Self { low, high, log, step };
        if let Some(step) = step {
            if !(step > 0.0 && step.is_finite()) {
                return Err(DomainError::Step { step });
            }
            if log {
                return Err(DomainError::LogStep { step });
            }
            // A relative slack keeps [0, 1] with step 0.1 at eleven points despite rounding.
            let last = ((high - low) / step * (1.0 + 1e-12) + 1e-9).floor();
            domain.high = if last == 0.0 { low } else { (low + last * step).min(high) };
        }
        Ok(domain)
    }

    /// The lower bound.
    pub fn low(&self) -> f64 {
        self.low
    }
    /// The upper bound, on the grid where there is a step.
    pub fn high(&self) -> f64 {
        self.high
    }
    /// Whether the scale is logarithmic.
    pub fn log(&self) -> bool {
        self.log
    }
    /// The distance of adjacent grid points; `None` for a continuum.
    pub fn step(&self) -> Option<f64> {
        self.step
    }

    /// The number of grid points minus one.
    pub(super) fn last(&self, step: f64) -> f64 {
        ((self.high - self.low) / step).round()
    }

    pub(super) fn nearest(&self, x: f64) -> f64 {
        let x = x.clamp(self.low, self.high);
        match self.step {
            None => x,
            Some(step) => {
                let k = ((x - self.low) / step).round().min(self.last(step));
                (self.low + k * step).clamp(self.low, self.high)
            }
        }
    }
}
