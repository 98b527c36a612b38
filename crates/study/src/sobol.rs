//! Scrambled Sobol points.

use crate::part::{OptionError, SamplerConfig, StudyContext};
use crate::{ProposeError, Sampler, View};
use automl_numeric::stream;
use automl_space::Config;
use rand::{Rng, RngExt};

/// The number of points after which the sequence of `sobol_burley` repeats itself.
const PERIOD: u64 = 1 << 16;

/// Point `index` of an Owen-scrambled Sobol sequence in `[0, 1)^d`; `seed` chooses the scrambling.
///
/// Any prefix of `2^k` points is balanced in every coordinate. Coordinates beyond 256 and points
/// beyond 65,536 come from independent scramblings.
///
/// # Examples
/// ```
/// use automl_study::sobol_point;
///
/// let lower_half = (0..64).filter(|&i| sobol_point(i, 3, 0)[1] < 0.5).count();
/// assert_eq!(lower_half, 32);
/// ```
///
/// # Source
/// Burley (2020), "Practical Hash-based Owen Scrambling", JCGT 9(4).
pub fn sobol_point(index: u64, dimensions: usize, seed: u64) -> Vec<f64> {
    let scrambling = |set: u64| stream(seed, set, "sobol").random::<u32>();
    let epoch = index / PERIOD;
    let dims = sobol_burley::NUM_DIMENSIONS as usize;
    let point = (index % PERIOD) as u32;
    let mut scramble = 0;
    (0..dimensions)
        .map(|d| {
            let (set, coordinate) = ((d / dims) as u64, d % dims);
            if coordinate == 0 {
                scramble = scrambling(epoch << 16 | set);
            }
            f64::from(sobol_burley::sample(point, coordinate as u32, scramble))
        })
        .collect()
}

/// Quasi-random search: trial `n` gets the `n`-th point of a scrambled Sobol sequence.
///
/// # Examples
/// ```
/// use automl_space::Space;
/// use automl_study::{SobolSampler, Study};
///
/// let mut space = Space::builder();
/// let x = space.float("x", 0.0..=1.0).add()?;
/// let mut study = Study::builder(space.build()?).sampler(SobolSampler::new()).build()?;
/// let mut quarters = [0; 4];
/// for _ in 0..16 {
///     quarters[(study.ask()?.config[x] * 4.0) as usize % 4] += 1;
/// }
/// assert_eq!(quarters, [4; 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SobolSampler;

impl SobolSampler {
    /// The sampler; the study's seed chooses the scrambling.
    pub fn new() -> Self {
        Self
    }
}

impl Sampler for SobolSampler {
    fn propose(&mut self, view: &View<'_>, rng: &mut dyn Rng) -> Result<Config, ProposeError> {
        let config = view.space.decode(&sobol_point(view.number.0, view.space.len(), view.seed));
        let config = if view.space.allows(&config) { config } else { view.space.sample(rng) };
        Ok(view.deduplicated(config, rng))
    }
}

crate::options! {
    /// Quasi-random search: the points of an Owen-scrambled Sobol sequence.
    ///
    /// Burley (2020), "Practical Hash-based Owen Scrambling", JCGT 9(4).
    pub struct SobolConfig = "sobol" {}
}

impl SamplerConfig for SobolConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        Ok(Box::new(SobolSampler::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::sobol_point;

    #[test]
    fn prefixes_are_balanced() {
        for seed in 0..4 {
            let points: Vec<_> = (0..64).map(|i| sobol_point(i, 300, seed)).collect();
            for d in 0..300 {
                let mut cells: Vec<_> = points.iter().map(|p| (p[d] * 64.0) as usize).collect();
                cells.sort_unstable();
                assert_eq!(cells, (0..64).collect::<Vec<_>>(), "dimension {d}, seed {seed}");
            }
        }
    }
}
