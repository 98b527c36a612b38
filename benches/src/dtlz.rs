//! The problems of Deb, Thiele, Laumanns and Zitzler with four and five objectives.

use crate::problem::{Problem, Score};
use automl::space::{Config, SpaceError};
use std::f64::consts::{FRAC_PI_2, PI};

/// What tells one problem of the family from the others.
struct Kind {
    name: &'static str,
    /// Losses of a point of the unit cube, for so many objectives.
    losses: fn(&[f64], usize) -> Vec<f64>,
    /// The reference point and the volume of the exact front below it.
    volume: fn(usize) -> (Vec<f64>, f64),
}

/// The product by which a position on the front, `[m - 1]`, counts for objective `j`: `near(x)` for all but
/// the last `j` coordinates, and `far(x)` for the next one.
fn share(x: &[f64], j: usize, near: impl Fn(f64) -> f64, far: impl Fn(f64) -> f64) -> f64 {
    let kept = x.len() - j.min(x.len());
    let last = if j == 0 { 1.0 } else { far(x[kept]) };
    x[..kept].iter().map(|x| near(*x)).product::<f64>() * last
}

/// The part of the sphere in the positive orthant, of which a position `x` is at the angles
/// `x^power pi / 2`.
fn spherical(x: &[f64], m: usize, power: i32) -> Vec<f64> {
    let radius = 1.0 + x[m - 1..].iter().map(|x| (x - 0.5).powi(2)).sum::<f64>();
    let angle = |x: f64| x.powi(power) * FRAC_PI_2;
    (0..m).map(|j| radius * share(&x[..m - 1], j, |x| angle(x).cos(), |x| angle(x).sin())).collect()
}

/// The volume below `(1.1, ..., 1.1)` and beyond the unit sphere.
fn beyond_sphere(m: usize) -> (Vec<f64>, f64) {
    // The volume of the unit ball by that of the ball with two dimensions less.
    let ball = (2..=m).rev().step_by(2).map(|d| 2.0 * PI / d as f64).product::<f64>()
        * if m % 2 == 1 { 2.0 } else { 1.0 };
    (vec![1.1; m], 1.1_f64.powi(m as i32) - ball / 2.0_f64.powi(m as i32))
}

/// A front on a plane, behind which there are very many local ones.
fn linear(x: &[f64], m: usize) -> Vec<f64> {
    let term = |x: &f64| (x - 0.5).powi(2) - (20.0 * PI * (x - 0.5)).cos() + 1.0;
    let size = 0.5 * (1.0 + 100.0 * x[m - 1..].iter().map(term).sum::<f64>());
    (0..m).map(|j| size * share(&x[..m - 1], j, |x| x, |x| 1.0 - x)).collect()
}

/// The volume below `(100, ..., 100)` and beyond the simplex of side one half.
fn beyond_plane(m: usize) -> (Vec<f64>, f64) {
    let simplex = (1..=m).map(|i| 0.5 / i as f64).product::<f64>();
    (vec![100.0; m], 100.0_f64.powi(m as i32) - simplex)
}

/// What one coordinate of a position takes off the last objective of DTLZ7.
fn wave(x: f64) -> f64 {
    x * (1.0 + (3.0 * PI * x).sin())
}

/// A front of `2^(m - 1)` parts.
fn disconnected(x: &[f64], m: usize) -> Vec<f64> {
    let tail = &x[m - 1..];
    let far = 2.0 + 9.0 / tail.len() as f64 * tail.iter().sum::<f64>();
    let waves: f64 = x[..m - 1].iter().map(|x| wave(*x)).sum();
    x[..m - 1].iter().copied().chain([far * m as f64 - waves]).collect()
}

/// The volume below 1.1 in all but the last objective and `5 m` in the last. At a position below `y` the
/// last objective is at least `2 m - sum_i max_{x <= y_i} wave(x)`, so one integral is enough.
fn beyond_waves(m: usize) -> (Vec<f64>, f64) {
    const CELLS: usize = 1_000_000;
    let (mut highest, mut integral) = (0.0_f64, 0.0);
    for cell in 0..CELLS {
        let x = 1.1 * (cell as f64 + 0.5) / CELLS as f64;
        highest = highest.max(if x <= 1.0 { wave(x) } else { 0.0 });
        integral += highest * 1.1 / CELLS as f64;
    }
    let (last, positions) = (5.0 * m as f64, m as i32 - 1);
    let flat = 1.1_f64.powi(positions) * (last - 2.0 * m as f64);
    let mut reference = vec![1.1; m];
    reference[m - 1] = last;
    (reference, flat + f64::from(positions) * 1.1_f64.powi(positions - 1) * integral)
}

const KINDS: [Kind; 4] = [
    Kind { name: "dtlz1", losses: linear, volume: beyond_plane },
    Kind { name: "dtlz2", losses: |x, m| spherical(x, m, 1), volume: beyond_sphere },
    Kind { name: "dtlz4", losses: |x, m| spherical(x, m, 100), volume: beyond_sphere },
    Kind { name: "dtlz7", losses: disconnected, volume: beyond_waves },
];

/// DTLZ1, 2, 4 and 7 of four and five objectives, each of `m` objectives over `m + 2` floats.
///
/// # Source
/// Deb et al. (2005), "Scalable Test Problems for Evolutionary Multiobjective Optimization".
///
/// # Errors
/// [`SpaceError`] only if the definition of a space is invalid.
pub fn problems() -> Result<Vec<Problem>, SpaceError> {
    let of = |kind: &Kind, m: usize| -> Result<Problem, SpaceError> {
        let (space, keys) = crate::synthetic::cube(m + 2, 0.0, 1.0)?;
        let of = kind.losses;
        let losses = move |config: &Config, _: u64| -> Vec<f64> {
            of(&keys.iter().map(|key| config[*key]).collect::<Vec<f64>>(), m)
        };
        let (reference, best) = (kind.volume)(m);
        Ok(Problem {
            name: format!("{}-{m}", kind.name),
            space,
            objectives: m,
            score: Score::Hypervolume { reference, best },
            noisy: Box::new(losses.clone()),
            exact: Box::new(losses),
        })
    };
    KINDS.iter().flat_map(|kind| [of(kind, 4), of(kind, 5)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of the front have the radius 1, and the exact volumes are those of the unit balls of four and
    /// five dimensions, `pi^2 / 2` and `8 pi^2 / 15`.
    #[test]
    fn the_front_of_dtlz2_is_the_unit_sphere() {
        for (m, ball) in [(4, PI * PI / 2.0), (5, 8.0 * PI * PI / 15.0)] {
            let point: Vec<f64> = (0..m + 2).map(|i| if i < m - 1 { 0.3 } else { 0.5 }).collect();
            for power in [1, 100] {
                let losses = spherical(&point, m, power);
                assert!((losses.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
            }
            let (_, best) = beyond_sphere(m);
            let exact = 1.1_f64.powi(m as i32) - ball / 2.0_f64.powi(m as i32);
            assert!((best - exact).abs() < 1e-12, "{best} {exact}");
        }
    }

    /// The losses of a point of the front of DTLZ1 sum up to one half, and the volumes of few points of the
    /// fronts of DTLZ1 and DTLZ7 stay below the exact ones and come near.
    #[test]
    fn exact_volumes_bound_those_of_points_of_the_front() {
        let point = [0.3, 0.8, 0.1, 0.5, 0.5, 0.5];
        assert!((linear(&point, 4).iter().sum::<f64>() - 0.5).abs() < 1e-12);
        for (kind, tail, least) in [(&KINDS[0], 0.5, 0.999), (&KINDS[3], 0.0, 0.9)] {
            let (reference, best) = (kind.volume)(4);
            let axis = [0.0, 0.25, 0.6, 0.86];
            let all = (0..64).map(|i| {
                let point = [axis[i % 4], axis[i / 4 % 4], axis[i / 16], tail, tail, tail];
                (kind.losses)(&point, 4)
            });
            let all: Vec<Vec<f64>> = all.collect();
            let share = automl::numeric::pareto::hypervolume(&all, &reference) / best;
            assert!(share > least && share < 1.0, "{}: {share}", kind.name);
        }
    }
}
