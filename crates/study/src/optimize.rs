//! Loops over a study: a closure, on one thread or on several.

use crate::{AskError, Assignment, Outcome, Study, TellError, TrialId};
use automl_space::Config;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;
use tracing::warn;

/// Why a loop ended early. What was recorded before stays.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OptimizeError {
    /// No trial could be handed out.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// A result could not be recorded.
    #[error(transparent)]
    Tell(#[from] TellError),
}

impl Study {
    /// Evaluates `trials` more configurations, or fewer if the stop flag is set.
    ///
    /// The objective returns a number, several, or a `Result`; an error, a NaN or a panic makes
    /// the trial failed, with its message, and the loop goes on. A result that came so late that another
    /// worker has the trial is dropped.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::{State, Study};
    ///
    /// let mut space = Space::builder();
    /// let x = space.float("x", -1.0..=1.0).add()?;
    /// let mut study = Study::builder(space.build()?).build()?;
    /// // An error fails its trial, not the study.
    /// study.optimize(20, |config| match config[x] {
    ///     x if x < 0.0 => Err("negative"),
    ///     x => Ok(x.sqrt()),
    /// })?;
    /// assert_eq!(study.history().len(), 20);
    /// assert!(study.history().count(State::Failed) > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OptimizeError`] if the sampler or the storage fails.
    pub fn optimize<T: Into<Outcome>>(
        &mut self,
        trials: u64,
        mut objective: impl FnMut(&Config) -> T,
    ) -> Result<(), OptimizeError> {
        for _ in 0..trials {
            if self.stop_flag().is_set() {
                break;
            }
            let Assignment { number, config, .. } = self.ask()?;
            let outcome = guarded(|| objective(&config));
            self.tell_unless_lost(number, outcome)?;
        }
        Ok(())
    }

    /// As [`Study::optimize`], on several threads.
    ///
    /// # Examples
    /// ```
    /// use automl_space::Space;
    /// use automl_study::Study;
    ///
    /// let mut space = Space::builder();
    /// let x = space.float("x", -1.0..=1.0).add()?;
    /// let mut study = Study::builder(space.build()?).build()?;
    /// study.optimize_parallel(30, 2, |config| config[x].powi(2))?;
    /// assert_eq!(study.history().finished(), 30);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first [`OptimizeError`]; trials that were running then are still recorded.
    pub fn optimize_parallel<T: Into<Outcome>>(
        &mut self,
        trials: u64,
        threads: usize,
        objective: impl Fn(&Config) -> T + Sync,
    ) -> Result<(), OptimizeError> {
        let stop = self.stop_flag().clone();
        let left = AtomicU64::new(trials);
        let study = Mutex::new(self);
        let failure = Mutex::new(None);
        let lock = || study.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let take = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    while !stop.is_set() && take().is_ok() {
                        let asked = lock().ask();
                        let result = asked.map_err(OptimizeError::from).and_then(|assignment| {
                            let outcome = guarded(|| objective(&assignment.config));
                            let told = lock().tell_unless_lost(assignment.number, outcome);
                            told.map_err(OptimizeError::from)
                        });
                        if let Err(error) = result {
                            left.store(0, Ordering::SeqCst);
                            let mut slot =
                                failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                            slot.get_or_insert(error);
                        }
                    }
                });
            }
        });
        match failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Study {
    /// Records a result, or drops it where another worker has the trial now.
    fn tell_unless_lost(&mut self, number: TrialId, outcome: Outcome) -> Result<(), TellError> {
        match self.tell(number, outcome) {
            Err(error) if error.is_lease_lost() => {
                warn!(trial = number.0, %error, "a result is dropped");
                Ok(())
            }
            told => told,
        }
    }
}

/// The outcome of an evaluation; a panic becomes a failure with its message.
fn guarded<T: Into<Outcome>>(evaluate: impl FnOnce() -> T) -> Outcome {
    match catch_unwind(AssertUnwindSafe(evaluate)) {
        Ok(value) => value.into(),
        Err(payload) => {
            let message = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned());
            Outcome::failed(format!("the objective panicked: {message}"))
        }
    }
}
