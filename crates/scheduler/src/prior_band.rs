//! PriorBand's sampler: uniform proposals, the user's prior and the incumbent, in shares that follow
//! the results.

use crate::asha::share;
use crate::rung_results::RungResults;
use crate::setting::{self, SettingError};
use automl_space::{Config, Space, Value};
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext, Supports};
use automl_study::{Fidelity, Ladder, ProposeError, Sampler, TrialId, View};
use rand::{Rng, RngExt};

/// The mutation of an incumbent: the probability that a parameter changes, and the standard deviation
/// of the change in the unit interval.
const RATE: f64 = 0.5;
const SD: f64 = 0.25;

/// The maximum number of trials at which the densities are compared.
const MOST: usize = 64;

/// PriorBand's sampling policy, for [`Hyperband`](crate::Hyperband) or another scheduler with rungs.
///
/// A trial that starts at rung `r` is uniform with probability `1 / (1 + eta^r)`. Otherwise it is drawn
/// from the prior until a trial has reached the highest fidelity and the cost of one iteration of
/// successive halving is spent; from then on, from the prior or around the incumbent (the best trial at
/// the highest fidelity). Their shares follow the densities that the prior and a normal distribution
/// around the incumbent give to the best `1 / eta` of the highest rung with at least `eta` results,
/// weighted by rank. The first trial is the mode of the prior. The first of several objectives
/// determines the incumbent.
///
/// # Examples
/// The first proposal is the mode of the prior:
/// ```
/// use automl_scheduler::{Hyperband, PriorBandSampler};
/// use automl_space::{Prior, Space};
/// use automl_study::{Ladder, Next, Study};
///
/// let mut space = Space::builder();
/// let prior = Prior::Normal { mean: 1e-3_f64.ln(), sd: 10_f64.ln() };
/// let rate = space.float("learning_rate", 1e-5..=1.0).log().prior(prior).add()?;
/// let ladder = Ladder::new("epoch", 1, 9, true)?;
/// let mut study = Study::builder(space.build()?)
///     .sampler(PriorBandSampler::new(3.0)?)
///     .scheduler(ladder.clone(), Hyperband::new(&ladder, 3.0)?)
///     .build()?;
/// let Next::Run(job) = study.next_job()? else { panic!("the first trial starts") };
/// assert!((job.config[rate] - 1e-3).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Mallik et al. (2023), "PriorBand: Practical Hyperparameter Optimization in the Age of Deep Learning",
/// NeurIPS, section 5, algorithms 1 and 2; constants as in NePS.
#[derive(Clone, Debug)]
pub struct PriorBandSampler {
    eta: f64,
    results: Option<RungResults>,
}

impl PriorBandSampler {
    /// Creates a sampler for rungs with the reduction factor `eta`.
    ///
    /// # Errors
    /// [`SettingError::Eta`] unless `eta` is finite and above 1.
    pub fn new(eta: f64) -> Result<Self, SettingError> {
        Ok(Self { eta: setting::eta(eta)?, results: None })
    }
}

/// Whether the cost of one iteration of successive halving with `eta^(k - 1)` trials is spent.
fn has_paid_a_round(results: &RungResults, ladder: &Ladder, eta: f64) -> bool {
    let (mut spent, mut due, mut from) = (0.0, 0.0, Fidelity::ZERO);
    let rungs = results.fidelities();
    for (i, fidelity) in rungs.iter().enumerate() {
        let step = ladder.cost_between(from, *fidelity);
        spent += results.count(i) as f64 * step;
        due += eta.powi((rungs.len() - 1 - i) as i32) * step;
        from = *fidelity;
    }
    spent >= due
}

/// The best trial at the highest fidelity, once the cost of an iteration is spent.
fn incumbent(results: &RungResults, ladder: &Ladder, eta: f64) -> Option<TrialId> {
    let number = results.best(results.fidelities().len() - 1).next()?;
    has_paid_a_round(results, ladder, eta).then_some(number)
}

/// The probability of the incumbent against the prior.
fn trust(results: &RungResults, view: &View<'_>, eta: f64, incumbent: &Config) -> f64 {
    let Some(rung) = results.highest(eta.ceil() as usize) else { return 0.5 };
    let n = share(results.count(rung), eta).clamp(1, MOST);
    let (mut prior, mut near) = (Vec::new(), Vec::new());
    for (rank, number) in results.best(rung).take(n).enumerate() {
        let Some(trial) = view.history.get(number) else { continue };
        let weight = ((n - rank) as f64).ln();
        prior.push(weight + view.space.log_prior(&trial.config));
        near.push(weight + log_nearness(view.space, incumbent, &trial.config));
    }
    let difference = log_sum(&prior) - log_sum(&near);
    if difference.is_nan() { 0.5 } else { 1.0 / (1.0 + difference.exp()) }
}

/// The log density that a normal of standard deviation 1/4 around a configuration (its own choice
/// with half the probability) gives to another one, parameter by parameter.
fn log_nearness(space: &Space, centre: &Config, config: &Config) -> f64 {
    let cdf = automl_numeric::normal::cdf;
    let one = |(index, param): (usize, &automl_space::Param)| {
        let domain = param.domain();
        match (centre.value(index), config.value(index)) {
            (Some(a), Some(b)) if domain.is_ordered() => {
                let (a, b) = (domain.to_unit(a), domain.to_unit(b));
                let mass = |low: f64, high: f64| cdf((high - a) / SD) - cdf((low - a) / SD);
                let whole = mass(0.0, 1.0);
                if domain.cardinality().is_some() {
                    let (low, high) = domain.cell(b);
                    (mass(low, high) / whole).ln()
                } else {
                    let z = (b - a) / SD;
                    -0.5 * z * z - (SD * (2.0 * std::f64::consts::PI).sqrt() * whole).ln()
                }
            }
            (Some(Value::Category(a)), Some(Value::Category(b))) => {
                match domain.cardinality().unwrap_or(1) {
                    1 => 0.0,
                    _ if a == b => (1.0 - RATE).ln(),
                    n => (RATE / (n - 1) as f64).ln(),
                }
            }
            _ => 0.0,
        }
    };
    space.params().iter().enumerate().map(one).sum()
}

fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logs.iter().map(|log| (log - most).exp()).sum::<f64>().ln()
}

impl Sampler for PriorBandSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let Some(ladder) = view.ladder else {
            let what = "studies without fidelities".to_owned();
            return Err(ProposeError::Unsupported { sampler: "priorband", what });
        };
        let fidelities = ladder.rungs(self.eta);
        let target = view.target.unwrap_or(ladder.max());
        let rung = fidelities.partition_point(|f| *f < target).min(fidelities.len() - 1);
        let results = RungResults::current(&mut self.results, &fidelities, view.history);
        if view.number == TrialId(0) {
            let mode = view.space.build_config(|_, param| param.default_value());
            if view.space.allows(&mode) {
                return Ok(mode);
            }
        }
        let uniform = 1.0 / (1.0 + self.eta.powi(rung as i32));
        if rng.random::<f64>() < uniform {
            let config = view.space.sample(rng);
            return Ok(view.deduplicated(config, rng));
        }
        let incumbent =
            incumbent(results, ladder, self.eta).and_then(|number| view.history.get(number));
        let config = match incumbent {
            Some(best) if rng.random::<f64>() < trust(results, view, self.eta, &best.config) => {
                view.space.mutate(&best.config, RATE, SD, rng)
            }
            _ => view.space.sample_prior(rng),
        };
        Ok(view.deduplicated(config, rng))
    }
}

automl_study::options! {
    /// Proposals from the priors of the space, the incumbent and the uniform distribution, in shares
    /// that follow the results.
    ///
    /// Mallik et al. (2023), "PriorBand: Practical Hyperparameter Optimization in the Age of Deep Learning".
    pub struct PriorBandConfig = "priorband" {
        /// Reduction factor `eta` of the rungs; that of the scheduler where one has an option `eta`.
        pub eta: f64 = 3.0, in above(1.0);
    }
}

impl SamplerConfig for PriorBandConfig {
    const SUPPORTS: Supports = Supports::WITH_FIDELITY;

    fn build(&self, study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        study.ladder(Self::NAME)?;
        let sampler = PriorBandSampler::new(self.eta).map_err(|error| error.of(Self::NAME))?;
        Ok(Box::new(sampler))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nearness is a density: it integrates to one over a continuum, and sums to one over grids and choices.
    #[test]
    fn nearness_is_a_density() {
        let mut builder = Space::builder();
        builder.float("x", 0.0..=1.0).add().unwrap();
        builder.int("n", 1..=9).log().add().unwrap();
        builder.choice("c", ["a", "b", "c"]).add().unwrap();
        let space = builder.build().unwrap();
        let centre = space.decode(&[0.1, 0.7, 0.5]);
        let of = |index: usize, value: Value| {
            let mut config = centre.clone();
            config.set(index, Some(value));
            log_nearness(&space, &centre, &config)
        };
        let at_centre = |index: usize| of(index, centre.value(index).unwrap());
        // The other two factors are those at the centre.
        let x = |u: f64| (of(0, Value::Float(u)) - at_centre(0)).exp();
        let integral: f64 = (0..2000).map(|i| x((f64::from(i) + 0.5) / 2000.0) / 2000.0).sum();
        let n: f64 = (1..=9).map(|k| (of(1, Value::Int(k)) - at_centre(1)).exp()).sum();
        let c: f64 = (0..3).map(|k| (of(2, Value::Category(k)) - at_centre(2)).exp()).sum();
        // One over the density at the centre of each, and of all of them together.
        let whole = integral.ln() + n.ln() + c.ln();
        assert!((whole + at_centre(0)).abs() < 1e-5, "{whole} {}", at_centre(0));
    }
}
