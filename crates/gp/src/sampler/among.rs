//! Proposals from a list of configurations.

use super::GpSampler;
use automl_numeric::order;
use automl_space::Config;
use automl_study::View;

impl GpSampler {
    /// Restricts proposals to a list: the configurations that are at hand, such as networks that are
    /// trained already, mixtures that were made, or the rows of a table.
    ///
    /// The acquisition function is maximized over those of the list that have no trial yet, and the
    /// start-up design takes those next to its points. Once all of them have a trial, proposals are as
    /// without a list. An empty list restricts nothing.
    ///
    /// # Examples
    /// ```
    /// use automl_gp::GpSampler;
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// let x = space.float("x", 0.0..=1.0).add()?;
    /// let space = space.build()?;
    /// let list: Vec<_> = [0.11, 0.23, 0.38, 0.52, 0.67, 0.94].map(|x| space.decode(&[x])).into();
    /// let sampler = GpSampler::default().among(list.clone());
    /// let mut study = Study::builder(space).sampler(sampler).build()?;
    /// study.optimize(6, |c| (c[x] - 0.4).powi(2))?;
    /// assert!(study.history().trials().iter().all(|trial| list.contains(&trial.config)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn among(mut self, configs: Vec<Config>) -> Self {
        self.among = configs;
        self
    }

    /// The configuration of the list without a trial that is nearest to a proposal in the unit cube; the
    /// proposal itself where none is left.
    pub(super) fn listed(&self, view: &View<'_>, config: Config) -> Config {
        let is_open = |c: &&Config| view.space.allows(c) && !view.history.seen(c);
        let unit = view.space.encode(&config).unit;
        let distance = |other: &Config| -> f64 {
            let squares = view.space.encode(other).unit.into_iter().zip(&unit);
            squares.map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let open = self.among.iter().filter(is_open).map(|c| (distance(c), c));
        let nearest = open.min_by(|a, b| order::compare(a.0, b.0));
        nearest.map_or(config, |(_, nearest)| nearest.clone())
    }
}
