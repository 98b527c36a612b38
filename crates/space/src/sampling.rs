//! Random configurations, uniform or from the priors.

use crate::{Config, Domain, Param, Prior, Space, Value};
use automl_numeric::normal;
use rand::{Rng, RngExt};

/// The number of draws before a violated constraint is accepted.
const ATTEMPTS: usize = 1000;

impl Space {
    /// Draws a configuration uniformly: each active parameter on its (logarithmic) scale.
    ///
    /// Rejection sampling: draws are repeated until one satisfies the constraints; after 1,000 the
    /// one with the smallest violation is returned.
    ///
    /// # Examples
    /// ```
    /// # use automl_space::Space;
    /// let mut builder = Space::builder();
    /// let (a, b) = (builder.int("a", 0..=9).add()?, builder.int("b", 0..=9).add()?);
    /// builder.require("a < b")?;
    /// let config = builder.build()?.sample(&mut automl_numeric::stream(7, 0, "example"));
    /// assert!(config[a] < config[b]);
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn sample(&self, rng: &mut dyn Rng) -> Config {
        self.rejection(rng, |param, rng| param.domain().sample(rng))
    }

    /// Draws a configuration from the priors; parameters without a prior are uniform. Constraints
    /// are handled as in [`Space::sample`].
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
    /// Draws a value uniformly on the scale of the domain.
    pub fn sample(&self, rng: &mut dyn Rng) -> Value {
        match self {
            Self::Categorical(d) => Value::Category(rng.random_range(0..d.choices().len())),
            _ => self.from_unit(rng.random::<f64>()),
        }
    }
}

impl Param {
    /// Draws a value from the prior, or uniformly where there is none.
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
                let unit = normal::truncated(mean, sd, 0.0, 1.0, rng.random::<f64>());
                self.domain().from_unit(unit)
            }
        }
    }
}
