//! Random configurations: uniform and from the priors.

use crate::{Config, Domain, Param, Prior, Space, Value};
use rand::{Rng, RngExt};

/// How often a draw is repeated until the constraints allow it.
const ATTEMPTS: usize = 1000;

impl Space {
    /// A uniform draw: each active parameter uniform on its (logarithmic) scale.
    ///
    /// Draws are repeated until the constraints allow one; if none of 1,000 is allowed, the one
    /// with the smallest violation is returned.
    pub fn sample(&self, rng: &mut dyn Rng) -> Config {
        self.rejection(rng, |param, rng| param.domain().sample(rng))
    }

    /// A draw from the priors; parameters without a prior are uniform. Constraints are treated as
    /// by [`Space::sample`].
    pub fn sample_prior(&self, rng: &mut dyn Rng) -> Config {
        self.rejection(rng, Param::sample_prior)
    }

    fn rejection(&self, rng: &mut dyn Rng, draw: impl Fn(&Param, &mut dyn Rng) -> Value) -> Config {
        let mut best = self.build_config(|_, param| draw(param, rng));
        if self.constraints().is_empty() {
            return best;
        }
        let mut least = self.violation(&best);
        for _ in 1..ATTEMPTS {
            if least <= 0.0 {
                break;
            }
            let config = self.build_config(|_, param| draw(param, rng));
            let violation = self.violation(&config);
            if violation < least {
                (best, least) = (config, violation);
            }
        }
        best
    }
}

impl Domain {
    /// A value drawn uniformly on the domain's scale.
    pub fn sample(&self, rng: &mut dyn Rng) -> Value {
        match self {
            Self::Categorical(d) => Value::Category(rng.random_range(0..d.choices().len())),
            _ => self.from_unit(rng.random::<f64>()),
        }
    }
}

impl Param {
    /// A value drawn from the prior, or uniformly where there is none.
    pub fn sample_prior(&self, rng: &mut dyn Rng) -> Value {
        match self.prior() {
            None => self.domain().sample(rng),
            Some(Prior::Weights { weights }) => {
                let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
                let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
                for (index, weight) in weights.iter().enumerate() {
                    left -= weight;
                    if left < 0.0 && *weight > 0.0 {
                        return Value::Category(index);
                    }
                }
                Value::Category(last)
            }
            Some(prior) => {
                let (mean, sd) = prior.unit_normal(self.domain()).unwrap_or((0.5, 1.0));
                let unit = truncated_normal(mean, sd, rng.random::<f64>());
                self.domain().from_unit(unit)
            }
        }
    }
}

/// The `p`-quantile of a normal density truncated to `[0, 1]`, by bisection of its distribution
/// function; exact to about 1e-15 of the interval.
fn truncated_normal(mean: f64, sd: f64, p: f64) -> f64 {
    // The tail that is not cancelled: mirrored where the interval lies above the mean.
    let upper = |x: f64| 0.5 * libm::erfc((x - mean) / (sd * std::f64::consts::SQRT_2));
    let lower = |x: f64| 0.5 * libm::erfc((mean - x) / (sd * std::f64::consts::SQRT_2));
    let above = mean < 0.5;
    let mass = if above { upper(0.0) - upper(1.0) } else { lower(1.0) - lower(0.0) };
    if mass < 1e-300 {
        return if above { 0.0 } else { 1.0 };
    }
    let share = |x: f64| {
        if above { (upper(0.0) - upper(x)) / mass } else { (lower(x) - lower(0.0)) / mass }
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..52 {
        let middle = 0.5 * (low + high);
        if share(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
