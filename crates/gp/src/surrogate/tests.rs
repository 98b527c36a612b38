use super::*;
use crate::regression::KernelFamily;
use automl_study::sobol_point;

fn square(d: usize) -> Kernel {
    Kernel::ard(KernelFamily::Matern52, d)
}

/// Rows of which half gather around the optimum, and their losses.
fn study(n: usize, d: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let row = |i: usize| -> Vec<f64> {
        let near = if i.is_multiple_of(2) { 1.0 } else { 40.0 / (40.0 + i as f64) };
        sobol_point(i as u64, d, 9).iter().map(|u| 0.4 + (u - 0.4) * near).collect()
    };
    let rows: Vec<Vec<f64>> = (0..n).map(row).collect();
    let loss = |row: &Vec<f64>| -> f64 {
        let bowl: f64 = row.iter().map(|u| (u - 0.4) * (u - 0.4)).sum();
        bowl + 0.1 * (9.0 * row[0]).sin() * (7.0 * row[1]).cos()
    };
    let y = rows.iter().map(loss).collect();
    (rows, y)
}

#[test]
fn a_used_cache_gives_what_a_fresh_one_does() {
    let (rows, y) = study(70, 3);
    let (kernel, priors) = (square(3), Priors::scaled(3));
    let options = SurrogateOptions {
        warping: true,
        components: 2,
        columns: &[0, 1, 2],
        max_rows: 2000,
        trend: None,
    };
    let mut used = SurrogateCache::default();
    let points = matrix(&rows[..5]);
    for n in (40..70).chain([45, 66]) {
        let ours = used.fit(&kernel, &priors, &rows[..n], &y[..n], options);
        let theirs = SurrogateCache::default().fit(&kernel, &priors, &rows[..n], &y[..n], options);
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(&theirs) {
            assert_eq!(
                a.posterior.means_and_variances(&points),
                b.posterior.means_and_variances(&points),
                "{n} rows"
            );
            assert_eq!(a.weight, b.weight);
        }
    }
}

/// The error of conditioning on a part of many rows, in units of the outputs' standard
/// deviation.
#[test]
fn a_part_of_many_rows_predicts_well_around_the_best() {
    let d = 6;
    let (rows, y) = study(2400, d);
    let (kernel, priors) = (square(d), Priors::scaled(d));
    let options = SurrogateOptions {
        warping: false,
        components: 1,
        columns: &[],
        max_rows: 2000,
        trend: None,
    };
    let fitted = SurrogateCache::default().fit(&kernel, &priors, &rows, &y, options);
    let local = &fitted[0];
    assert_eq!(local.posterior.rows().nrows(), 1000);
    // Pending trials are appended to these.
    assert!(local.posterior.clone().set_outputs(&local.outputs).is_ok());
    let data = Observations { x: &matrix(&rows), y: &local.transformed.y, noise: &[] };
    let (ours, hyper) = (local.posterior.kernel(), local.posterior.hyperparameters());
    let exact = Posterior::new(ours, hyper, data, priors.mean).unwrap();
    let errors = |width: f64| -> (f64, f64) {
        let points: Vec<Vec<f64>> = (0..200)
            .map(|i| sobol_point(i, d, 4).iter().map(|u| 0.4 + (u - 0.4) * width).collect())
            .collect();
        let points = matrix(&points);
        let (a, b) =
            (exact.means_and_variances(&points), local.posterior.means_and_variances(&points));
        let rms = |a: &[f64], b: &[f64], f: fn(f64) -> f64| {
            let sum: f64 = a.iter().zip(b).map(|(a, b)| (f(*a) - f(*b)).powi(2)).sum();
            (sum / a.len() as f64).sqrt()
        };
        (rms(&a.0, &b.0, |v| v), rms(&a.1, &b.1, f64::sqrt))
    };
    let (near, far) = (errors(0.2), errors(1.0));
    println!("near the best {near:?}, anywhere {far:?}");
    assert!(near.0 < 0.02 && near.1 < 0.02, "{near:?}");
    assert!(far.0 < 0.2 && far.1 < 0.2, "{far:?}");
}

/// A function that changes within a thirtieth of its range: the learned map of the inputs stretches
/// that part, so the model is chosen and predicts between the rows with less than half of the error.
#[test]
fn inputs_are_warped_where_that_explains_the_outputs() {
    let f = |u: f64| (12.0 * u.powf(0.15)).sin();
    let rows: Vec<Vec<f64>> = (0..30).map(|i| vec![(f64::from(i) / 29.0).powi(3)]).collect();
    let y: Vec<f64> = rows.iter().map(|row| f(row[0])).collect();
    let (kernel, priors) = (square(1), Priors::scaled(1));
    let error = |columns: &'static [usize]| {
        let options =
            SurrogateOptions { warping: true, components: 1, columns, max_rows: 2000, trend: None };
        let fitted = SurrogateCache::default().fit(&kernel, &priors, &rows, &y, options);
        let posterior = &fitted[0].posterior;
        let is_warped = posterior.kernel().input_warping().0.len() > 0;
        let points: Vec<Vec<f64>> =
            (0..200).map(|i| vec![((f64::from(i) + 0.5) / 200.0).powi(3)]).collect();
        let truth: Vec<f64> =
            points.iter().map(|p| fitted[0].transformed.standardized(f(p[0]))).collect();
        let means = posterior.means(&matrix(&points));
        let squares = means.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        ((squares / 200.0).sqrt(), is_warped)
    };
    let (plain, warped) = (error(&[]), error(&[0]));
    assert!(!plain.1 && warped.1 && warped.0 < 0.5 * plain.0, "{plain:?} {warped:?}");
}
