//! Covariance functions over rows of features: construction and composition.

mod gradient;
mod prepared;

pub(crate) use prepared::PreparedKernel;

use super::input_warping::InputWarping;
use super::stationary::Stationary;
use super::{Column, Distance, Hyperparameters, KernelFamily, RegressionError};
use nalgebra::DMatrix;

/// A covariance function (kernel) up to the signal variance: `k(x, x') = signal * shape(x, x')`.
///
/// Composed of stationary kernels with a length scale for each parameter ([`Kernel::new`]), linear
/// kernels ([`Kernel::linear`]), sums and products. A shape has `scales` positive parameters,
/// [`Hyperparameters::lengths`], in the order in which the parts were given.
///
/// # Examples
/// ```
/// use automl_gp::{Hyperparameters, Kernel, KernelFamily};
/// use nalgebra::DMatrix;
///
/// let kernel = Kernel::ard(KernelFamily::Matern52, 2);
/// let hyper = Hyperparameters { lengths: vec![0.5, 2.0], signal: 3.0, noise: 0.1 };
/// let x = DMatrix::from_row_slice(2, 2, &[0.0, 0.0, 1.0, 1.0]);
/// let k = kernel.covariance(&hyper, &x, &x)?;
/// assert_eq!(k[(0, 0)], 3.0);
/// assert!(k[(0, 1)] < 1.0 && k[(0, 1)] == k[(1, 0)]);
/// # Ok::<(), automl_gp::RegressionError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    shape: Shape,
    columns: usize,
    scales: usize,
    warping: InputWarping,
}

#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Stationary(Stationary),
    /// `sum_c (x_c - center)(x'_c - center) / length_c^2` over these pairs of column and scale.
    Linear {
        columns: Vec<(usize, usize)>,
        center: f64,
    },
    /// `a + w b`; `w` is the last scale.
    Sum(Box<Kernel>, Box<Kernel>),
    /// `a b`.
    Product(Box<Kernel>, Box<Kernel>),
}

impl Kernel {
    /// A stationary kernel `m(r)` with a length scale for each parameter (automatic relevance
    /// determination, ARD): `r^2 = sum_c distance_c(x_c, x'_c) / length_c^2`, where `length_c` is
    /// that of [`Column::scale`].
    ///
    /// A parameter that may be inactive is best embedded on an arc: an active `u` as
    /// `(sin u, cos u)`, an inactive one as `(0, 0)`. Then two inactive values are at distance zero,
    /// an active one is at distance 1 from an inactive one, and two active ones are at nearly
    /// `|u - u'|`.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), section 5.1; Swersky et al. (2014), "Raiders of the Lost
    /// Architecture: Kernels for Bayesian Optimization in Conditional Parameter Spaces", equation 6,
    /// for the arc.
    pub fn new(family: KernelFamily, columns: Vec<Column>) -> Self {
        let stationary = Stationary::new(family, columns);
        let (columns, scales) = (stationary.columns().len(), stationary.scales());
        Self {
            shape: Shape::Stationary(stationary),
            columns,
            scales,
            warping: InputWarping::default(),
        }
    }

    /// A stationary kernel over `columns` numbers with a length scale each.
    pub fn ard(family: KernelFamily, columns: usize) -> Self {
        let column = |scale| Column { distance: Distance::Square, scale };
        Self::new(family, (0..columns).map(column).collect())
    }

    /// The linear kernel `sum_c (x_c - center)(x'_c - center) / length_c^2` over all `columns`:
    /// Bayesian linear regression.
    ///
    /// # Source
    /// Rasmussen & Williams (2006), section 4.2.2.
    pub fn linear(columns: usize, center: f64) -> Self {
        let pairs = (0..columns).map(|c| (c, c)).collect();
        Self {
            shape: Shape::Linear { columns: pairs, center },
            columns,
            scales: columns,
            warping: InputWarping::default(),
        }
    }

    /// The sum `a + w b` of two kernels over the same rows; the weight `w` is one more scale, the
    /// last.
    pub fn sum(a: Self, b: Self) -> Self {
        let (columns, scales) = (a.columns.max(b.columns), a.scales + b.scales + 1);
        Self {
            shape: Shape::Sum(Box::new(a), Box::new(b)),
            columns,
            scales,
            warping: InputWarping::default(),
        }
    }

    /// The product `a b` of two kernels over the same rows.
    pub fn product(a: Self, b: Self) -> Self {
        let (columns, scales) = (a.columns.max(b.columns), a.scales + b.scales);
        Self {
            shape: Shape::Product(Box::new(a), Box::new(b)),
            columns,
            scales,
            warping: InputWarping::default(),
        }
    }

    /// The kernel with its stationary parts replaced by another family.
    pub fn with_family(&self, family: KernelFamily) -> Self {
        let shape = match &self.shape {
            Shape::Stationary(s) => Shape::Stationary(s.with_family(family)),
            Shape::Linear { .. } => self.shape.clone(),
            Shape::Sum(a, b) => {
                Shape::Sum(Box::new(a.with_family(family)), Box::new(b.with_family(family)))
            }
            Shape::Product(a, b) => {
                Shape::Product(Box::new(a.with_family(family)), Box::new(b.with_family(family)))
            }
        };
        Self { shape, warping: self.warping.clone(), ..*self }
    }

    /// The kernel of warped inputs (input warping): these columns, which lie in the unit interval,
    /// are mapped by the distribution function of Kumaraswamy, `1 - (1 - u^a)^b`. The exponents `a`
    /// and `b` of each column are two more scales, the last; 1 and 1 are the identity. Only the
    /// outermost kernel of a sum or product may warp. Columns that the kernel does not have are
    /// ignored.
    ///
    /// # Source
    /// Snoek et al. (2014), "Input Warping for Bayesian Optimization of Non-Stationary Functions".
    pub fn warped(&self, columns: Vec<usize>) -> Self {
        let within = |c: &usize| *c < self.columns;
        let warping = InputWarping { columns: columns.into_iter().filter(within).collect() };
        let scales = self.scales - self.warping.len() + warping.len();
        Self { shape: self.shape.clone(), scales, warping, ..*self }
    }

    /// The input warping, and the index of its first exponent among the scales.
    pub(crate) fn input_warping(&self) -> (&InputWarping, usize) {
        (&self.warping, self.scales - self.warping.len())
    }

    /// The number of columns of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of length scales, weights of sums and exponents of input warping.
    pub fn scales(&self) -> usize {
        self.scales
    }

    /// The covariances of the rows of `a` with those of `b`, without noise. `[rows of a, rows of b]`
    ///
    /// # Errors
    /// [`RegressionError::Scales`] unless `hyper` has [`Kernel::scales`] lengths,
    /// [`RegressionError::Columns`] unless `a` and `b` have [`Kernel::columns`] columns.
    pub fn covariance(
        &self,
        hyper: &Hyperparameters,
        a: &DMatrix<f64>,
        b: &DMatrix<f64>,
    ) -> Result<DMatrix<f64>, RegressionError> {
        hyper.check(self.scales)?;
        self.check(a.ncols())?;
        self.check(b.ncols())?;
        Ok(self.covariance_unchecked(hyper, a, b))
    }

    /// Fails unless rows of `found` features fit the kernel.
    pub(crate) fn check(&self, found: usize) -> Result<(), RegressionError> {
        let expected = self.columns;
        if found == expected { Ok(()) } else { Err(RegressionError::Columns { found, expected }) }
    }

    /// [`Kernel::covariance`] of shapes that are known to fit.
    pub(crate) fn covariance_unchecked(
        &self,
        hyper: &Hyperparameters,
        a: &DMatrix<f64>,
        b: &DMatrix<f64>,
    ) -> DMatrix<f64> {
        let (warping, first) = self.input_warping();
        let exponents = &hyper.lengths[first..];
        self.covariance_of_warped(
            hyper,
            &warping.matrix(exponents, a),
            &warping.matrix(exponents, b),
        )
    }

    /// [`Kernel::covariance`] of inputs that are warped already.
    pub(crate) fn covariance_of_warped(
        &self,
        hyper: &Hyperparameters,
        a: &DMatrix<f64>,
        b: &DMatrix<f64>,
    ) -> DMatrix<f64> {
        let prepared = self.prepare(&hyper.lengths);
        let mut k = DMatrix::zeros(a.nrows(), b.nrows());
        let mut row = vec![0.0; b.ncols()];
        for j in 0..b.nrows() {
            row.iter_mut().enumerate().for_each(|(c, v)| *v = b[(j, c)]);
            let mut column = k.column_mut(j);
            let column = column.as_mut_slice();
            prepared.correlations(a, 0, &row, column);
            column.iter_mut().for_each(|v| *v *= hyper.signal);
        }
        k
    }
}
