//! Local changes of configurations: neighbors and mutation.

use crate::{Config, Domain, Space, Value};
use rand::{Rng, RngExt};

/// The standard deviation of a neighbor's step in the unit interval.
const NEIGHBOR_SD: f64 = 0.2;

/// The number of draws of one change until it is new and satisfies the constraints.
const ATTEMPTS: usize = 32;

impl Space {
    /// Draws up to `count` distinct neighbors: configurations that differ from `config` in one active
    /// parameter, by a Gaussian step of standard deviation 0.2 in the unit interval or another
    /// choice. Parameters that the change activates are drawn from their priors.
    ///
    /// All neighbors satisfy the constraints. The result is shorter where no more were found in
    /// `32 * count` draws.
    ///
    /// # Source
    /// Hutter, Hoos & Leyton-Brown (2011), "Sequential Model-Based Optimization for General
    /// Algorithm Configuration", section 4.3.
    pub fn neighbors(&self, config: &Config, rng: &mut dyn Rng, count: usize) -> Vec<Config> {
        let changeable = self.changeable(config);
        let mut found: Vec<Config> = Vec::new();
        if changeable.is_empty() {
            return found;
        }
        for _ in 0..count.saturating_mul(ATTEMPTS) {
            if found.len() >= count {
                break;
            }
            let index = changeable[rng.random_range(0..changeable.len())];
            let neighbor = self.changed(config, &[index], NEIGHBOR_SD, rng);
            if neighbor != *config && !found.contains(&neighbor) && self.allows(&neighbor) {
                found.push(neighbor);
            }
        }
        found
    }

    /// Returns a mutant: each active parameter changes with probability `rate` in `[0, 1]`, at least
    /// one does, as by [`Domain::perturb`] with standard deviation `sd`. Parameters that the change
    /// activates are drawn from their priors.
    ///
    /// Draws are repeated until one satisfies the constraints; after 32 the one with the smallest
    /// violation is returned. The mutant equals `config` only if every active parameter has a single
    /// value.
    ///
    /// # Examples
    /// ```
    /// # use automl_space::Space;
    /// # let mut builder = Space::builder();
    /// # builder.int("depth", 1..=9).add()?;
    /// # let space = builder.build()?;
    /// let rng = &mut automl_numeric::stream(7, 0, "example");
    /// let parent = space.sample(rng);
    /// assert_ne!(space.mutate(&parent, 0.5, 0.1, rng), parent);
    /// # Ok::<(), automl_space::SpaceError>(())
    /// ```
    pub fn mutate(&self, config: &Config, rate: f64, sd: f64, rng: &mut dyn Rng) -> Config {
        let changeable = self.changeable(config);
        if changeable.is_empty() {
            return config.clone();
        }
        let mut best: Option<(f64, Config)> = None;
        for _ in 0..ATTEMPTS {
            let mut chosen: Vec<usize> =
                changeable.iter().copied().filter(|_| rng.random::<f64>() < rate).collect();
            if chosen.is_empty() {
                chosen.push(changeable[rng.random_range(0..changeable.len())]);
            }
            let mutant = self.changed(config, &chosen, sd, rng);
            let violation = self.violation(&mutant);
            if best.as_ref().is_none_or(|(least, _)| violation < *least) {
                best = Some((violation, mutant));
            }
            if violation <= 0.0 {
                break;
            }
        }
        best.map_or_else(|| config.clone(), |(_, mutant)| mutant)
    }

    /// The active parameters that have more than one value.
    fn changeable(&self, config: &Config) -> Vec<usize> {
        let several = |i: &usize| self.params()[*i].domain().cardinality() != Some(1);
        (0..self.len()).filter(|i| config.value(*i).is_some()).filter(several).collect()
    }

    fn changed(&self, config: &Config, indices: &[usize], sd: f64, rng: &mut dyn Rng) -> Config {
        self.build_config(|index, param| match config.value(index) {
            Some(value) if indices.contains(&index) => param.domain().perturb(value, sd, rng),
            Some(value) => value,
            None => param.sample_prior(rng),
        })
    }
}

impl Domain {
    /// Draws another value near the given one: a Gaussian step of standard deviation `sd` in the
    /// unit interval, reflected at its ends; a uniform other choice of a nominal domain.
    ///
    /// The result differs from `value` unless the domain has a single one. `sd` is clamped to
    /// `[1e-9, 1]`; NaN counts as 1.
    pub fn perturb(&self, value: Value, sd: f64, rng: &mut dyn Rng) -> Value {
        if let (Self::Categorical(d), Value::Category(own)) = (self, value)
            && !d.ordered()
        {
            let n = d.choices().len();
            if n < 2 || own >= n {
                return Value::Category(0);
            }
            return Value::Category((own + rng.random_range(1..n)) % n);
        }
        let sd = if sd.is_nan() { 1.0 } else { sd.clamp(1e-9, 1.0) };
        let unit = self.to_unit(value);
        for _ in 0..ATTEMPTS {
            let other = self.from_unit(reflect(unit + sd * normal(rng)));
            if other != value {
                return other;
            }
        }
        self.adjacent(value, rng.random())
    }

    /// The next value above or below where there is one; for a continuum one of its ends.
    fn adjacent(&self, value: Value, upwards: bool) -> Value {
        let towards = |up: bool| match (self, value) {
            (Self::Float(d), Value::Float(x)) => {
                let target = match d.step() {
                    Some(step) => x + if up { step } else { -step },
                    None => {
                        if up {
                            d.high()
                        } else {
                            d.low()
                        }
                    }
                };
                self.nearest(target).unwrap_or(value)
            }
            (Self::Int(d), Value::Int(x)) => {
                let next = if up { x.checked_add(d.step()) } else { x.checked_sub(d.step()) };
                next.map(Value::Int).filter(|v| self.contains(*v)).unwrap_or(value)
            }
            (Self::Categorical(_), Value::Category(index)) => {
                let next = if up { index.checked_add(1) } else { index.checked_sub(1) };
                next.map(Value::Category).filter(|v| self.contains(*v)).unwrap_or(value)
            }
            _ => self.from_unit(0.5),
        };
        let first = towards(upwards);
        if first == value { towards(!upwards) } else { first }
    }
}

/// Draws a standard normal number.
///
/// # Source
/// Box & Muller (1958), "A Note on the Generation of Random Normal Deviates".
fn normal(rng: &mut dyn Rng) -> f64 {
    let (u, v) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Reflects the real line onto `[0, 1]`.
fn reflect(x: f64) -> f64 {
    let x = x.rem_euclid(2.0);
    if x > 1.0 { 2.0 - x } else { x }
}
