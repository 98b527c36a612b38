//! Number of singular values of a matrix that are signal.

use nalgebra::{DMatrix, SVD, SymmetricEigen};

/// Points of the first, coarse search for the noise's variance, and steps of the fine one.
const GRID: usize = 256;
const STEPS: usize = 80;

/// Left singular vectors (columns) and singular values, the largest first: min(rows, columns) of
/// them. By the eigenvectors of the Gram matrix of the rows, or where there are more rows than
/// columns, by the singular value decomposition itself.
///
/// Where the iterations do not settle in time, as with numbers that are not finite, the unit vectors
/// take the place of singular vectors, and the norms of rows that of singular values.
pub(crate) fn left_singular(matrix: &DMatrix<f64>) -> (DMatrix<f64>, Vec<f64>) {
    if matrix.nrows() > matrix.ncols() {
        let svd = SVD::try_new(matrix.clone(), true, false, f64::EPSILON, most(matrix.ncols()));
        let Some(SVD { u: Some(vectors), singular_values, .. }) = svd else { return rows(matrix) };
        let order = descending(singular_values.as_slice());
        let values = order.iter().map(|at| singular_values[*at]).collect();
        return (vectors.select_columns(&order), values);
    }
    let gram = matrix * matrix.transpose();
    let eigen = SymmetricEigen::try_new(gram, f64::EPSILON, most(matrix.nrows()));
    let Some(eigen) = eigen else { return rows(matrix) };
    let order = descending(eigen.eigenvalues.as_slice());
    let values = order.iter().map(|at| eigen.eigenvalues[*at].max(0.0).sqrt()).collect();
    (eigen.eigenvectors.select_columns(&order), values)
}

/// The most iterations, ten times as many as are usual.
fn most(size: usize) -> usize {
    100 + 30 * size
}

/// The unit vectors with the largest rows, and the norms of these.
fn rows(matrix: &DMatrix<f64>) -> (DMatrix<f64>, Vec<f64>) {
    let norms: Vec<f64> = matrix.row_iter().map(|row| row.norm()).collect();
    let mut order = descending(&norms);
    order.truncate(matrix.nrows().min(matrix.ncols()));
    let values = order.iter().map(|at| norms[*at]).collect();
    (DMatrix::identity(matrix.nrows(), matrix.nrows()).select_columns(&order), values)
}

fn descending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    order
}

/// Least rank that holds a share of the energy, the sum of squared singular values; at least 1.
///
/// # Examples
/// ```
/// assert_eq!(automl_compress::energy_rank(&[3.0, 2.0, 1.0], 0.9), 2);
/// ```
pub fn energy_rank(singular: &[f64], share: f64) -> usize {
    let total: f64 = singular.iter().map(|s| s * s).sum();
    let mut sum = 0.0;
    for (index, s) in singular.iter().enumerate() {
        sum += s * s;
        // The sum of all may fall short of itself by rounding.
        if sum >= share * total * (1.0 - 1e-12) {
            return index + 1;
        }
    }
    singular.len().max(1)
}

/// The rank of a matrix in white noise of unknown variance, by the global analytic solution of
/// empirical variational Bayesian matrix factorization.
///
/// `singular` are all min(L, M) singular values of the L x M matrix, the largest first; those that
/// are left out count as 0. With
/// alpha = L / M <= 1, t = 2.5129 sqrt(alpha) and b = (1 + t)(1 + alpha / t), singular values above
/// sqrt(M v b) are signal, for the variance v that minimizes the free energy.
///
/// # Source
/// Nakajima et al. (2013), "Global analytic solution of fully-observed variational Bayesian matrix
/// factorization", theorem 2, corollary 4 and section 4.
pub fn evbmf_rank(singular: &[f64], rows: usize, columns: usize) -> usize {
    let (l, m) = (rows.min(columns), rows.max(columns) as f64);
    let mut squares: Vec<f64> = singular.iter().take(l).map(|s| s * s).collect();
    let largest = squares.first().copied().unwrap_or(0.0);
    if largest <= 0.0 || !largest.is_finite() {
        return 0;
    }
    squares.resize(l, 0.0);
    // Zeros would make the free energy infinite.
    let squares: Vec<f64> = squares.iter().map(|x| x.max(1e-14 * largest)).collect();
    let alpha = l as f64 / m;
    let t = 2.5129 * alpha.sqrt();
    let bound = (1.0 + t) * (1.0 + alpha / t);
    // Of the singular values no more than L / (1 + alpha) can be signal.
    let most = ((l as f64 / (1.0 + alpha)).ceil() as usize).saturating_sub(1).min(l - 1);
    let rest = &squares[most..];
    let high = squares.iter().sum::<f64>() / (l as f64 * m);
    let mean = rest.iter().sum::<f64>() / (rest.len() as f64 * m);
    let low = (rest[0] / (m * bound)).max(mean).min(high);
    let variance = minimum(low, high, &|v| free_energy(&squares, m * v, alpha, bound));
    squares.iter().filter(|x| **x > m * variance * bound).count()
}

/// Twice the free energy at noise of variance v, but for a constant; `scale` is M v.
fn free_energy(squares: &[f64], scale: f64, alpha: f64, bound: f64) -> f64 {
    let term = |square: &f64| {
        let x = square / scale;
        if x <= bound {
            return x - x.ln();
        }
        let centre = x - (1.0 + alpha);
        let tau = 0.5 * (centre + (centre * centre - 4.0 * alpha).max(0.0).sqrt());
        x - tau + ((tau + 1.0) / x).ln() + alpha * (tau / alpha + 1.0).ln()
    };
    squares.iter().map(term).sum()
}

/// The argument in [low, high] of the least value: a grid in equal ratios, then golden sections.
fn minimum(low: f64, high: f64, value: &dyn Fn(f64) -> f64) -> f64 {
    if low >= high {
        return high;
    }
    let point = |k: usize| low * (high / low).powf(k as f64 / GRID as f64);
    let best = (0..=GRID).min_by(|a, b| value(point(*a)).total_cmp(&value(point(*b))));
    let best = best.unwrap_or(0);
    let (mut a, mut b) = (point(best.saturating_sub(1)), point((best + 1).min(GRID)));
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    for _ in 0..STEPS {
        let (c, d) = (b - golden * (b - a), a + golden * (b - a));
        if value(c) < value(d) {
            b = d;
        } else {
            a = c;
        }
    }
    0.5 * (a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;
    use rand::{Rng, RngExt};

    fn normal(rng: &mut impl Rng) -> f64 {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
    }

    /// Signal of a rank with singular values around sqrt(rows x columns), in white noise.
    fn planted(rows: usize, columns: usize, rank: usize, noise: f64, seed: u64) -> DMatrix<f64> {
        let mut rng = stream(seed, 0, "planted");
        let a = DMatrix::from_fn(rows, rank, |_, _| normal(&mut rng));
        let b = DMatrix::from_fn(rank, columns, |_, _| normal(&mut rng));
        a * b + DMatrix::from_fn(rows, columns, |_, _| noise * normal(&mut rng))
    }

    #[test]
    fn a_planted_rank_is_found() {
        for (rows, columns, rank) in
            [(20, 60, 3), (60, 20, 3), (64, 576, 10), (40, 40, 5), (128, 300, 20), (30, 200, 1)]
        {
            for (noise, seed) in [(0.1, 1), (0.5, 2)] {
                let matrix = planted(rows, columns, rank, noise, seed);
                let (_, singular) = left_singular(&matrix);
                let found = evbmf_rank(&singular, rows, columns);
                assert_eq!(found, rank, "{rows}x{columns} noise {noise}");
            }
        }
    }

    #[test]
    fn noise_alone_has_next_to_no_rank() {
        for (rows, columns) in [(20, 60), (50, 50), (64, 576)] {
            let matrix = planted(rows, columns, 0, 1.0, 3);
            let found = evbmf_rank(&left_singular(&matrix).1, rows, columns);
            assert!(found <= 1, "{rows}x{columns}: {found}");
        }
        assert_eq!(evbmf_rank(&[0.0; 4], 4, 9), 0);
        assert!(evbmf_rank(&[2.0], 1, 9) <= 1);
    }

    #[test]
    fn values_that_are_left_out_are_zeros() {
        let mut all = vec![0.0; 20];
        all[..3].copy_from_slice(&[9.0, 8.0, 7.0]);
        assert_eq!(evbmf_rank(&all[..3], 20, 60), evbmf_rank(&all, 20, 60));
        assert_eq!(evbmf_rank(&[], 20, 60), 0);
    }

    /// Orthonormal vectors come out of whatever goes in, in time.
    #[test]
    fn what_is_no_number_does_not_hang() {
        for (rows, columns) in [(40, 9), (9, 40), (30, 30)] {
            for value in [f64::NAN, f64::INFINITY] {
                let mut matrix = planted(rows, columns, 2, 0.5, 5);
                matrix[(3, 4)] = value;
                let (vectors, values) = left_singular(&matrix);
                assert_eq!((vectors.ncols(), values.len()), (rows.min(columns), rows.min(columns)));
            }
            let (vectors, values) = super::rows(&planted(rows, columns, 2, 0.5, 5));
            let product = vectors.transpose() * &vectors;
            assert_eq!(product, DMatrix::identity(values.len(), values.len()));
            assert!(values.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn energy_is_a_share_of_squares() {
        let singular = [3.0, 2.0, 1.0];
        assert_eq!(energy_rank(&singular, 9.0 / 14.0), 1);
        assert_eq!(energy_rank(&singular, 0.65), 2);
        assert_eq!(energy_rank(&singular, 1.0), 3);
        assert_eq!(energy_rank(&singular, 0.0), 1);
    }

    #[test]
    fn singular_values_are_nalgebra_s() {
        for (rows, columns) in [(5, 9), (9, 5), (6, 6)] {
            let matrix = planted(rows, columns, 2, 0.5, 4);
            let (vectors, values) = left_singular(&matrix);
            let mut expected: Vec<f64> = matrix.singular_values().iter().copied().collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            assert_eq!(values.len(), rows.min(columns));
            for (a, b) in values.iter().zip(&expected) {
                assert!((a - b).abs() < 1e-6 * expected[0], "{a} {b}");
            }
            let rest = &matrix - &vectors * vectors.transpose() * &matrix;
            assert!(rest.norm() < 1e-6 * matrix.norm());
        }
    }
}
