use super::*;
use nalgebra::DMatrix;
use proptest::prelude::*;

const FAMILIES: [Family; 3] = [Family::Matern32, Family::Matern52, Family::Rbf];

fn kernel(family: Family) -> Kernel {
    let square = |scale| Column { distance: Distance::Square, scale };
    Kernel::new(
        family,
        vec![square(0), square(1), square(1), Column { distance: Distance::Differs, scale: 2 }],
    )
}

fn data() -> impl Strategy<Value = (DMatrix<f64>, Vec<f64>)> {
    (5usize..40).prop_flat_map(|n| {
        (
            proptest::collection::vec(0.0..1.0f64, 3 * n),
            proptest::collection::vec(0..3i32, n),
            proptest::collection::vec(-2.0..2.0f64, n),
        )
            .prop_map(move |(x, c, y)| {
                let x = DMatrix::from_fn(
                    n,
                    4,
                    |i, j| {
                        if j < 3 { x[3 * i + j] } else { f64::from(c[i]) }
                    },
                );
                (x, y)
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn evidence_gradient_is_the_derivative(
        (x, y) in data(), family in 0usize..3, mean in 0usize..2,
        log in proptest::collection::vec(-1.0..1.0f64, 4), noise in -4.0..0.0f64,
    ) {
        let kernel = kernel(FAMILIES[family]);
        let observations = Observations { x: &x, y: &y, noise: &[] };
        let mut evidence = Evidence::new(&kernel, observations, mean as f64);
        let mut log = log;
        log.push(noise);
        let (mut gradient, mut other) = (vec![0.0; 5], vec![0.0; 5]);
        evidence.evaluate(&log, &mut gradient).unwrap();
        for i in 0..5 {
            let e = 1e-5;
            let mut at = |d: f64| {
                let mut log = log.clone();
                log[i] += d;
                evidence.evaluate(&log, &mut other).unwrap()
            };
            let difference = (at(e) - at(-e)) / (2.0 * e);
            prop_assert!((difference - gradient[i]).abs() < 1e-4 * (1.0 + difference.abs()));
        }
    }

    #[test]
    fn prediction_agrees_and_its_gradient_is_the_derivative(
        (x, y) in data(), family in 0usize..3, row in proptest::collection::vec(0.0..1.0f64, 3),
    ) {
        let kernel = kernel(FAMILIES[family]);
        let hyper = Hyper { lengths: vec![0.5, 0.8, 1.5], signal: 1.3, noise: 0.05 };
        let observations = Observations { x: &x, y: &y, noise: &[] };
        let posterior = Posterior::new(&kernel, &hyper, observations, 1.0).unwrap();
        let mut scratch = Scratch::default();
        let mut one = |row: &[f64]| {
            let mut out = Prediction::default();
            posterior.predict_one(row, &mut scratch, &mut out);
            out
        };
        let mut row = row;
        row.push(1.0);
        let here = one(&row);
        let (means, variances) = posterior.predict(&DMatrix::from_row_slice(1, 4, &row));
        prop_assert!((means[0] - here.mean).abs() < 1e-9);
        prop_assert!((variances[0] - here.variance).abs() < 1e-9);
        for i in 0..3 {
            let e = 1e-5;
            let (mut up, mut down) = (row.clone(), row.clone());
            up[i] += e;
            down[i] -= e;
            let (up, down) = (one(&up), one(&down));
            prop_assert!(((up.mean - down.mean) / (2.0 * e) - here.mean_gradient[i]).abs() < 1e-4 * (1.0 + here.mean_gradient[i].abs()));
            prop_assert!(((up.variance - down.variance) / (2.0 * e) - here.variance_gradient[i]).abs() < 1e-4);
        }
    }
}
