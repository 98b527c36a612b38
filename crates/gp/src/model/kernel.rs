//! Stationary kernels over rows of features.

use super::exp::exp_negative;
use nalgebra::DMatrix;

/// The covariance as a function of the scaled distance `r`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `exp(-r)`: continuous, nowhere differentiable.
    Matern12,
    /// `(1 + a) exp(-a)`, `a = sqrt(3) r`: once differentiable.
    Matern32,
    /// `(1 + a + a^2/3) exp(-a)`, `a = sqrt(5) r`: twice differentiable.
    Matern52,
    /// `exp(-r^2/2)`: analytic.
    Rbf,
}

impl Family {
    /// The correlation and its derivative with respect to `r^2`.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), "Gaussian Processes for Machine Learning", section 4.2.1. The
    /// derivative of Matern 1/2 is unbounded at zero; there it is cut off at `r = 1e-8`.
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

/// How two entries of a column differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// `(a - b)^2`.
    Square,
    /// 1 where they differ, else 0 (Hamming): for indices of categories. It is a squared Euclidean
    /// distance too, of indicator vectors over `sqrt(2)`, so every family stays positive definite.
    Differs,
}

/// One column of the feature matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// How two entries differ.
    pub distance: Distance,
    /// Which length scale it uses; columns that encode one parameter share one.
    pub scale: usize,
}

/// A stationary kernel with a length scale for each parameter (automatic relevance determination):
/// `k(x, x') = signal * m(r)`, `r^2 = sum_c distance_c(x_c, x'_c) / length_{scale(c)}^2`.
///
/// A parameter that may be inactive is embedded on an arc: an active `u` as `(sin u, cos u)`, an
/// inactive one as `(0, 0)`. Then two inactive ones are at distance zero, whatever they hold, an
/// active one is as far (1) from an inactive one whatever its value, and two active ones are at
/// nearly `|u - u'|`.
///
/// # Source
/// Swersky et al. (2014), "Raiders of the Lost Architecture: Kernels for Bayesian Optimization in
/// Conditional Parameter Spaces", equation 6; Hutter (2009), section 6.2, for Hamming distances.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    family: Family,
    columns: Vec<Column>,
    scales: usize,
}

impl Kernel {
    /// A kernel over rows with these columns.
    pub fn new(family: Family, columns: Vec<Column>) -> Self {
        let scales = columns.iter().map(|c| c.scale + 1).max().unwrap_or(0);
        Self { family, columns, scales }
    }

    /// The same kernel of another family.
    pub fn with_family(&self, family: Family) -> Self {
        Self { family, ..self.clone() }
    }

    /// The family.
    pub fn family(&self) -> Family {
        self.family
    }
    /// The columns of a row.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
    /// The number of length scales.
    pub fn scales(&self) -> usize {
        self.scales
    }

    /// The inverse squared length scale of each column.
    pub(crate) fn weights(&self, lengths: &[f64]) -> Vec<f64> {
        self.columns.iter().map(|c| 1.0 / (lengths[c.scale] * lengths[c.scale])).collect()
    }

    /// Squared scaled distances of `row` to the rows `from..` of `x`: `out[k]` for row `from + k`.
    #[inline]
    pub(crate) fn distances(
        &self,
        weights: &[f64],
        x: &DMatrix<f64>,
        from: usize,
        row: impl Fn(usize) -> f64,
        out: &mut [f64],
    ) {
        out.fill(0.0);
        let n = x.nrows();
        for (c, column) in self.columns.iter().enumerate() {
            let values = &x.as_slice()[c * n + from..(c + 1) * n];
            let (own, weight) = (row(c), weights[c]);
            match column.distance {
                Distance::Square => {
                    for (o, v) in out.iter_mut().zip(values) {
                        let d = v - own;
                        *o += weight * d * d;
                    }
                }
                Distance::Differs => {
                    for (o, v) in out.iter_mut().zip(values) {
                        *o += if *v == own { 0.0 } else { weight };
                    }
                }
            }
        }
    }

    /// Replaces squared distances by correlations and writes their derivatives.
    #[inline]
    pub(crate) fn correlate(&self, r2: &mut [f64], slopes: &mut [f64]) {
        macro_rules! each {
            ($family:expr) => {
                for (r, s) in r2.iter_mut().zip(slopes.iter_mut()) {
                    (*r, *s) = $family.correlation(*r);
                }
            };
        }
        // One loop for each family, so that each is vectorised.
        match self.family {
            Family::Matern12 => each!(Family::Matern12),
            Family::Matern32 => each!(Family::Matern32),
            Family::Matern52 => each!(Family::Matern52),
            Family::Rbf => each!(Family::Rbf),
        }
    }

    /// Covariances of the rows of `a` with those of `b`: `[a, b]`.
    pub fn cross(&self, hyper: &Hyper, a: &DMatrix<f64>, b: &DMatrix<f64>) -> DMatrix<f64> {
        let weights = self.weights(&hyper.lengths);
        let mut k = DMatrix::zeros(a.nrows(), b.nrows());
        let mut slopes = vec![0.0; a.nrows()];
        for j in 0..b.nrows() {
            let mut column = k.column_mut(j);
            let column = column.as_mut_slice();
            self.distances(&weights, a, 0, |c| b[(j, c)], column);
            self.correlate(column, &mut slopes);
            column.iter_mut().for_each(|v| *v *= hyper.signal);
        }
        k
    }
}

/// Hyperparameters, in natural units.
#[derive(Clone, Debug, PartialEq)]
pub struct Hyper {
    /// Length scales, one for each parameter.
    pub lengths: Vec<f64>,
    /// The variance of the function.
    pub signal: f64,
    /// The variance of the observation noise.
    pub noise: f64,
}

impl Hyper {
    pub(crate) fn to_log(&self) -> Vec<f64> {
        let mut log: Vec<f64> = self.lengths.iter().map(|l| l.ln()).collect();
        log.extend([self.signal.ln(), self.noise.ln()]);
        log
    }

    pub(crate) fn from_log(log: &[f64]) -> Self {
        let (lengths, rest) = log.split_at(log.len() - 2);
        Self {
            lengths: lengths.iter().map(|l| l.exp()).collect(),
            signal: rest[0].exp(),
            noise: rest[1].exp(),
        }
    }
}
