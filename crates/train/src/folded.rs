//! Cross-validation of one network: a training for each fold.

use crate::{CheckpointError, EpochReport, Evaluation, Saver, Training};
use automl_arch::Architecture;
use automl_data::{DataSplits, Split};
use burn::tensor::Device;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The trainings of one network, each without another part of the images, by which it is validated; or
/// one training alone.
///
/// # Examples
/// ```
/// use automl_arch::{Architecture, Block, Layer};
/// use automl_data::{DataSplits, Dataset, Recipe};
/// use automl_train::{FoldedTraining, Training, cpu};
/// use std::sync::Arc;
///
/// let data = DataSplits::split(&Dataset::digits()?, 0.15, 0)?.subset(0.2, 0);
/// let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
/// let network = Architecture::new(1, 8, layers);
/// let trainings = data.folds(3, 0)?.into_iter().map(|fold| {
///     let recipe = Recipe::for_data(&fold, 1);
///     Training::new(&network, &Arc::new(fold), &recipe, 0, &cpu())
/// });
/// let mut folded = FoldedTraining::new(trainings.collect::<Result<_, _>>()?);
/// folded.run_epoch(&mut [], &|| false)?;
/// // Each image but those of the test was judged by the training that had not seen it.
/// let judged = folded.evaluate().confusion.total();
/// assert_eq!(judged as usize, data.train.len() + data.validation.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FoldedTraining(Vec<Training>);

impl FoldedTraining {
    /// The trainings of the folds; at least one.
    pub fn new(trainings: Vec<Training>) -> Self {
        Self(trainings)
    }

    /// The number of epochs that all folds have behind them.
    pub fn epoch(&self) -> u64 {
        self.0.iter().map(Training::epoch).min().unwrap_or(0)
    }

    /// The architecture, if the network was given as one.
    pub fn architecture(&self) -> Option<&Architecture> {
        self.0.first().and_then(Training::architecture)
    }

    /// The seed of weights, order and augmentation.
    pub fn seed(&self) -> u64 {
        self.0.first().map_or(0, Training::seed)
    }

    /// Trains all folds to the next epoch, or for the rest of one that was stopped; those that are ahead
    /// wait. Each fold's saver writes its checkpoints; folds without one have none. The time is the sum
    /// over the folds.
    ///
    /// # Errors
    /// Those of [`Saver::run_epoch`].
    pub fn run_epoch(
        &mut self,
        savers: &mut [Saver],
        stop: &dyn Fn() -> bool,
    ) -> Result<EpochReport, CheckpointError> {
        let next = self.epoch() + 1;
        let mut sum = EpochReport { epoch: next, loss: 0.0, time: Duration::ZERO };
        let folds = self.0.len() as f64;
        for (fold, training) in self.0.iter_mut().enumerate().filter(|(_, t)| t.epoch() < next) {
            let report = match savers.get_mut(fold) {
                Some(saver) => saver.run_epoch(training, stop)?,
                None => training.run_epoch(stop)?,
            };
            sum.loss += report.loss / folds;
            sum.time += report.time;
        }
        Ok(sum)
    }

    /// Savers for so many folds, each with a file of its own.
    pub fn savers(path: &Path, folds: usize, every: Duration) -> Vec<Saver> {
        (0..folds).map(|fold| Saver::new(&fold_file(path, fold), every)).collect()
    }

    /// Evaluates on the validation images, each fold's by its own training.
    pub fn evaluate(&self) -> Evaluation {
        let folds = self.0.iter().map(|training| training.evaluate(Split::Validation));
        Evaluation::pooled(folds.collect())
    }

    /// Saves the trainings: the first in the file, the others beside it.
    ///
    /// # Errors
    /// Those of [`Training::save`].
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let mut folds = self.0.iter().enumerate();
        folds.try_for_each(|(fold, training)| training.save(&fold_file(path, fold)))
    }

    /// Continues saved trainings, one for each of the data.
    ///
    /// # Errors
    /// Those of [`Training::resume`].
    pub fn resume(
        path: &Path,
        data: &[Arc<DataSplits>],
        device: &Device,
    ) -> Result<Self, CheckpointError> {
        let folds = data.iter().enumerate();
        let resumed =
            folds.map(|(fold, data)| Training::resume(&fold_file(path, fold), data, device));
        resumed.collect::<Result<_, _>>().map(Self)
    }

    /// Takes over the state of saved trainings of another network, see [`Training::inherit`]; the
    /// smallest share of weights that were taken over.
    ///
    /// # Errors
    /// Those of [`Training::inherit`].
    pub fn inherit(&mut self, path: &Path) -> Result<f64, CheckpointError> {
        let mut least: f64 = 1.0;
        for (fold, training) in self.0.iter_mut().enumerate() {
            least = least.min(training.inherit(&fold_file(path, fold))?);
        }
        Ok(least)
    }

    /// The files of saved trainings, without end: the given one, and those of further folds beside it.
    pub fn paths(path: &Path) -> impl Iterator<Item = PathBuf> {
        (0..).map(move |fold| fold_file(path, fold))
    }

    /// Those files that exist, and the first.
    pub fn files(path: &Path) -> Vec<PathBuf> {
        let folds = Self::paths(path).skip(1).take_while(|file| file.exists());
        std::iter::once(path.to_owned()).chain(folds).collect()
    }
}

/// The file of a fold beside that of the first.
fn fold_file(path: &Path, fold: usize) -> PathBuf {
    match fold {
        0 => path.to_owned(),
        fold => path.with_extension(format!("fold-{fold}.ckpt")),
    }
}
