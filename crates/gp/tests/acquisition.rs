//! Acquisition functions against integrals, and their slopes.

use automl_gp::acquisition::*;
use automl_numeric::{normal, stream};
use proptest::prelude::*;
use rand::RngExt;

/// The standard normal density.
fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[allow(clippy::excessive_precision)]
#[test]
fn tails_agree_with_high_precision() {
    let ei = |best| log_expected_improvement(0.0, 1.0, best).value;
    // mpmath at 60 digits: log(npdf(z) + z*ncdf(z)) and log(ncdf(z)).
    for (z, h, p) in [
        (-1.0, -2.485_121_025_712_641_34, -1.841_021_645_009_263_51),
        (-3.0, -7.869_686_059_603_028_52, -6.607_726_221_510_349_54),
        (-3.5, -9.746_810_037_765_386_74, -8.366_065_308_344_093_05),
        (-10.0, -55.553_122_036_122_355_9, -53.231_285_150_512_470_6),
        (-100.0, -5_010.129_578_800_249_79, -5_005.524_208_694_205_09),
    ] {
        assert!((ei(z) - h).abs() < 1e-12 * h.abs(), "{z}: {} {h}", ei(z));
        let ours = log_probability_of_feasibility(0.0, 1.0, z).value;
        assert!((ours - p).abs() < 1e-12 * p.abs(), "{z}: {ours} {p}");
    }
}

/// Quasi-random integration of the improvement of a two-dimensional hypervolume.
#[test]
fn hypervolume_improvement_agrees_with_integration() {
    let front = [[-1.0, 1.0], [0.0, 0.2], [0.8, -0.5]];
    let reference = [1.5, 1.5];
    let volume = |extra: [f64; 2]| {
        let mut points = front.to_vec();
        points.push(extra);
        automl_numeric::pareto::hypervolume(&points, &reference)
    };
    let base = automl_numeric::pareto::hypervolume(&front, &reference);
    for (mean, sd) in [([0.3, 0.4], [0.5, 0.7]), ([-0.5, 0.0], [0.3, 1.0])] {
        let cells = 300;
        let step = 12.0 / f64::from(cells);
        let mut sum = 0.0;
        for i in 0..cells {
            for j in 0..cells {
                let z = [-6.0 + step * (f64::from(i) + 0.5), -6.0 + step * (f64::from(j) + 0.5)];
                let at = [mean[0] + sd[0] * z[0], mean[1] + sd[1] * z[1]];
                let weight = density(z[0]) * density(z[1]) * step * step;
                sum += weight * (volume(at) - base);
            }
        }
        let value = log_expected_hypervolume_improvement(mean, sd, &front, reference).value;
        assert!((value.exp() - sum).abs() < 2e-4 * sum, "{} {sum}", value.exp());
    }
}

proptest! {
    #[test]
    fn hypervolume_slopes_are_derivatives(
        mean in proptest::array::uniform2(-2.0..2.0f64), log in proptest::array::uniform2(-1.5..1.0f64),
    ) {
        let front = [[-1.0, 1.0], [0.0, 0.2], [0.8, -0.5]];
        let f = |mean, sd| log_expected_hypervolume_improvement(mean, sd, &front, [1.5, 1.5]);
        let sd = log.map(f64::exp);
        let HypervolumeImprovement { by_mean, by_sd, .. } = f(mean, sd);
        for j in 0..2 {
            let e = 1e-6 * sd[j];
            let moved = |x: [f64; 2], by: f64| {
                let mut x = x;
                x[j] += by;
                x
            };
            let dm = (f(moved(mean, e), sd).value - f(moved(mean, -e), sd).value) / (2.0 * e);
            let ds = (f(mean, moved(sd, e)).value - f(mean, moved(sd, -e)).value) / (2.0 * e);
            prop_assert!((dm - by_mean[j]).abs() < 1e-4 * (1.0 + dm.abs()), "{dm} {}", by_mean[j]);
            prop_assert!((ds - by_sd[j]).abs() < 1e-4 * (1.0 + ds.abs()), "{ds} {}", by_sd[j]);
        }
    }
}

proptest! {
    #[test]
    fn slopes_are_derivatives(mean in -3.0..3.0f64, log_sd in -2.0..2.0f64, other in -3.0..3.0f64) {
        let sd = log_sd.exp();
        for f in [log_expected_improvement, lower_confidence_bound, log_probability_of_feasibility] {
            let ValueAndGradient { by_mean, by_sd, .. } = f(mean, sd, other);
            let e = 1e-6 * sd;
            let dm = (f(mean + e, sd, other).value - f(mean - e, sd, other).value) / (2.0 * e);
            let ds = (f(mean, sd + e, other).value - f(mean, sd - e, other).value) / (2.0 * e);
            prop_assert!((dm - by_mean).abs() < 1e-5 * (1.0 + by_mean.abs()));
            prop_assert!((ds - by_sd).abs() < 1e-5 * (1.0 + by_sd.abs()));
        }
    }
}

const BOUNDS: [(f64, f64); 4] = [(0.0, 1.0), (-1.0, 3.0), (0.5, 1.0), (0.0, 2.0)];
const WEIGHTS: [f64; 4] = [0.4, 0.3, 0.1, 0.2];

fn known() -> Vec<Vec<f64>> {
    vec![vec![0.6, 0.2, 0.8, 0.9], vec![0.2, 1.8, 0.6, 1.2], vec![0.9, -0.7, 0.9, 0.4]]
}

fn scalar(losses: &[f64]) -> f64 {
    let parts = losses.iter().zip(BOUNDS).zip(WEIGHTS);
    let parts = parts.map(|((x, (low, high)), w)| w * (x - low) / (high - low));
    parts.fold(f64::NEG_INFINITY, f64::max)
}

fn value(f: &Scalarizations, mean: [f64; 4], sd: [f64; 4]) -> f64 {
    f.value_and_gradient(&mean, &sd, &mut [0.0; 4], &mut [0.0; 4])
}

/// The mean improvement of draws, as a share of the way to .05 below the origin.
#[test]
fn scalarizations_have_the_improvement_of_draws() {
    let best = known().iter().map(|losses| scalar(losses)).fold(f64::INFINITY, f64::min);
    let improvement = Scalarizations::new(&known(), &BOUNDS, &[WEIGHTS.to_vec()]);
    for (mean, sd) in
        [([0.3, 0.4, 0.6, 0.5], [0.2, 0.8, 0.1, 0.3]), ([0.5, 0.2, 0.9, 0.2], [0.1, 0.5, 0.3, 0.5])]
    {
        let mut rng = stream(1, 0, "draws");
        let mut gain = || {
            let draw: [f64; 4] =
                std::array::from_fn(|j| mean[j] + sd[j] * normal::quantile(rng.random()));
            (best - scalar(&draw)).clamp(0.0, best + 0.05) / (best + 0.05)
        };
        let drawn = (0..20_000).map(|_| gain()).sum::<f64>() / 20_000.0;
        let ours = value(&improvement, mean, sd).exp();
        assert!((ours - drawn).abs() < 0.04 * drawn, "{ours} {drawn}");
    }
}

proptest! {
    #[test]
    fn slopes_of_scalarizations_are_derivatives(
        mean in proptest::array::uniform4(-1.0..3.0f64), log in proptest::array::uniform4(-3.0..0.5f64),
    ) {
        let other = vec![0.1, 0.2, 0.6, 0.1];
        let f = Scalarizations::new(&known(), &BOUNDS, &[WEIGHTS.to_vec(), other]);
        let sd = log.map(f64::exp);
        let (mut by_mean, mut by_sd) = ([0.0; 4], [0.0; 4]);
        let here = f.value_and_gradient(&mean, &sd, &mut by_mean, &mut by_sd);
        // Between, single points drop out of the sum.
        prop_assume!(!(-80.0..=-40.0).contains(&here));
        for j in 0..4 {
            let e = 1e-6 * sd[j];
            let slope = |at: &dyn Fn(f64) -> f64| (at(e) - at(-e)) / (2.0 * e);
            let moved = |mut x: [f64; 4], by: f64| { x[j] += by; x };
            let dm = slope(&|e| value(&f, moved(mean, e), sd));
            let ds = slope(&|e| value(&f, mean, moved(sd, e)));
            prop_assert!((dm - by_mean[j]).abs() < 1e-4 * (1.0 + dm.abs()), "{dm} {}", by_mean[j]);
            prop_assert!((ds - by_sd[j]).abs() < 1e-4 * (1.0 + ds.abs()), "{ds} {}", by_sd[j]);
        }
    }
}
