//! Learning curves that decay towards an asymptote: a Gaussian process over training time.

use automl_numeric::linalg;
use nalgebra::DMatrix;

/// The most points of a curve; more are thinned to a geometric sequence that keeps the last.
const POINTS: usize = 10;

/// A learning curve in standardised losses, over training time in units of the highest fidelity.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    pub(super) times: Vec<f64>,
    pub(super) losses: Vec<f64>,
}

impl Curve {
    /// Of points in order of time, a geometric selection.
    pub(super) fn thinned(points: &[(f64, f64)]) -> Self {
        let n = points.len();
        let mut chosen: Vec<usize> = if n <= POINTS {
            (0..n).collect()
        } else {
            let ratio = (n as f64).powf(1.0 / (POINTS - 1) as f64);
            (0..POINTS).map(|i| (ratio.powi(i as i32).round() as usize).clamp(1, n) - 1).collect()
        };
        chosen.dedup();
        Self {
            times: chosen.iter().map(|&i| points[i].0).collect(),
            losses: chosen.iter().map(|&i| points[i].1).collect(),
        }
    }
}

/// How curves decay: `y(t) = f + drop * h(t) + g(t) + noise`, `h(t) = (beta / (t + beta))^alpha`, with
/// `g` a Gaussian process of covariance `signal * (beta / (t + t' + beta))^alpha`.
///
/// # Source
/// Swersky, Snoek & Adams (2014), equation 8: the covariance is a mixture of exponential decays
/// with gamma-distributed rates. The common mean `drop * h(t)` is ours: losses fall on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decay {
    alpha: f64,
    beta: f64,
    signal: f64,
    noise: f64,
    drop: f64,
}

/// A curve given its decay: its asymptote as one observation, and the terms of extrapolation.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    factor: DMatrix<f64>,
    times: Vec<f64>,
    /// `K^-1 (y - drop h)` and `K^-1 1`.
    weighted: Vec<f64>,
    ones: Vec<f64>,
    /// The asymptote's estimate and its variance.
    pub(super) asymptote: f64,
    pub(super) variance: f64,
}

impl Decay {
    fn mean(&self, t: f64) -> f64 {
        (self.beta / (t + self.beta)).powf(self.alpha)
    }

    fn covariance(&self, t: f64, other: f64) -> f64 {
        self.signal * (self.beta / (t + other + self.beta)).powf(self.alpha)
    }

    /// The factor of `K + noise`, plus `common` in every entry.
    fn factor(&self, times: &[f64], common: f64) -> Option<DMatrix<f64>> {
        let n = times.len();
        let mut k = DMatrix::from_fn(n, n, |i, j| self.covariance(times[i], times[j]) + common);
        for i in 0..n {
            k[(i, i)] += self.noise + 1e-9;
        }
        linalg::cholesky_in_place(&mut k).then_some(k)
    }

    /// The most likely decay of a grid, with its best drop: asymptotes count as independent, with
    /// unit variance around zero.
    pub(super) fn fit(curves: &[Curve]) -> Self {
        let mut best: Option<(f64, Self)> = None;
        for alpha in [0.5, 1.0, 2.0] {
            for beta in [0.02, 0.1, 0.5] {
                for signal in [0.05, 0.3, 2.0] {
                    for noise in [1e-3, 1e-2, 1e-1] {
                        let decay = Self { alpha, beta, signal, noise, drop: 0.0 };
                        let Some((evidence, drop)) = decay.evidence(curves) else { continue };
                        if best.as_ref().is_none_or(|(most, _)| evidence > *most) {
                            best = Some((evidence, Self { drop, ..decay }));
                        }
                    }
                }
            }
        }
        best.map_or(
            Self { alpha: 1.0, beta: 0.1, signal: 0.3, noise: 1e-2, drop: 0.0 },
            |(_, decay)| decay,
        )
    }

    /// The log evidence up to a constant, at the drop that is the best under a normal prior of
    /// standard deviation 3.
    fn evidence(&self, curves: &[Curve]) -> Option<(f64, f64)> {
        let (mut yy, mut hy, mut hh, mut log_det) = (0.0, 0.0, 1.0 / 9.0, 0.0);
        for curve in curves {
            let l = self.factor(&curve.times, 1.0)?;
            let mut y = curve.losses.clone();
            let mut h: Vec<f64> = curve.times.iter().map(|t| self.mean(*t)).collect();
            linalg::solve_lower_vec(&l, &mut y);
            linalg::solve_lower_vec(&l, &mut h);
            yy += linalg::dot(&y, &y);
            hy += linalg::dot(&h, &y);
            hh += linalg::dot(&h, &h);
            log_det += (0..y.len()).map(|i| l[(i, i)].ln()).sum::<f64>();
        }
        let drop = hy / hh;
        let value = -0.5 * (yy - drop * hy) - log_det;
        value.is_finite().then_some((value, drop))
    }

    /// A curve's asymptote by generalised least squares: with `O` a column of ones,
    /// `lambda = O' K^-1 O` its precision and `O' K^-1 (y - drop h) / lambda` its estimate.
    ///
    /// # Source
    /// Swersky, Snoek & Adams (2014), equations 14 to 16: conditioned on the asymptotes' own
    /// process, the curves enter through these two numbers alone.
    pub(super) fn see(&self, curve: &Curve) -> Option<Seen> {
        let factor = self.factor(&curve.times, 0.0)?;
        let mut weighted: Vec<f64> = curve
            .losses
            .iter()
            .zip(&curve.times)
            .map(|(y, t)| y - self.drop * self.mean(*t))
            .collect();
        let mut ones = vec![1.0; curve.times.len()];
        for column in [&mut weighted, &mut ones] {
            linalg::solve_lower_vec(&factor, column);
            linalg::solve_upper_vec(&factor, column);
        }
        let precision: f64 = ones.iter().sum();
        let asymptote = weighted.iter().sum::<f64>() / precision;
        let times = curve.times.clone();
        (precision > 0.0 && asymptote.is_finite()).then_some(Seen {
            factor,
            times,
            weighted,
            ones,
            asymptote,
            variance: 1.0 / precision,
        })
    }

    /// Mean and variance of a seen curve at a later time, given mean and variance of its asymptote.
    ///
    /// # Source
    /// Swersky, Snoek & Adams (2014), equations 17 to 19.
    pub(super) fn continued(&self, seen: &Seen, asymptote: (f64, f64), t: f64) -> (f64, f64) {
        let mut k: Vec<f64> = seen.times.iter().map(|s| self.covariance(*s, t)).collect();
        let omega = 1.0 - linalg::dot(&k, &seen.ones);
        let mean = linalg::dot(&k, &seen.weighted) + omega * asymptote.0 + self.drop * self.mean(t);
        linalg::solve_lower_vec(&seen.factor, &mut k);
        let own = (self.covariance(t, t) - linalg::dot(&k, &k)).max(0.0);
        (mean, own + omega * omega * asymptote.1)
    }

    /// Mean and variance at a time of a curve without observations.
    pub(super) fn fresh(&self, asymptote: (f64, f64), t: f64) -> (f64, f64) {
        (asymptote.0 + self.drop * self.mean(t), asymptote.1 + self.covariance(t, t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Curves `a + (1 - a) (beta / (t + beta))`, seen to a quarter, end near their asymptote.
    #[test]
    fn extrapolation_beats_the_last_value() {
        let value = |a: f64, t: f64| a + (1.5 - a) * 0.1 / (t + 0.1);
        let curve = |a: f64, target: usize| {
            let points: Vec<(f64, f64)> =
                (1..=target).map(|i| i as f64 / 40.0).map(|t| (t, value(a, t))).collect();
            Curve::thinned(&points)
        };
        let asymptotes: Vec<f64> = (0..12).map(|i| -1.0 + 0.15 * f64::from(i)).collect();
        let mut curves: Vec<Curve> = asymptotes[..6].iter().map(|a| curve(*a, 40)).collect();
        curves.extend(asymptotes[6..].iter().map(|a| curve(*a, 10)));
        let decay = Decay::fit(&curves);
        for (a, curve) in asymptotes[6..].iter().zip(&curves[6..]) {
            let seen = decay.see(curve).unwrap();
            let (mean, variance) = decay.continued(&seen, (seen.asymptote, seen.variance), 1.0);
            let (truth, last) = (value(*a, 1.0), value(*a, 0.25));
            assert!((mean - truth).abs() < 0.5 * (last - truth).abs(), "{mean} {truth} {last}");
            assert!(
                (mean - truth).abs() < 4.0 * variance.sqrt() + 0.05,
                "{mean} {truth} {variance}"
            );
        }
    }

    /// The two-number summary gives the posterior of the asymptote that the full covariance gives.
    #[test]
    fn the_summary_loses_nothing() {
        let decay = Decay { alpha: 1.0, beta: 0.2, signal: 0.7, noise: 0.01, drop: 0.4 };
        let curve = Curve { times: vec![0.1, 0.2, 0.5], losses: vec![0.9, 0.5, 0.4] };
        let (prior_mean, prior_variance) = (0.3, 0.8);
        let seen = decay.see(&curve).unwrap();
        let precision = 1.0 / prior_variance + 1.0 / seen.variance;
        let mean = (prior_mean / prior_variance + seen.asymptote / seen.variance) / precision;
        // Directly: f is normal, y = f + drop h + g + noise.
        let n = 3;
        let k = DMatrix::from_fn(n, n, |i, j| {
            let own = if i == j { decay.noise + 1e-9 } else { 0.0 };
            decay.covariance(curve.times[i], curve.times[j]) + prior_variance + own
        });
        let residual = DMatrix::from_fn(n, 1, |i, _| {
            curve.losses[i] - prior_mean - decay.drop * decay.mean(curve.times[i])
        });
        let solved = k.clone().lu().solve(&residual).unwrap();
        let direct = prior_mean + prior_variance * solved.sum();
        let ones = DMatrix::from_element(n, 1, 1.0);
        let spread = prior_variance - prior_variance.powi(2) * k.lu().solve(&ones).unwrap().sum();
        assert!((mean - direct).abs() < 1e-9 && (1.0 / precision - spread).abs() < 1e-9);
    }
}
