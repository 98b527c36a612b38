//! Least squares with a penalty or with coefficients that must not be negative.

/// A column of a sparse matrix: rows and values.
pub(super) type Column = Vec<(usize, f64)>;

/// Sweeps over all coefficients at most.
const SWEEPS: usize = 20_000;

/// Constraint on the solution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    /// Coefficients of at least zero.
    NonNegative,
    /// Ridge penalty: the penalty times the sum of their squares is added.
    Small(f64),
}

/// The coefficients x that minimize |A x - b|^2 under a constraint, by cyclic coordinate descent: each in
/// turn is set to its optimum given all others, which for both problems converges to the minimum.
///
/// # Source
/// Franc, Hlavac & Navara (2005), "Sequential coordinate-wise algorithm for the non-negative least
/// squares problem", algorithm 1.
pub(super) fn solve(columns: &[Column], target: &[f64], wanted: Wanted) -> Vec<f64> {
    let penalty = if let Wanted::Small(penalty) = wanted { penalty } else { 0.0 };
    let squares: Vec<f64> =
        columns.iter().map(|column| column.iter().map(|(_, a)| a * a).sum::<f64>()).collect();
    let mut x = vec![0.0; columns.len()];
    let mut residual = target.to_vec();
    let enough = 1e-12 * target.iter().map(|b| b * b).sum::<f64>();
    for _ in 0..SWEEPS {
        let mut moved: f64 = 0.0;
        for ((column, square), x) in columns.iter().zip(&squares).zip(&mut x) {
            let curvature = square + penalty;
            if curvature <= 0.0 {
                continue;
            }
            let slope: f64 =
                column.iter().map(|(row, a)| a * residual[*row]).sum::<f64>() - penalty * *x;
            let mut step = slope / curvature;
            if wanted == Wanted::NonNegative {
                step = step.max(-*x);
            }
            *x += step;
            for (row, a) in column {
                residual[*row] -= a * step;
            }
            moved = moved.max(curvature * step * step);
        }
        if moved <= enough {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matrix() -> impl Strategy<Value = (Vec<Column>, Vec<f64>)> {
        (2_usize..6, 6_usize..12).prop_flat_map(|(columns, rows)| {
            let column = prop::collection::vec(-1.0..1.0_f64, rows)
                .prop_map(|values| values.into_iter().enumerate().collect::<Column>());
            (prop::collection::vec(column, columns), prop::collection::vec(-1.0..1.0_f64, rows))
        })
    }

    /// Half of the derivative of |A x - b|^2 by each coefficient.
    fn slopes(columns: &[Column], target: &[f64], x: &[f64]) -> Vec<f64> {
        let mut residual: Vec<f64> = target.iter().map(|b| -b).collect();
        for (column, x) in columns.iter().zip(x) {
            column.iter().for_each(|(row, a)| residual[*row] += a * x);
        }
        let slope = |column: &Column| column.iter().map(|(row, a)| a * residual[*row]).sum();
        columns.iter().map(slope).collect()
    }

    proptest! {
        /// The conditions of Karush, Kuhn and Tucker: no slope where a coefficient is positive,
        /// none downwards where it is zero.
        #[test]
        fn non_negative_solutions_are_optimal((columns, target) in matrix()) {
            let x = solve(&columns, &target, Wanted::NonNegative);
            for (x, slope) in x.iter().zip(slopes(&columns, &target, &x)) {
                prop_assert!(*x >= 0.0 && slope > -1e-4 && (*x == 0.0 || slope.abs() < 1e-4));
            }
        }

        #[test]
        fn small_solutions_are_optimal((columns, target) in matrix(), penalty in 0.01..2.0_f64) {
            let x = solve(&columns, &target, Wanted::Small(penalty));
            for (x, slope) in x.iter().zip(slopes(&columns, &target, &x)) {
                prop_assert!((slope + penalty * x).abs() < 1e-4);
            }
        }
    }
}
