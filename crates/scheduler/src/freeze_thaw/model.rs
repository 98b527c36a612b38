//! The joint model: asymptotes over configurations, decays over time.

use super::curves::{Curve, Decay, Seen};
use automl_numeric::linalg;
use automl_space::{Config, Space, Value};
use automl_study::{Fidelity, History, Trial};
use nalgebra::DMatrix;

/// The posterior over all curves.
#[derive(Debug)]
pub(super) struct Model {
    decay: Decay,
    seen: Vec<Seen>,
    process: Process,
    /// Mean and variance of each curve's asymptote given all curves.
    asymptotes: Vec<(f64, f64)>,
    /// The last loss of the best trial. The median of all is zero, the lowest minus one.
    best: f64,
    top: f64,
}

impl Model {
    /// Fits the decay, then a process over configurations in which each curve's asymptote is one
    /// observation with the variance that its curve leaves. `None` where that fails. The trials come
    /// best first, the feasible before the others.
    pub(super) fn fit(
        space: &Space,
        history: &History,
        trials: &[&Trial],
        top: Fidelity,
    ) -> Option<Self> {
        let top = top.0 as f64;
        let finite = |trial: &Trial| -> Vec<(f64, f64)> {
            let point =
                |r: &automl_study::Report| (r.fidelity.0 as f64 / top, history.loss(&r.values));
            trial.reports.iter().map(point).filter(|(_, loss)| loss.is_finite()).collect()
        };
        let raw: Vec<Vec<(f64, f64)>> = trials.iter().map(|trial| finite(trial)).collect();
        let mut lasts: Vec<f64> = raw.iter().filter_map(|p| p.last().map(|(_, y)| *y)).collect();
        if lasts.len() != trials.len() || lasts.is_empty() {
            return None;
        }
        lasts.sort_by(f64::total_cmp);
        let best = raw.first()?.last()?.1;
        // Scaled by the better half: what diverged says nothing about the good ones.
        let (least, middle) = (lasts[0], lasts[lasts.len() / 2]);
        let scale = (middle - least).max(1e-9 * (1.0 + middle.abs()));
        let standard = |y: f64| ((y - middle) / scale).min(4.0);
        let curves: Vec<Curve> = raw
            .into_iter()
            .map(|points| {
                let points: Vec<_> = points.into_iter().map(|(t, y)| (t, standard(y))).collect();
                Curve::thinned(&points)
            })
            .collect();
        let decay = Decay::fit(&curves);
        let seen: Vec<Seen> = curves.iter().map(|c| decay.see(c)).collect::<Option<_>>()?;
        let rows = trials.iter().map(|t| features(space, &t.config)).collect();
        let process = Process::fit(rows, &seen)?;
        let asymptotes = process.rows.iter().map(|row| process.predict(row)).collect();
        Some(Self { decay, seen, process, asymptotes, best: standard(best), top })
    }

    /// The last loss of the best trial, a feasible one if there is any.
    pub(super) fn best(&self) -> f64 {
        self.best
    }

    /// The distance from it to the median.
    pub(super) fn spread(&self) -> f64 {
        (-self.best).max(1e-3)
    }

    /// Mean and variance of curve `i` at a fidelity.
    pub(super) fn continued(&self, i: usize, target: Fidelity) -> (f64, f64) {
        self.decay.continued(&self.seen[i], self.asymptotes[i], target.0 as f64 / self.top)
    }

    /// Mean and variance at a fidelity of a configuration that was never trained.
    pub(super) fn fresh(&self, space: &Space, config: &Config, target: Fidelity) -> (f64, f64) {
        let asymptote = self.process.predict(&features(space, config));
        self.decay.fresh(asymptote, target.0 as f64 / self.top)
    }
}

/// One coordinate of a configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Feature {
    /// In the unit interval.
    Unit(f64),
    /// A choice without order.
    Choice(usize),
    /// Not active.
    Absent,
}

fn features(space: &Space, config: &Config) -> Vec<Feature> {
    let one = |(index, param): (usize, &automl_space::Param)| match config.value(index) {
        None => Feature::Absent,
        Some(Value::Category(choice)) if !param.domain().is_ordered() => Feature::Choice(choice),
        Some(value) => Feature::Unit(param.domain().to_unit(value)),
    };
    space.params().iter().enumerate().map(one).collect()
}

/// The squared distance: that of the coordinates, and 1 between different choices or between active
/// and inactive.
fn distance(a: &[Feature], b: &[Feature]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| match (a, b) {
            (Feature::Unit(a), Feature::Unit(b)) => (a - b) * (a - b),
            (a, b) => f64::from(u8::from(a != b)),
        })
        .sum()
}

/// A Gaussian process over configurations with a Matern 5/2 kernel, zero mean and one length scale.
#[derive(Debug)]
struct Process {
    rows: Vec<Vec<Feature>>,
    factor: DMatrix<f64>,
    weights: Vec<f64>,
    length: f64,
    signal: f64,
}

/// Rasmussen & Williams (2006), equation 4.17.
fn matern(squared: f64) -> f64 {
    let a = (5.0 * squared).sqrt();
    (1.0 + a + a * a / 3.0) * (-a).exp()
}

impl Process {
    /// The length scale and signal variance of a grid with the largest evidence.
    fn fit(rows: Vec<Vec<Feature>>, seen: &[Seen]) -> Option<Self> {
        let n = rows.len();
        let squared = DMatrix::from_fn(n, n, |i, j| distance(&rows[i], &rows[j]));
        let mut best: Option<(f64, Self)> = None;
        let root = (rows[0].len().max(1) as f64).sqrt();
        for length in [0.1, 0.2, 0.4, 0.8, 1.6].map(|l| l * root) {
            for signal in [0.3, 1.0, 3.0] {
                let mut k = squared.map(|d| signal * matern(d / (length * length)));
                for (i, curve) in seen.iter().enumerate() {
                    k[(i, i)] += curve.variance + 1e-6;
                }
                if !linalg::cholesky_in_place(&mut k) {
                    continue;
                }
                let y: Vec<f64> = seen.iter().map(|curve| curve.asymptote).collect();
                let mut weights = y.clone();
                linalg::solve_lower_vec(&k, &mut weights);
                let log_det: f64 = (0..n).map(|i| k[(i, i)].ln()).sum();
                let evidence = -0.5 * linalg::dot(&weights, &weights) - log_det;
                if best.as_ref().is_none_or(|(most, _)| evidence > *most) {
                    linalg::solve_upper_vec(&k, &mut weights);
                    let process = Self { rows: Vec::new(), factor: k, weights, length, signal };
                    best = Some((evidence, process));
                }
            }
        }
        best.map(|(_, process)| Self { rows, ..process })
    }

    /// Posterior mean and variance.
    fn predict(&self, row: &[Feature]) -> (f64, f64) {
        let scale = self.length * self.length;
        let kernel = |other: &Vec<Feature>| self.signal * matern(distance(row, other) / scale);
        let mut k: Vec<f64> = self.rows.iter().map(kernel).collect();
        let mean = linalg::dot(&k, &self.weights);
        linalg::solve_lower_vec(&self.factor, &mut k);
        (mean, (self.signal - linalg::dot(&k, &k)).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_study::{Direction, Report};

    /// The best loss is that of the best feasible curve, not that of a lower infeasible one.
    #[test]
    fn the_best_curve_is_feasible() {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        let space = builder.build().unwrap();
        let rng = &mut automl_numeric::stream(0, 0, "test");
        let trial = |number: u64, loss: f64, constraint: f64, rng: &mut dyn rand::Rng| {
            let mut trial = Trial::waiting(number, space.sample(rng));
            trial.reports.push(Report { fidelity: Fidelity(1), values: vec![loss] });
            trial.constraints = vec![constraint];
            trial
        };
        let best = |infeasible: f64, rng: &mut dyn rand::Rng| {
            let mut trials: Vec<Trial> =
                (0..6).map(|i| trial(i, 1.0 + i as f64, -1.0, rng)).collect();
            trials.push(trial(6, infeasible, 1.0, rng));
            let trials: Vec<&Trial> = trials.iter().collect();
            let history = History::new(vec![Direction::Minimize]);
            Model::fit(&space, &history, &trials, Fidelity(4)).unwrap().best()
        };
        assert_eq!(best(0.0, rng), -2.0 / 3.0);
        assert_eq!(best(9.0, rng), -1.0);
    }
}
