//! What a study has found: its best trial, the one to recommend, and the front.

use super::Study;
use crate::{State, Trial};
use automl_numeric::pareto;

impl Study {
    /// The complete, feasible trial with the best first objective.
    pub fn best(&self) -> Option<&Trial> {
        self.history.best()
    }

    /// The complete, feasible trials that no other dominates, in order of their numbers.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::{Direction, Study};
    ///
    /// let mut space = Space::builder();
    /// let x = space.float("x", 0.0..=1.0).add()?;
    /// let mut study = Study::builder(space.build()?)
    ///     .directions([Direction::Minimize, Direction::Maximize])
    ///     .build()?;
    /// // Less of the first objective is less of the second: every trial is on the front.
    /// study.optimize(10, |config| vec![config[x], config[x]])?;
    /// assert_eq!(study.front().len(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn front(&self) -> Vec<&Trial> {
        let complete: Vec<&Trial> =
            self.history.in_state(State::Complete).filter(|trial| trial.is_feasible()).collect();
        let losses: Vec<_> = complete.iter().map(|t| self.history.losses(&t.values)).collect();
        let ranks = pareto::ranks(&losses);
        complete.into_iter().zip(ranks).filter(|(_, rank)| *rank == 0).map(|(t, _)| t).collect()
    }

    /// The trial to use: where losses are known to be noisy, the complete, feasible one with the least
    /// expected loss under the sampler's model ([`Sampler::recommend`](crate::Sampler::recommend)), and
    /// [`Study::best`] otherwise.
    ///
    /// Of many noisy losses the least is that of a lucky trial: it lies below what the configuration is
    /// worth, and often a better one had less luck. A model that shares what neighbors have shown does
    /// not follow the luck of one trial.
    ///
    /// # Source
    /// Frazier (2018), "A Tutorial on Bayesian Optimization", arXiv:1807.02811, section 4: the
    /// evaluated point with the best posterior mean.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// let x = space.float("x", 0.0..=1.0).add()?;
    /// let mut study = Study::builder(space.build()?).build()?;
    /// study.optimize(10, |config| config[x])?;
    /// // The default sampler has no model of noise.
    /// let best = study.best().cloned();
    /// assert_eq!(study.recommend().cloned(), best);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recommend(&mut self) -> Option<&Trial> {
        let mut number = None;
        if self.history.directions().len() == 1 {
            let (view, sampler) = self.view();
            number = sampler.recommend(&view);
        }
        let trial = number.and_then(|number| self.history.get(number));
        trial.filter(|t| t.state == State::Complete && t.is_feasible()).or_else(|| self.best())
    }
}
