//! Restarts with populations of two kinds (BIPOP).

use rand::{Rng, RngExt};

/// The largest population of a restarted run.
const MAX_POPULATION: usize = 10_000;

/// The populations of restarted runs, and what each kind has cost.
///
/// A large population doubles with each large run; it finds its way over many local minima. A small
/// one, with a smaller step, searches a part of the space quickly. The kind that has cost less comes
/// next, the first time the large one.
///
/// # Source
/// Hansen (2009), "Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function Testbed", section 2.
#[derive(Clone, Debug)]
pub(super) struct Restarts {
    /// The population of the first run.
    first: usize,
    /// The number of restarts, and of those with a large population.
    count: u64,
    large: u32,
    /// Evaluations of restarted runs with large and small populations.
    spent: [usize; 2],
    is_small: bool,
}

impl Restarts {
    pub(super) fn new(population: usize) -> Self {
        Self { first: population, count: 0, large: 0, spent: [0, 0], is_small: false }
    }

    /// Counts a generation of this size.
    pub(super) fn spend(&mut self, population: usize) {
        if self.count > 0 {
            self.spent[usize::from(self.is_small)] += population;
        }
    }

    /// Begins a restart; its number, from 1.
    pub(super) fn next_number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// The population of the next run and the factor of its initial step size: `2^k` times the first
    /// population for the `k`-th large run, or with `u` and `v` uniform in `[0, 1]` and the last large
    /// population `l` times the first, `(l / 2)^(u^2)` times the first and `10^(-2 v)`.
    pub(super) fn next_population(&mut self, rng: &mut dyn Rng) -> (usize, f64) {
        self.is_small = self.spent[1] < self.spent[0];
        if !self.is_small {
            self.large += 1;
            return (self.last_large().min(MAX_POPULATION), 1.0);
        }
        let half = 0.5 * self.last_large() as f64 / self.first as f64;
        let (u, v) = (rng.random::<f64>(), rng.random::<f64>());
        let population = (self.first as f64 * half.powf(u * u)).floor() as usize;
        (population.clamp(4, MAX_POPULATION), 10.0_f64.powf(-2.0 * v))
    }

    fn last_large(&self) -> usize {
        self.first.saturating_mul(2_usize.saturating_pow(self.large))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_numeric::stream;

    #[test]
    fn large_and_small_populations_share_the_cost() {
        let mut rng = stream(1, 0, "test");
        let mut restarts = Restarts::new(8);
        let (mut large, mut small) = (Vec::new(), Vec::new());
        for number in 1..60 {
            restarts.spend(8);
            assert_eq!(restarts.next_number(), number);
            let (population, shrunk) = restarts.next_population(&mut rng);
            if restarts.is_small {
                small.push(population);
                assert!(population <= *large.last().unwrap() / 2 && (0.01..=1.0).contains(&shrunk));
            } else {
                large.push(population);
                assert_eq!(shrunk, 1.0);
            }
            (0..20).for_each(|_| restarts.spend(population));
        }
        assert_eq!(large[..4], [16, 32, 64, 128]);
        assert!(small.len() > large.len() && small.iter().any(|n| *n < 16));
        let [large, small] = restarts.spent.map(|n| n as f64);
        assert!(small < 1.1 * large && large < 3.0 * small, "{large} {small}");
    }
}
