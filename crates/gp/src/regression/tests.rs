#[path = "../../tests/common/kernels.rs"]
mod kernels;

use super::*;
use kernels::{KERNELS, data, kernels, square};
use nalgebra::DMatrix;
use proptest::prelude::*;

fn row_of(x: &DMatrix<f64>, i: usize) -> Vec<f64> {
    x.row(i).iter().copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn prediction_agrees_and_its_gradient_is_the_derivative(
        (x, y) in data(), which in 0usize..KERNELS,
        row in proptest::collection::vec(0.0..1.0f64, 3),
        shift in -1.0..1.0f64,
    ) {
        // Matern 1/2 has no gradient where it matters.
        let kernel = &kernels()[if which == 3 { 0 } else { which }];
        let lengths = (0..kernel.scales()).map(|i| 0.5 + 0.2 * i as f64).collect();
        let hyper = Hyperparameters { lengths, signal: 1.3, noise: 0.05 };
        let observations = Observations { x: &x, y: &y, noise: &[] };
        let mut posterior = Posterior::new(kernel, &hyper, observations, 1.0).unwrap();
        let moved: Vec<f64> = y.iter().map(|v| shift * v * v).collect();
        posterior.set_fantasies(std::slice::from_ref(&moved)).unwrap();
        let mut workspace = PredictionWorkspace::default();
        let mut one = |row: &[f64]| {
            let mut out = Prediction::default();
            posterior.predict_one(row, &mut workspace, &mut out);
            out
        };
        let mut row = row;
        row.push(1.0);
        let here = one(&row);
        let (means, others, variances) = posterior.predict_all(&DMatrix::from_row_slice(1, 4, &row));
        prop_assert!((means[0] - here.mean).abs() < 1e-9);
        prop_assert!((variances[0] - here.variance).abs() < 1e-9);
        prop_assert!((others[0][0] - here.fantasies[0].0).abs() < 1e-9);
        for i in 0..3 {
            let e = 1e-5;
            let (mut up, mut down) = (row.clone(), row.clone());
            up[i] += e;
            down[i] -= e;
            let (up, down) = (one(&up), one(&down));
            let slope = |a: f64, b: f64| (a - b) / (2.0 * e);
            let close = |a: f64, b: f64| (a - b).abs() < 2e-4 * (1.0 + b.abs());
            prop_assert!(close(slope(up.mean, down.mean), here.mean_gradient[i]));
            prop_assert!(close(slope(up.variance, down.variance), here.variance_gradient[i]));
            prop_assert!(close(slope(up.fantasies[0].0, down.fantasies[0].0), here.fantasies[0].1[i]));
        }
    }

    #[test]
    fn appended_is_refitted((x, y) in data(), which in 0usize..KERNELS, first in 1usize..5) {
        let kernel = &kernels()[which];
        let lengths = (0..kernel.scales()).map(|i| 0.5 + 0.2 * i as f64).collect();
        let hyper = Hyperparameters { lengths, signal: 1.3, noise: 0.05 };
        let all = Observations { x: &x, y: &y, noise: &[] };
        let whole = Posterior::new(kernel, &hyper, all, 1.0).unwrap();
        let head = x.rows(0, first).into_owned();
        let part = Observations { x: &head, y: &y[..first], noise: &[] };
        let mut grown = Posterior::new(kernel, &hyper, part, 1.0).unwrap();
        for i in first..y.len() {
            grown.append(&row_of(&x, i), 0.0).unwrap();
        }
        grown.set_outputs(&y).unwrap();
        let points = DMatrix::from_fn(7, 4, |i, c| if c < 3 { 0.13 * (i + c) as f64 } else { (i % 3) as f64 });
        let (means, variances) = whole.predict(&points).unwrap();
        let (ours, spreads) = grown.predict(&points).unwrap();
        for i in 0..7 {
            prop_assert!((means[i] - ours[i]).abs() < 1e-9 * (1.0 + means[i].abs()));
            prop_assert!((variances[i] - spreads[i]).abs() < 1e-9);
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let kernel = Kernel::new(KernelFamily::Rbf, vec![square(0)]);
    let hyper = Hyperparameters { lengths: vec![1.0], signal: 1.0, noise: 0.1 };
    let x = DMatrix::from_element(2, 1, 0.5);
    let data = Observations { x: &x, y: &[1.0], noise: &[] };
    assert!(matches!(
        Posterior::new(&kernel, &hyper, data, 0.0),
        Err(RegressionError::Length { rows: 2, outputs: 1 })
    ));
    let data = Observations { x: &x, y: &[1.0, 2.0], noise: &[] };
    let mut posterior = Posterior::new(&kernel, &hyper, data, 0.0).unwrap();
    assert!(matches!(posterior.append(&[0.1, 0.2], 0.0), Err(RegressionError::Columns { .. })));
    assert!(matches!(posterior.set_outputs(&[1.0]), Err(RegressionError::Length { .. })));
    assert!(posterior.set_fantasies(&[vec![1.0]]).is_err());
}
