//! Families of stationary correlation functions.

use super::exp::exp_negative;

/// A stationary correlation `m(r)` of the scaled distance `r`: a Matern kernel of smoothness
/// `nu = 1/2`, `3/2` or `5/2`, or the squared exponential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelFamily {
    /// Matern 1/2 (exponential), `exp(-r)`: continuous, nowhere differentiable.
    Matern12,
    /// Matern 3/2, `(1 + a) exp(-a)` with `a = sqrt(3) r`: once differentiable.
    Matern32,
    /// Matern 5/2, `(1 + a + a^2/3) exp(-a)` with `a = sqrt(5) r`: twice differentiable.
    Matern52,
    /// Squared exponential (radial basis function, RBF), `exp(-r^2/2)`: analytic.
    Rbf,
}

impl KernelFamily {
    /// The correlation at a squared distance and its derivative in the squared distance.
    ///
    /// The derivative of Matern 1/2 is unbounded at zero; it is cut off at `r = 1e-8`.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), "Gaussian Processes for Machine Learning", section 4.2.1.
    ///
    /// # Examples
    /// ```
    /// use automl_gp::KernelFamily;
    ///
    /// let (correlation, slope) = KernelFamily::Rbf.correlation(1.0);
    /// assert!((correlation - (-0.5_f64).exp()).abs() < 1e-15);
    /// assert_eq!(slope, -0.5 * correlation);
    /// ```
    #[inline(always)]
    pub fn correlation(self, r2: f64) -> (f64, f64) {
        match self {
            Self::Matern12 => {
                let r = r2.sqrt();
                let e = exp_negative(-r);
                (e, -0.5 * e / r.max(1e-8))
            }
            Self::Matern32 => {
                let a = (3.0 * r2).sqrt();
                let e = exp_negative(-a);
                ((1.0 + a) * e, -1.5 * e)
            }
            Self::Matern52 => {
                let a = (5.0 * r2).sqrt();
                let e = exp_negative(-a);
                ((1.0 + a + a * a / 3.0) * e, -5.0 / 6.0 * (1.0 + a) * e)
            }
            Self::Rbf => {
                let e = exp_negative(-0.5 * r2);
                (e, -0.5 * e)
            }
        }
    }
}
