//! PED-ANOVA of one parameter.

use automl_numeric::normal::mass;
use automl_space::Domain;

/// The largest number of grid points of a numerical parameter.
const STEPS: usize = 50;

/// Fewest trials of a regime: those with a value, or those without.
const FEWEST: usize = 2;

/// A trial as the analysis sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observation {
    /// The objective value as a loss, finite.
    pub(super) loss: f64,
    /// The parameter's value; `None` where it is inactive.
    pub(super) value: Option<f64>,
}

/// The importance of a parameter, not yet normalized: `(n / N)^2 (a^2 / b) D`, with `n` of the `N`
/// trials in the target quantile, the shares `a` of those and `b` of all that have a value, and the
/// Pearson divergence `D` of the two densities.
pub(super) fn ped_anova(domain: &Domain, trials: &[Observation], quantile: f64) -> f64 {
    if trials.len() < 2 || domain.cardinality() == Some(1) {
        return 0.0;
    }
    let mut losses: Vec<f64> = trials.iter().map(|trial| trial.loss).collect();
    losses.sort_by(f64::total_cmp);
    let last = (quantile * losses.len() as f64).ceil() as usize;
    let cutoff = losses[last.clamp(1, losses.len()) - 1];
    let active: Vec<&Observation> = trials.iter().filter(|trial| trial.value.is_some()).collect();
    let values = |best: bool| -> Vec<f64> {
        let counts = active.iter().filter(|trial| !best || trial.loss <= cutoff);
        counts.filter_map(|trial| trial.value).collect()
    };
    let (top, all) = (values(true), values(false));
    if all.len() < FEWEST || top.is_empty() {
        return 0.0;
    }
    let targets = losses.partition_point(|loss| *loss <= cutoff) as f64;
    let total = trials.len() as f64;
    let (a, b) = (top.len() as f64 / targets, all.len() as f64 / total);
    (targets / total).powi(2) * a * a / b * divergence(domain, &top, &all)
}

/// The Pearson divergence of the density of the best values from that of all values.
fn divergence(domain: &Domain, top: &[f64], all: &[f64]) -> f64 {
    let [q, p] = [top, all].map(|values| density(domain, values));
    let terms = q.iter().zip(&p).map(|(q, p)| {
        let (q, p) = (q + 1e-12, p + 1e-12);
        p * (q / p - 1.0).powi(2)
    });
    terms.sum()
}

/// The Parzen density of values on the grid of a domain, with a prior of the weight of one value.
fn density(domain: &Domain, values: &[f64]) -> Vec<f64> {
    match domain {
        Domain::Categorical(d) => categorical(&counts(values, d.choices().len(), |index| index)),
        Domain::Float(_) | Domain::Int(_) => {
            let steps = grid(domain);
            let (low, high) = bounds(domain);
            let step = (high - low) / (steps - 1) as f64;
            let log = domain.is_log();
            // Of two grid points at the same distance the lower one.
            let place = |x: f64| ((if log { x.ln() } else { x } - low) / step - 0.5).ceil();
            numerical(&counts(values, steps, place))
        }
    }
}

/// The ends of a numerical domain on its scale.
fn bounds(domain: &Domain) -> (f64, f64) {
    let (low, high) = match domain {
        Domain::Float(d) => (d.low(), d.high()),
        Domain::Int(d) => (d.low() as f64, d.high() as f64),
        Domain::Categorical(_) => (0.0, 1.0),
    };
    if domain.is_log() { (low.ln(), high.ln()) } else { (low, high) }
}

/// The number of grid points of a numerical domain, at least 2.
fn grid(domain: &Domain) -> usize {
    let points = |low: f64, high: f64, step: f64| ((high - low) / step).round() + 1.0;
    let points = match domain {
        Domain::Int(d) if d.log() => ((d.high() - d.low() + 1) as f64).log2().ceil() + 1.0,
        Domain::Int(d) => points(d.low() as f64, d.high() as f64, d.step() as f64),
        Domain::Float(d) => d.step().map_or(STEPS as f64, |step| points(d.low(), d.high(), step)),
        Domain::Categorical(d) => d.choices().len() as f64,
    };
    (points as usize).clamp(2, STEPS)
}

/// How many values fall on each grid point.
fn counts(values: &[f64], size: usize, place: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut counts = vec![0.0; size];
    for value in values {
        // The conversion saturates, so a value outside the grid counts at its end.
        counts[(place(*value) as usize).min(size - 1)] += 1.0;
    }
    counts
}

/// The mixture of one kernel for each choice that occurs, and a uniform prior.
fn categorical(counts: &[f64]) -> Vec<f64> {
    let size = counts.len() as f64;
    let observed = counts.iter().filter(|count| **count > 0.0).count() as f64;
    let total: f64 = counts.iter().sum::<f64>() + 1.0;
    let floor = 1.0 / (observed + 1.0);
    let row = 1.0 + size * floor;
    let mass = |count: &f64| {
        // Each observed kernel gives `floor` to every choice, and 1 more to its own.
        ((total - 1.0) * floor / row + count / row + 1.0 / size) / total
    };
    counts.iter().map(mass).collect()
}

/// The mixture of truncated normal kernels on the grid, of the same bandwidth, and a wide prior.
fn numerical(counts: &[f64]) -> Vec<f64> {
    let last = counts.len() as f64 - 1.0;
    let total: f64 = counts.iter().sum();
    let sigma = bandwidth(counts, total);
    let kernels = counts.iter().enumerate().filter(|(_, count)| **count > 0.0);
    let kernels = kernels.map(|(at, count)| (at as f64, sigma, *count));
    let mut density = vec![0.0; counts.len()];
    for (mean, sd, weight) in kernels.chain([(last / 2.0, last + 1.0, 1.0)]) {
        let cell = |from: f64, to: f64| mass((from - mean) / sd, (to - mean) / sd);
        let share = weight / (total + 1.0) / cell(-0.5, last + 0.5);
        for (at, slot) in density.iter_mut().enumerate() {
            *slot += share * cell(at as f64 - 0.5, at as f64 + 0.5);
        }
    }
    density
}

/// Scott's rule with the smaller of standard deviation and interquartile range, at least a kernel of
/// which 90 % lie on one grid point.
fn bandwidth(counts: &[f64], total: f64) -> f64 {
    let observed: Vec<(f64, f64)> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0.0)
        .map(|(at, count)| (at as f64, *count))
        .collect();
    let mean = observed.iter().map(|(x, w)| x * w).sum::<f64>() / total;
    let squares: f64 = observed.iter().map(|(x, w)| (x - mean).powi(2) * w).sum();
    let deviation = (squares / (total - 1.0).max(1.0)).sqrt();
    let cumulative: Vec<f64> = observed
        .iter()
        .scan(0.0, |sum, (_, weight)| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let first = cumulative.partition_point(|sum| *sum < (total / 4.0).floor());
    let third = cumulative.partition_point(|sum| *sum <= (total * 3.0 / 4.0).floor());
    let range = observed[third.min(observed.len() - 1)].0 - observed[first].0;
    (1.059 * (range / 1.34).min(deviation) * total.powf(-0.2)).max(0.5 / 1.64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_space::{CategoricalDomain, FloatDomain};
    use proptest::prelude::*;

    fn domains() -> [Domain; 3] {
        [
            Domain::Float(FloatDomain::new(0.0, 4.0, false, None).unwrap()),
            Domain::Float(FloatDomain::new(0.0, 4.0, false, Some(1.0)).unwrap()),
            Domain::Categorical(
                CategoricalDomain::new((0..5).map(automl_space::Choice::Int).collect(), false)
                    .unwrap(),
            ),
        ]
    }

    proptest! {
        #[test]
        fn densities_sum_to_one(values in proptest::collection::vec(0u8..5, 1..40)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            for domain in domains() {
                let density = density(&domain, &values);
                prop_assert!(density.iter().all(|p| *p >= 0.0));
                prop_assert!((density.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{domain:?}");
            }
        }
    }

    /// A parameter that decides matters more than one that does not.
    #[test]
    fn what_decides_is_important() {
        for domain in domains() {
            let trial = |loss: u32, value: u32| Observation {
                loss: f64::from(loss),
                value: Some(f64::from(value)),
            };
            let decides: Vec<_> = (0..100).map(|i| trial(i % 5, i % 5)).collect();
            let idles: Vec<_> = (0..100).map(|i| trial(i % 5, i / 5 % 5)).collect();
            let [high, low] = [decides, idles].map(|trials| ped_anova(&domain, &trials, 0.1));
            assert!(high > 20.0 * low.max(1e-6), "{domain:?}: {high} {low}");
        }
    }

    #[test]
    fn without_a_difference_nothing_is_important() {
        let [domain, ..] = domains();
        let same = vec![Observation { loss: 1.0, value: Some(2.0) }; 20];
        assert!(ped_anova(&domain, &same, 0.1) < 1e-12);
        let inactive = vec![Observation { loss: 1.0, value: None }; 20];
        assert_eq!(ped_anova(&domain, &inactive, 0.1), 0.0);
        assert_eq!(ped_anova(&domain, &same[..1], 0.1), 0.0);
    }
}
