//! Families of learning curves with a known optimum.

use automl_numeric::{normal, stream};
use automl_space::{Config, Space, SpaceError};
use rand::RngExt;
use std::fmt;

/// What is trained: losses of a configuration as training goes on.
pub trait Workload: fmt::Debug {
    /// What may be chosen.
    fn space(&self) -> &Space;

    /// The loss that a trial reports at a fidelity out of `max`; noise depends on the trial's number.
    fn loss(&self, config: &Config, trial: u64, fidelity: u64, max: u64) -> f64;

    /// The loss at the highest fidelity, without noise.
    fn final_loss(&self, config: &Config) -> f64;

    /// The smallest final loss.
    fn optimum(&self) -> f64;

    /// The median final loss of uniform draws.
    fn median(&self) -> f64;

    /// What a configuration costs besides training, in `[0, 1]`: a second objective.
    fn size(&self, config: &Config) -> f64;
}

/// The families that [`Curves::new`] knows.
pub const FAMILIES: &[&str] = &["power", "exponential", "crossing", "noisy", "diverging"];

/// One family of curves over six parameters.
///
/// A configuration's quality `q` falls with its weighted distance from an optimum that the seed
/// places; its asymptote is `0.05 + 0.85 (1 - exp(-3 q))`. From the loss 1 the curve goes to the
/// asymptote, with training time `t` in `[0, 1]` and a pace `p` that depends on the configuration:
/// - `power`: as `1 / (1 + t / p)`;
/// - `exponential`: as `exp(-t / p)`;
/// - `crossing`: exponentially, the better the slower, so that early ranks mislead;
/// - `noisy`: as `power`, with normal noise of standard deviation 0.02 in each report;
/// - `diverging`: as `exponential`; a sixth of the space turns into NaN on the way, another third
///   gets worse again from some point on.
#[derive(Clone, Debug)]
pub struct Curves {
    family: usize,
    space: Space,
    seed: u64,
    centre: Vec<f64>,
    weights: Vec<f64>,
    optimum: f64,
    median: f64,
}

impl Curves {
    /// The family of this name, with an optimum that the seed places. `None` if there is no such
    /// family.
    pub fn new(family: &str, seed: u64) -> Option<Self> {
        let family = FAMILIES.iter().position(|name| *name == family)?;
        let space = space().ok()?;
        let mut rng = stream(seed, family as u64, "curves");
        let centre = (0..space.len()).map(|_| rng.random_range(0.15..0.85)).collect();
        let weights = (0..space.len()).map(|_| rng.random_range(0.3..2.0)).collect();
        let (optimum, median) = (0.0, 0.0);
        let mut curves = Self { family, space, seed, centre, weights, optimum, median };
        let mut draws: Vec<f64> =
            (0..2001).map(|_| curves.final_loss(&curves.space.sample(&mut rng))).collect();
        draws.sort_by(f64::total_cmp);
        curves.median = draws[draws.len() / 2];
        // Where pace and quality are at odds the optimum is not the centre: improve on it.
        let mut best = curves.space.decode(&curves.centre);
        let mut least = curves.final_loss(&best);
        for i in 0..6000 {
            let sd = 0.2 * 0.999_f64.powi(i);
            let other = curves.space.mutate(&best, 0.4, sd, &mut rng);
            let loss = curves.final_loss(&other);
            if loss < least {
                (best, least) = (other, loss);
            }
        }
        curves.optimum = least;
        Some(curves)
    }

    /// Quality, pace and position in the unit cube.
    fn traits(&self, config: &Config) -> (f64, f64, Vec<f64>) {
        let unit = self.space.encode(config).unit;
        let terms = unit.iter().zip(&self.centre).zip(&self.weights);
        let distance: f64 = terms.map(|((u, c), w)| w * (u - c) * (u - c)).sum();
        let pace = 0.03 + 0.4 * (unit[0] - 0.7).abs() * (0.5 + unit[3]);
        (distance, pace, unit)
    }

    fn value(&self, config: &Config, t: f64) -> f64 {
        let (distance, pace, unit) = self.traits(config);
        let asymptote = 0.05 + 0.85 * (1.0 - (-3.0 * distance).exp());
        let rest = 1.0 - asymptote;
        let exponential = |pace: f64| asymptote + rest * (-t / pace).exp();
        match FAMILIES[self.family] {
            "exponential" => exponential(pace),
            "crossing" => exponential(0.02 + 0.28 * (-2.0 * distance).exp()),
            "diverging" => {
                let onset = 0.05 + 0.9 * unit[4];
                if unit[0] > 0.83 && t > onset {
                    f64::NAN
                } else {
                    let turn = (t - onset).max(0.0) * f64::from(u8::from(unit[2] < 0.4));
                    exponential(pace) + 0.5 * turn * turn
                }
            }
            _ => asymptote + rest / (1.0 + t / pace),
        }
    }
}

fn space() -> Result<Space, SpaceError> {
    let mut builder = Space::builder();
    builder.float("learning_rate", 1e-5..=1e-1).log().add()?;
    builder.float("momentum", 0.0..=0.99).add()?;
    builder.float("weight_decay", 1e-6..=1e-1).log().add()?;
    builder.int("units", 16..=1024).log().add()?;
    builder.float("dropout", 0.0..=0.7).add()?;
    builder.int("layers", 1..=6).add()?;
    builder.build()
}

impl Workload for Curves {
    fn space(&self) -> &Space {
        &self.space
    }

    fn loss(&self, config: &Config, trial: u64, fidelity: u64, max: u64) -> f64 {
        let value = self.value(config, fidelity as f64 / max.max(1) as f64);
        if FAMILIES[self.family] != "noisy" {
            return value;
        }
        let mut rng = stream(self.seed ^ fidelity, trial, "curve noise");
        value + 0.02 * normal::quantile(rng.random_range(1e-9..1.0))
    }

    fn final_loss(&self, config: &Config) -> f64 {
        let value = self.value(config, 1.0);
        if value.is_nan() { 1.5 } else { value }
    }

    fn optimum(&self) -> f64 {
        self.optimum
    }

    fn median(&self) -> f64 {
        self.median
    }

    fn size(&self, config: &Config) -> f64 {
        let unit = self.space.encode(config).unit;
        0.7 * unit[3] + 0.3 * unit[5]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_draw_is_better_than_the_optimum() {
        for family in FAMILIES {
            let curves = Curves::new(family, 7).unwrap();
            let mut rng = stream(3, 0, "test");
            for _ in 0..3000 {
                let config = curves.space().sample(&mut rng);
                assert!(curves.final_loss(&config) >= curves.optimum(), "{family}");
            }
            assert!(curves.median() > curves.optimum() + 0.1, "{family}");
        }
        assert!(Curves::new("flat", 0).is_none());
    }

    /// In the crossing family the ranks of early losses mislead, in the others they tell.
    #[test]
    fn curves_cross_where_they_should() {
        let agreement = |family: &str| {
            let curves = Curves::new(family, 1).unwrap();
            let mut rng = stream(5, 0, "test");
            let pairs = (0..2000).filter(|_| {
                let (a, b) = (curves.space().sample(&mut rng), curves.space().sample(&mut rng));
                let early = curves.loss(&a, 0, 3, 81) < curves.loss(&b, 0, 3, 81);
                early == (curves.final_loss(&a) < curves.final_loss(&b))
            });
            pairs.count() as f64 / 2000.0
        };
        assert!(agreement("crossing") < 0.45 && agreement("power") > 0.6);
    }
}
