//! Trials that the sampler does not propose: given configurations, and results from elsewhere.

use super::{AskError, Study, now};
use crate::{Outcome, Trial, TrialId};
use automl_space::Config;

impl Study {
    /// Adds a trial with a given configuration; it is handed out before the sampler is asked.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// space.int("layers", 1..=8).add()?;
    /// let space = space.build()?;
    /// let default = space.decode(&[0.5]);
    /// let mut study = Study::builder(space).build()?;
    /// study.enqueue(default.clone())?;
    /// assert_eq!(study.ask()?.config, default);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AskError`] if the configuration lies outside the space or the storage fails.
    pub fn enqueue(&mut self, config: Config) -> Result<TrialId, AskError> {
        self.space.check(&config)?;
        self.refresh()?;
        self.create(Trial::waiting(self.history.next_id(), config))
    }

    /// Adds a trial that was evaluated elsewhere, for a warm start: samplers learn from it as from
    /// any other.
    ///
    /// # Errors
    /// [`AskError`] if the configuration lies outside the space, the values do not fit, or the
    /// storage fails.
    pub fn add_trial(
        &mut self,
        config: Config,
        outcome: impl Into<Outcome>,
    ) -> Result<TrialId, AskError> {
        self.space.check(&config)?;
        let (number, outcome) = (self.history.next_id(), outcome.into());
        outcome.check(number, self.history.directions().len())?;
        let mut trial = Trial::waiting(number, config);
        outcome.end(&mut trial);
        (trial.started, trial.finished) = (Some(now()), Some(now()));
        self.create(trial)
    }

    /// Writes a new trial to the storage under whatever number is the next, then to the history.
    fn create(&mut self, mut trial: Trial) -> Result<TrialId, AskError> {
        if let Some(storage) = &mut self.storage {
            trial.number = storage.create(&trial)?;
            if trial.number > self.history.next_id() {
                // Other workers have added trials in between.
                self.catch_up()?;
            }
        }
        let number = trial.number;
        if number >= self.history.next_id() {
            self.history.push(trial)?;
        }
        self.index(number);
        Ok(number)
    }
}
