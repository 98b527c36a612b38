//! The configuration of the sampler.

use crate::TpeSampler;
use automl_study::Sampler;
use automl_study::part::{OptionError, PartConfig, SamplerConfig, StudyContext};

automl_study::options! {
    /// Tree-structured Parzen estimator (TPE), multivariate and in a share of the proposals univariate:
    /// any space, any number of objectives.
    ///
    /// | Option | Default | Purpose | Range |
    /// |---|---|---|---|
    /// | `startup` | 10 | quasi-random trials before the first model | `>= 0` |
    /// | `good-share` | 0.1 | share of the trials in the good density `l(x)` | `(0, 1]` |
    /// | `max-good` | 25 | largest number of trials in `l(x)` | `>= 1` |
    /// | `front-share` | 0.15 | `good-share` for several objectives | `(0, 1]` |
    /// | `max-front` | 100 | `max-good` for several objectives | `>= 1` |
    /// | `max-bad` | 200 | largest number of trials in the bad density `g(x)` | `>= 1` |
    /// | `candidates` | 24 | draws from `l(x)` per proposal | `[1, 100000]` |
    /// | `rank-weights` | 1 | weighting of the good trials by rank | `[0, 1]` |
    /// | `prior-weight` | 0.5 | weight of the prior in `l(x)` | `>= 0` |
    /// | `independent-share` | 0.25 | share of proposals by independent parameters | `[0, 1]` |
    /// | `random-fraction` | 1/3 | random proposals below the highest fidelity | `[0, 1]` |
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::part::{SamplerConfig, StudyContext};
    /// use automl_tpe::TpeConfig;
    ///
    /// let mut space = Space::builder();
    /// space.float("x", 0.0..=1.0).add()?;
    /// let space = space.build()?;
    /// let study = StudyContext::new(&space);
    /// let sampler = TpeConfig { candidates: 48, ..TpeConfig::default() }.build(&study)?;
    /// assert!(TpeConfig { good_share: 2.0, ..TpeConfig::default() }.build(&study).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct TpeConfig = "tpe" {
        /// Quasi-random trials before the first model; at most a quarter of the planned trials.
        pub startup: usize = 10, in at_least(0.0);
        /// Share of the trials in the good density `l(x)` for one objective.
        pub good_share: f64 = 0.1, in up_to(0.0, 1.0);
        /// Largest number of trials in `l(x)` for one objective.
        pub max_good: usize = 25, in at_least(1.0);
        /// Share of the trials in `l(x)` for several objectives: a front takes more trials than a
        /// point.
        pub front_share: f64 = 0.15, in up_to(0.0, 1.0);
        /// Largest number of trials in `l(x)` for several objectives.
        pub max_front: usize = 100, in at_least(1.0);
        /// Largest number of trials in the bad density `g(x)`; more are thinned out evenly by rank.
        pub max_bad: usize = 200, in at_least(1.0);
        /// Draws from `l(x)` per proposal, of which the one with the largest `l(x) / g(x)` is proposed.
        pub candidates: usize = 24, in between(1.0, 100_000.0);
        /// Weighting of the good trials by rank: 0 is equal weights, 1 the logarithmic weights of
        /// CMA-ES.
        pub rank_weights: f64 = 1.0, in between(0.0, 1.0);
        /// Weight of the prior in `l(x)`, in units of an average good trial; four times as much from four
        /// objectives on.
        pub prior_weight: f64 = 0.5, in at_least(0.0);
        /// Share of the proposals for which parameters count as independent (univariate): each is drawn
        /// from a good trial of its own, and densities are products of marginal ones. Twice as much from
        /// four objectives on; none where a black-box constraint is violated or an earlier study is
        /// trusted.
        pub independent_share: f64 = 0.25, in between(0.0, 1.0);
        /// Share of random proposals among trials of one objective that start below the highest
        /// fidelity, against a bias toward configurations that are good early only; BOHB's is 1/3.
        pub random_fraction: f64 = 1.0 / 3.0, in between(0.0, 1.0);
    }
}

impl SamplerConfig for TpeConfig {
    fn build(&self, _study: &StudyContext<'_>) -> Result<Box<dyn Sampler>, OptionError> {
        self.check()?;
        Ok(Box::new(TpeSampler::new(self.clone())))
    }
}
