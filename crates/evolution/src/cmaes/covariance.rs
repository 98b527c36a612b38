//! The covariance matrix of CMA-ES, full or diagonal.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// A covariance matrix `C` with its decomposition.
#[derive(Clone, Debug)]
pub(super) enum Covariance {
    /// `C = B D^2 B^T` with the eigenvectors `B` (`basis`) and the square roots of the eigenvalues `D`
    /// (`scales`).
    Full { matrix: DMatrix<f64>, basis: DMatrix<f64>, scales: DVector<f64> },
    /// Variances only.
    Diagonal { variances: DVector<f64> },
}

impl Covariance {
    /// The identity of `n` dimensions.
    pub(super) fn identity(n: usize, diagonal: bool) -> Self {
        if diagonal {
            Self::Diagonal { variances: DVector::from_element(n, 1.0) }
        } else {
            let one = DMatrix::identity(n, n);
            Self::Full { matrix: one.clone(), basis: one, scales: DVector::from_element(n, 1.0) }
        }
    }

    /// A given matrix, of which the diagonal form has the variances.
    pub(super) fn of(matrix: DMatrix<f64>, diagonal: bool) -> Self {
        let n = matrix.nrows();
        if diagonal {
            Self::Diagonal { variances: matrix.diagonal() }
        } else {
            let scales = DVector::from_element(n, 1.0);
            Self::Full { matrix, basis: DMatrix::identity(n, n), scales }
        }
    }

    /// `B D z`: of covariance `C` for a standard normal `z`.
    pub(super) fn color(&self, z: &DVector<f64>) -> DVector<f64> {
        match self {
            Self::Full { basis, scales, .. } => basis * scales.component_mul(z),
            Self::Diagonal { variances } => z.zip_map(variances, |z, v| z * v.sqrt()),
        }
    }

    /// `C^{-1/2} y`.
    pub(super) fn whiten(&self, y: &DVector<f64>) -> DVector<f64> {
        match self {
            Self::Full { basis, scales, .. } => {
                basis * basis.tr_mul(y).zip_map(scales, |y, s| y / s)
            }
            Self::Diagonal { variances } => y.zip_map(variances, |y, v| y / v.sqrt()),
        }
    }

    /// `C_jj`.
    pub(super) fn variance(&self, j: usize) -> f64 {
        match self {
            Self::Full { matrix, .. } => matrix[(j, j)],
            Self::Diagonal { variances } => variances[j],
        }
    }

    /// Replaces `C` by `keep C + sum_i w_i y_i y_i^T`; the terms are `(w_i, y_i)`.
    pub(super) fn update<'a>(
        &mut self,
        keep: f64,
        terms: impl Iterator<Item = (f64, &'a DVector<f64>)>,
    ) {
        match self {
            Self::Full { matrix, .. } => {
                *matrix *= keep;
                for (weight, y) in terms {
                    matrix.ger(weight, y, y, 1.0);
                }
            }
            Self::Diagonal { variances } => {
                *variances *= keep;
                for (weight, y) in terms {
                    variances.zip_apply(y, |v, y| *v += weight * y * y);
                }
            }
        }
    }

    /// Scales coordinate `j` by a factor.
    pub(super) fn stretch(&mut self, j: usize, factor: f64) {
        match self {
            Self::Full { matrix, .. } => {
                matrix.row_mut(j).scale_mut(factor);
                matrix.column_mut(j).scale_mut(factor);
            }
            Self::Diagonal { variances } => variances[j] *= factor * factor,
        }
    }

    /// Updates the decomposition. Returns the condition number; infinite for a matrix that is not
    /// positive definite.
    pub(super) fn refresh(&mut self) -> f64 {
        let (low, high) = match self {
            Self::Full { matrix, basis, scales } => {
                if matrix.iter().any(|x| !x.is_finite()) {
                    return f64::INFINITY;
                }
                let symmetric = (&*matrix + matrix.transpose()) * 0.5;
                let Some(eigen) = SymmetricEigen::try_new(symmetric, 1e-14, 10_000) else {
                    return f64::INFINITY;
                };
                let (low, high) = (eigen.eigenvalues.min(), eigen.eigenvalues.max());
                if low > 0.0 {
                    *scales = eigen.eigenvalues.map(f64::sqrt);
                    *basis = eigen.eigenvectors;
                }
                (low, high)
            }
            Self::Diagonal { variances } => (variances.min(), variances.max()),
        };
        if low > 0.0 && high.is_finite() { high / low } else { f64::INFINITY }
    }
}
