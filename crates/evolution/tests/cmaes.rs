//! CMA-ES against evaluation counts in the literature.

use automl_evolution::CmaEs;
use automl_numeric::stream;
use rand::RngExt;
use rand_distr::StandardNormal;

/// Evaluations until the function is below `target`, at most `limit`.
fn evaluations(
    mut es: CmaEs,
    f: &dyn Fn(&[f64]) -> f64,
    target: f64,
    limit: usize,
    seed: u64,
) -> usize {
    let mut rng = stream(seed, 0, "test");
    let mut count = 0;
    while count < limit {
        let mut points: Vec<(f64, Vec<f64>)> = (0..es.lambda())
            .map(|_| {
                let x = es.sample(&mut rng);
                (f(&x), x)
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        count += points.len();
        if points[0].0 < target {
            return count;
        }
        es.update(&points.into_iter().map(|(_, x)| x).collect::<Vec<_>>());
    }
    limit
}

fn median(run: impl Fn(u64) -> usize) -> usize {
    let mut counts: Vec<usize> = (0..7).map(run).collect();
    counts.sort_unstable();
    counts[3]
}

fn standard(n: usize, start: f64, sigma: f64) -> CmaEs {
    CmaEs::new(&vec![start; n], sigma, CmaEs::default_lambda(n), false)
}

fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

/// Condition number 10^6.
fn ellipsoid(x: &[f64]) -> f64 {
    let last = (x.len() - 1) as f64;
    x.iter().enumerate().map(|(i, x)| 1e6_f64.powf(i as f64 / last) * x * x).sum()
}

fn rosenbrock(x: &[f64]) -> f64 {
    x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum()
}

/// Orthonormal rows by Gram-Schmidt.
fn rotation(n: usize) -> Vec<Vec<f64>> {
    let mut rng = stream(7, 0, "rotation");
    let mut rows: Vec<Vec<f64>> = Vec::new();
    while rows.len() < n {
        let mut row: Vec<f64> = (0..n).map(|_| rng.sample::<f64, _>(StandardNormal)).collect();
        for other in &rows {
            let dot: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(other).for_each(|(a, b)| *a -= dot * b);
        }
        let norm = sphere(&row).sqrt();
        row.iter_mut().for_each(|a| *a /= norm);
        rows.push(row);
    }
    rows
}

// Hansen & Ostermeier (2001), figure 6, and the data of the BBOB workshops: about 1,500, 5,000 to
// 6,000 and 5,000 to 7,000 evaluations in ten dimensions.
#[test]
fn sphere_is_minimized_in_time() {
    let count = median(|seed| evaluations(standard(10, 1.0, 0.5), &sphere, 1e-10, 10_000, seed));
    assert!((900..2_200).contains(&count), "{count}");
}

#[test]
fn a_rotated_ellipsoid_takes_no_longer_than_an_upright_one() {
    let rows = rotation(10);
    let rotated = |x: &[f64]| {
        let y: Vec<f64> = rows.iter().map(|r| r.iter().zip(x).map(|(a, b)| a * b).sum()).collect();
        ellipsoid(&y)
    };
    let start = || standard(10, 1.0, 0.5);
    let upright = median(|seed| evaluations(start(), &ellipsoid, 1e-8, 20_000, seed));
    let turned = median(|seed| evaluations(start(), &rotated, 1e-8, 20_000, seed));
    assert!(upright < 6_500 && turned < 6_500, "{upright} {turned}");
    assert!(turned < upright * 3 / 2, "{upright} {turned}");
}

#[test]
fn rosenbrock_is_minimized_in_time() {
    let count = median(|seed| evaluations(standard(10, 0.0, 0.3), &rosenbrock, 1e-8, 20_000, seed));
    assert!((2_500..8_000).contains(&count), "{count}");
}

#[test]
fn diagonal_form_learns_in_three_hundred_dimensions() {
    let n = 300;
    let start = CmaEs::new(&vec![1.0; n], 0.5, CmaEs::default_lambda(n), true);
    let count = evaluations(start, &ellipsoid, 1e-3, 150_000, 1);
    assert!(count < 100_000, "{count}");
}

#[test]
fn injected_points_do_no_harm() {
    let mut rng = stream(3, 0, "test");
    let mut es = standard(5, 1.0, 0.5);
    for generation in 0..200 {
        let mut points: Vec<Vec<f64>> = (0..es.lambda()).map(|_| es.sample(&mut rng)).collect();
        points[0] = vec![if generation % 2 == 0 { 1e6 } else { 0.0 }; 5];
        points.sort_by(|a, b| sphere(a).total_cmp(&sphere(b)));
        es.update(&points);
    }
    assert!(sphere(es.mean()) < 1e-6 && es.condition() < 1e6, "{es:?}");
}
