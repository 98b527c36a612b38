//! Generated spaces and objectives: whatever a user may come with.

use automl_numeric::{Stream, stream};
use automl_space::{Choice, Config, Space};
use automl_study::{Outcome, Sampler, Study};
use rand::RngExt;

/// What an objective does besides having a smooth part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    /// Nothing.
    Smooth,
    /// Gaussian-like noise of a tenth of the range.
    Noisy,
    /// Only noise: every configuration is as good.
    OnlyNoise,
    /// A few levels.
    Plateaus,
    /// One in ten values is 1e30.
    Outliers,
    /// Always the same.
    Constant,
    /// A part of the space gives NaN.
    Nan,
    /// A part of the space gives an infinity.
    Infinite,
    /// Values of a tiny or huge magnitude.
    Scaled(f64),
    /// Many local optima.
    Rugged,
}

const MANNERS: [Manner; 11] = [
    Manner::Smooth,
    Manner::Noisy,
    Manner::OnlyNoise,
    Manner::Plateaus,
    Manner::Outliers,
    Manner::Constant,
    Manner::Nan,
    Manner::Infinite,
    Manner::Scaled(1e-200),
    Manner::Scaled(1e200),
    Manner::Rugged,
];

/// A space and an objective.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) space: Space,
    pub(crate) manner: Manner,
    /// The best unit position of each parameter and its weight.
    optimum: Vec<(f64, f64)>,
    seed: u64,
}

impl Case {
    /// Case number `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = stream(seed, 0, "case");
        let space = loop {
            if let Some(space) = space(&mut rng) {
                break space;
            }
        };
        let optimum =
            space.params().iter().map(|_| (rng.random(), 0.1 + rng.random::<f64>())).collect();
        let manner = MANNERS[(seed % MANNERS.len() as u64) as usize];
        Self { space, manner, optimum, seed }
    }

    /// The value without noise and outliers; NaN where the objective has none.
    pub(crate) fn exact(&self, config: &Config) -> f64 {
        let point = self.space.encode(config);
        let mut sum = 0.0;
        for (i, (best, weight)) in self.optimum.iter().enumerate() {
            let u = if point.active[i] { point.unit[i] } else { 0.8 };
            let mut d = u - best;
            if !self.space.params()[i].domain().is_ordered() {
                d = ((7.0 * u + best) % 1.0) * 0.7;
            }
            sum += weight * d * d;
            if self.manner == Manner::Rugged {
                sum += 0.1 * (1.0 - (20.0 * d).cos());
            }
        }
        let first = point.unit[0];
        match self.manner {
            Manner::OnlyNoise | Manner::Constant => 3.0,
            Manner::Plateaus => (4.0 * sum).floor() / 4.0,
            Manner::Nan if first > 0.7 => f64::NAN,
            Manner::Infinite if first > 0.7 => f64::INFINITY,
            Manner::Scaled(factor) => factor * sum,
            _ => sum,
        }
    }

    fn seen(&self, config: &Config, trial: u64, run: u64) -> f64 {
        let mut rng = stream(self.seed, trial + 1000 * run, "noise");
        let noise: f64 = (0..6).map(|_| rng.random::<f64>() - 0.5).sum();
        let exact = self.exact(config);
        match self.manner {
            Manner::Noisy | Manner::OnlyNoise => exact + 0.1 * noise,
            Manner::Outliers if rng.random::<f64>() < 0.1 => 1e30,
            _ => exact,
        }
    }

    /// The best exact value after `trials`, and whether no configuration was tried twice while
    /// others were left.
    pub(crate) fn run(
        &self,
        sampler: Box<dyn Sampler>,
        trials: u64,
        run: u64,
    ) -> Result<(f64, bool), String> {
        let mut study = Study::builder(self.space.clone())
            .sampler(sampler)
            .seed(self.seed.wrapping_mul(31).wrapping_add(run))
            .build()
            .map_err(|e| e.to_string())?;
        let mut best = f64::INFINITY;
        for trial in 0..trials {
            let asked = study.ask().map_err(|e| e.to_string())?;
            let exact = self.exact(&asked.config);
            if exact < best {
                best = exact;
            }
            let seen = self.seen(&asked.config, trial, run);
            study.tell(asked.number, Outcome::from(seen)).map_err(|e| e.to_string())?;
        }
        let size = self.space.size().unwrap_or(u128::MAX);
        let distinct = study.history().distinct() as u128;
        Ok((best, distinct == size.min(u128::from(trials))))
    }
}

/// A random space of one to six parameters; `None` where the draw is not one.
fn space(rng: &mut Stream) -> Option<Space> {
    let mut builder = Space::builder();
    let mut parent = None;
    for i in 0..rng.random_range(1..=6) {
        let name = format!("p{i}");
        let child = parent.filter(|_| rng.random::<f64>() < 0.4);
        macro_rules! finish {
            ($param:expr) => {
                match child {
                    Some(parent) => $param.when(parent, "a").add().ok()?,
                    None => $param.add().ok()?,
                }
            };
        }
        match rng.random_range(0..8) {
            0 | 1 => {
                finish!(builder.float(&name, -2.0..=rng.random_range(-1.0..5.0)));
            }
            2 => {
                finish!(builder.float(&name, 1e-5..=1.0).log());
            }
            3 => {
                finish!(builder.float(&name, 0.0..=1.0).step(0.125));
            }
            4 => {
                finish!(builder.int(&name, 1..=rng.random_range(1..200)));
            }
            5 => {
                finish!(builder.int(&name, 1..=1024).log());
            }
            6 => {
                let choices: Vec<Choice> = (0..rng.random_range(1..7)).map(Choice::Int).collect();
                finish!(builder.choice(&name, choices));
            }
            _ => {
                let key = builder.choice(&name, ["a", "b", "c"]).add().ok()?;
                parent = Some(key);
            }
        }
    }
    builder.build().ok()
}
