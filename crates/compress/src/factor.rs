//! Weights as products of smaller ones.

use crate::rank::left_singular;
use automl_models::NamedTensor;
use nalgebra::DMatrix;

/// The most rounds of the alternating improvement, and the relative gain that ends it.
const ROUNDS: usize = 10;
const GAIN: f64 = 1e-7;

/// Best approximation A B of a matrix `[T, S]` by rank r: A `[T, r]`, B `[r, S]`, each with the
/// square roots of the singular values. Its squared error is the sum of the squared singular values
/// that are left out (Eckart & Young 1936).
///
/// # Examples
/// ```
/// use automl_compress::factor::svd;
/// use nalgebra::DMatrix;
///
/// let matrix = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 2.0, 4.0, 6.0]);
/// let (a, b) = svd(&matrix, 1);
/// assert!((&matrix - a * b).norm() < 1e-9);
/// ```
pub fn svd(matrix: &DMatrix<f64>, rank: usize) -> (DMatrix<f64>, DMatrix<f64>) {
    let wide = matrix.nrows() <= matrix.ncols();
    let (vectors, singular) =
        if wide { left_singular(matrix) } else { left_singular(&matrix.transpose()) };
    let rank = rank.clamp(1, singular.len().max(1));
    let vectors = vectors.columns(0, rank).into_owned();
    let (mut a, mut b) = if wide {
        let b = vectors.transpose() * matrix;
        (vectors, b)
    } else {
        (matrix * &vectors, vectors.transpose())
    };
    for (k, s) in singular.iter().take(rank).enumerate().filter(|(_, s)| **s > 0.0) {
        let root = if wide { s.sqrt() } else { 1.0 / s.sqrt() };
        a.column_mut(k).scale_mut(root);
        b.row_mut(k).scale_mut(1.0 / root);
    }
    (a, b)
}

/// Weights `[outputs, inputs, area]` of a convolution, `area` = kernel^2.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// T.
    pub outputs: usize,
    /// S.
    pub inputs: usize,
    /// K^2.
    pub area: usize,
    /// Row by row, last axis fastest.
    pub values: Vec<f64>,
}

/// A Tucker-2 form: W = core x1 outputs x2 inputs. A factor that is `None` is the identity.
#[derive(Clone, Debug, PartialEq)]
pub struct Tucker {
    /// U `[T, r]`, orthonormal columns.
    pub outputs: Option<DMatrix<f64>>,
    /// V `[S, r]`, orthonormal columns.
    pub inputs: Option<DMatrix<f64>>,
    /// The small kernel.
    pub core: Kernel,
}

impl Kernel {
    /// Weights `[T, S]` or `[T, S, K, K]`.
    pub(crate) fn of(weight: &NamedTensor) -> Self {
        let area = weight.shape.iter().skip(2).product();
        let values = weight.values.iter().map(|x| f64::from(*x)).collect();
        Self { outputs: weight.shape[0], inputs: weight.shape[1], area, values }
    }

    /// The matrix `[T, S K^2]`.
    pub fn by_outputs(&self) -> DMatrix<f64> {
        DMatrix::from_row_slice(self.outputs, self.inputs * self.area, &self.values)
    }

    /// The matrix `[S, T K^2]`.
    pub fn by_inputs(&self) -> DMatrix<f64> {
        let Self { outputs, inputs, area, values } = self;
        DMatrix::from_fn(*inputs, outputs * area, |s, column| {
            values[(column / area * inputs + s) * area + column % area]
        })
    }

    /// Kernel with the matrix by outputs M times this one's, for M `[r, T]`.
    fn map_outputs(&self, map: &DMatrix<f64>) -> Self {
        let product = map * self.by_outputs();
        let values = product.transpose().as_slice().to_vec();
        Self { outputs: map.nrows(), values, ..self.clone() }
    }

    /// Kernel with the matrix by inputs M times this one's, for M `[r, S]`.
    fn map_inputs(&self, map: &DMatrix<f64>) -> Self {
        let product = map * self.by_inputs();
        let (inputs, area) = (map.nrows(), self.area);
        let mut values = Vec::with_capacity(self.outputs * inputs * area);
        for t in 0..self.outputs {
            for s in 0..inputs {
                values.extend((0..area).map(|k| product[(s, t * area + k)]));
            }
        }
        Self { inputs, values, ..self.clone() }
    }

    /// The sum of squares.
    pub fn energy(&self) -> f64 {
        self.values.iter().map(|x| x * x).sum()
    }
}

impl Tucker {
    /// The form with the given ranks (`None`: no factor on that axis), from the singular vectors of
    /// the two unfoldings (HOSVD), improved by alternating them (HOOI). The squared error is the
    /// energy that the core lacks, at most that which the two unfoldings leave out together.
    ///
    /// # Source
    /// Kim et al. (2016), "Compression of deep convolutional neural networks for fast and low power
    /// mobile applications", section 3.1; De Lathauwer et al. (2000).
    pub fn new(kernel: &Kernel, outputs: Option<usize>, inputs: Option<usize>) -> Self {
        let first = |matrix: DMatrix<f64>, rank: usize| {
            let (vectors, _) = left_singular(&matrix);
            let rank = rank.clamp(1, vectors.ncols().max(1));
            vectors.columns(0, rank).into_owned()
        };
        let mut u = outputs.map(|rank| first(kernel.by_outputs(), rank));
        let mut v = inputs.map(|rank| first(kernel.by_inputs(), rank));
        let small = |u: &Option<DMatrix<f64>>, v: &Option<DMatrix<f64>>| {
            let half = u.as_ref().map_or(kernel.clone(), |u| kernel.map_outputs(&u.transpose()));
            v.as_ref().map_or(half.clone(), |v| half.map_inputs(&v.transpose()))
        };
        let mut core = small(&u, &v);
        if let (Some(r), Some(s)) = (outputs, inputs) {
            for _ in 0..ROUNDS {
                let before = core.energy();
                u = Some(first(small(&None, &v).by_outputs(), r));
                v = Some(first(small(&u, &None).by_inputs(), s));
                core = small(&u, &v);
                if core.energy() - before <= GAIN * before {
                    break;
                }
            }
        }
        Self { outputs: u, inputs: v, core }
    }

    /// The kernel that this stands for.
    pub fn product(&self) -> Kernel {
        let half = self.outputs.as_ref().map_or(self.core.clone(), |u| self.core.map_outputs(u));
        self.inputs.as_ref().map_or(half.clone(), |v| half.map_inputs(v))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use proptest::prelude::*;
    use rand::RngExt;

    fn kernel(outputs: usize, inputs: usize, area: usize, seed: u64) -> Kernel {
        let mut rng = stream(seed, 0, "kernel");
        let values = (0..outputs * inputs * area).map(|_| rng.random::<f64>() - 0.5).collect();
        Kernel { outputs, inputs, area, values }
    }

    fn error(a: &Kernel, b: &Kernel) -> f64 {
        a.values.iter().zip(&b.values).map(|(a, b)| (a - b).powi(2)).sum()
    }

    fn left_out(singular: &[f64], rank: usize) -> f64 {
        singular.iter().skip(rank).map(|s| s * s).sum()
    }

    proptest! {
        /// The error of the singular value decomposition is the energy that is left out.
        #[test]
        fn svd_leaves_out_the_small_energy(
            rows in 1_usize..12, columns in 1_usize..12, rank in 1_usize..12, seed in 0_u64..99,
        ) {
            let matrix = kernel(rows, columns, 1, seed).by_outputs();
            let (a, b) = svd(&matrix, rank);
            let singular = left_singular(&matrix).1;
            let expected = left_out(&singular, rank.min(singular.len()));
            prop_assert!(((&matrix - a * b).norm_squared() - expected).abs() < 1e-9);
        }

        /// Exact at full rank; else the energy that the core lacks, within the bounds of theory.
        #[test]
        fn tucker_s_error_is_what_the_core_lacks(
            outputs in 1_usize..8, inputs in 1_usize..8, kernel_side in 1_usize..4,
            r in 1_usize..8, s in 1_usize..8, seed in 0_u64..99,
        ) {
            let full = kernel(outputs, inputs, kernel_side * kernel_side, seed);
            let exact = Tucker::new(&full, Some(outputs), Some(inputs)).product();
            let by_outputs = left_singular(&full.by_outputs()).1;
            let by_inputs = left_singular(&full.by_inputs()).1;
            prop_assert!(error(&full, &exact) < 1e-18 + 1e-12 * full.energy());
            let (r, s) = (r.min(outputs), s.min(inputs));
            let tucker = Tucker::new(&full, Some(r), Some(s));
            let found = error(&full, &tucker.product());
            prop_assert!((found - (full.energy() - tucker.core.energy())).abs() < 1e-9);
            let (a, b) = (left_out(&by_outputs, r), left_out(&by_inputs, s));
            prop_assert!(found <= a + b + 1e-9);
            prop_assert!(found >= a.max(b) - 1e-9);
            // One factor alone is the best approximation of its unfolding.
            let one = error(&full, &Tucker::new(&full, Some(r), None).product());
            prop_assert!((one - a).abs() < 1e-9);
        }
    }
}
