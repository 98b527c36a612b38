//! Checkpoints at an interval and at a stop.

use crate::{CheckpointError, EpochReport, TrainError, Training};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Saves a training at an interval, within epochs too, and where it is stopped, so that no more than
/// the interval is lost.
///
/// # Examples
/// ```
/// use automl_arch::{Architecture, Block, Layer};
/// use automl_data::{DataSplits, Dataset, Recipe};
/// use automl_train::{Saver, Training, cpu};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let data = Arc::new(DataSplits::split(&Dataset::digits()?, 0.15, 0)?);
/// let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
/// let recipe = Recipe::for_data(&data, 1);
/// let architecture = Architecture::new(1, 8, layers);
/// let mut training = Training::new(&architecture, &data, &recipe, 0, &cpu())?;
/// let path = std::env::temp_dir().join(format!("automl-saver-{}", std::process::id()));
/// let mut saver = Saver::new(&path, Duration::from_secs(20));
/// assert!(saver.run_epoch(&mut training, &|| true).is_err());
/// assert_eq!(Training::resume(&path, &data, &cpu())?.epoch(), 0);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Saver {
    path: PathBuf,
    every: Duration,
    saved: Instant,
}

impl Saver {
    /// A saver that writes a checkpoint at `path` each time the interval is over.
    pub fn new(path: &Path, every: Duration) -> Self {
        Self { path: path.to_owned(), every, saved: Instant::now() }
    }

    /// Trains for one epoch, or for the rest of one that was stopped, as [`Training::run_epoch`]. Where
    /// `stop` says so, the training is saved first.
    ///
    /// # Errors
    /// Those of [`Training::run_epoch`] and of [`Training::save`].
    pub fn run_epoch(
        &mut self,
        training: &mut Training,
        stop: &dyn Fn() -> bool,
    ) -> Result<EpochReport, CheckpointError> {
        let mut failed = None;
        let result = training.run_epoch_with(stop, &mut |training, _| {
            if failed.is_none() && self.saved.elapsed() >= self.every {
                failed = self.save(training).err();
            }
            Ok(())
        });
        if let Some(failed) = failed {
            return Err(failed);
        }
        if let Err(TrainError::Stopped { .. }) = &result {
            self.save(training)?;
        }
        Ok(result?)
    }

    /// Saves the training now.
    ///
    /// # Errors
    /// Those of [`Training::save`].
    pub fn save(&mut self, training: &Training) -> Result<(), CheckpointError> {
        training.save(&self.path)?;
        self.saved = Instant::now();
        Ok(())
    }
}
