//! The networks that train together in a step of the shared weights.

use crate::elastic_space::ElasticSpace;
use automl_numeric::Stream;
use automl_space::{Config, Space};
use std::cmp::Reverse;

/// Networks of a step beside the largest and the smallest.
const DRAWN: usize = 2;

/// Draws of which a step takes the largest.
const LARGEST_OF: usize = 8;

impl ElasticSpace {
    /// The networks that train together in a step: one of the largest that are `allowed`, which teaches the
    /// others, the smallest of the space, and two draws of the prior.
    ///
    /// The largest is that of eight draws by parameters times multiply-accumulates. The network of which all
    /// are parts is not among them, unless it is allowed: it would take most of the time and is never used.
    ///
    /// # Source
    /// The sandwich rule: Yu et al. (2020), "BigNAS", section 3.1, with the largest network that is allowed in
    /// place of the largest of all.
    ///
    /// # Examples
    /// ```
    /// use automl_candidates::ElasticSpace;
    /// use automl_numeric::stream;
    ///
    /// let space = ElasticSpace::within(1, 28, 10, |graph| graph.cost().parameters <= 20_000)?;
    /// let networks = space.sandwich(space.space(), &mut stream(0, 0, "example"));
    /// assert_eq!((networks.len(), &networks[1]), (4, &space.smallest()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sandwich(&self, allowed: &Space, rng: &mut Stream) -> Vec<Config> {
        let size = |config: &Config| {
            let cost = self.architecture(config).cost();
            cost.map_or(0, |cost| cost.parameters.saturating_mul(cost.macs))
        };
        let mut draw = |count: usize| -> Vec<Config> {
            (0..count).map(|_| allowed.sample_prior(rng)).collect()
        };
        let mut networks = draw(LARGEST_OF);
        networks.sort_by_cached_key(|config| Reverse(size(config)));
        networks.truncate(1);
        networks.push(self.smallest());
        networks.extend(draw(DRAWN));
        networks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Candidates, Caps};
    use automl_numeric::stream;
    use automl_settings::SearchSettings;
    use std::sync::Arc;

    /// The first is near the limits and the second the smallest of all; none is beyond the limits.
    #[test]
    fn a_step_reaches_from_the_smallest_to_the_limits() {
        const MOST: u64 = 20_000;
        let search = SearchSettings { max_params: Some(MOST), ..SearchSettings::default() };
        let caps = Caps::new(&search, 28, true);
        let elastic =
            ElasticSpace::within(1, 28, 10, |graph| graph.cost().parameters <= MOST).unwrap();
        let candidates = Candidates::new(Arc::new(elastic.clone()));
        let allowed = elastic.space().clone().with_constraint(caps.constraint(&candidates));
        let parameters = |config: &Config| elastic.architecture(config).cost().unwrap().parameters;
        let mut firsts = 0;
        for step in 0..50 {
            let networks = elastic.sandwich(&allowed, &mut stream(0, step, "test"));
            assert!(networks.iter().all(|config| parameters(config) <= MOST));
            assert_eq!(networks[1], elastic.smallest());
            firsts += parameters(&networks[0]);
        }
        assert!(firsts / 50 > MOST * 3 / 4, "{}", firsts / 50);
    }
}
