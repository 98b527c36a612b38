//! The record of a trained network, `metrics.json` beside its weights.

use crate::FileError;
use crate::file::write_file;
use crate::split::SplitSettings;
use automl_arch::Cost;
use automl_compress::{Budget, Importance, RankRule};
use automl_data::metrics::{Evaluation, MetricsReport};
use automl_data::{Recipe, Split};
use automl_train::Training;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Name of the file.
pub(crate) const METRICS: &str = "metrics.json";

/// The record of a trained network. A search, the training of one network and a compression write
/// the same record, in which `trial` or `compression` is present accordingly.
///
/// # Examples
/// ```no_run
/// use automl_search::NetworkRecord;
///
/// let record = NetworkRecord::read("runs/digits-1/front/trial-7".as_ref())?;
/// println!("{} parameters, {:.2} %", record.params, 100.0 * record.test_accuracy);
/// # Ok::<(), automl_search::FileError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkRecord {
    /// The trial of a search that found the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial: Option<u64>,
    /// Fingerprint of the network's graph; absent in records of earlier versions of `automl train`.
    pub fingerprint: Option<u64>,
    /// Parameters.
    pub params: u64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// The most bytes of activations that are alive at once; absent in records of earlier versions.
    pub peak_activation_bytes: Option<u64>,
    /// Bytes of the constants of the network's int8 program; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash_bytes: Option<u64>,
    /// Bytes of its activations; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram_bytes: Option<u64>,
    /// Epochs of training; of a compressed network, of fine-tuning.
    pub epochs: u64,
    /// The seed of weights, order and augmentation.
    pub seed: u64,
    /// The data set and its split; absent in records of earlier versions.
    pub split: Option<SplitSettings>,
    /// Whether the split is known to be that of the network's training.
    #[serde(default = "yes")]
    pub split_is_known: bool,
    /// The recipe; absent in records of earlier versions, and of compressed networks.
    pub recipe: Option<Recipe>,
    /// The number of parts of each batch, where it was trained in parts to bound the memory: each is
    /// normalized by its own statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_parts: Option<usize>,
    /// Accuracy on the validation images, a fraction.
    pub validation_accuracy: f64,
    /// Mean cross-entropy on the validation images, in nats.
    pub validation_loss: f64,
    /// Accuracy on the test images, a fraction.
    pub test_accuracy: f64,
    /// Mean cross-entropy on the test images, in nats.
    pub test_loss: f64,
    /// Metrics on the validation images by class; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<MetricsReport>,
    /// Metrics on the test images by class, with intervals; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<MetricsReport>,
    /// The median time for one image on the search's device, in microseconds, once measured.
    pub latency_us: Option<f64>,
    /// The engine by which the time was measured; absent where it was not, and in records of earlier
    /// versions, which measured the training path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_engine: Option<String>,
    /// Seconds of training, evaluation and saving.
    pub seconds: f64,
    /// The network's int8 program, where it was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub int8: Option<Int8Record>,
    /// Further trainings of the network from other weights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<Repeat>,
    /// Cross-validation: the training on all images but one part, by which it was validated, for each
    /// part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<Repeat>,
    /// The compression that made the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
}

impl NetworkRecord {
    /// The record in the folder of a network.
    ///
    /// # Errors
    /// [`FileError`] if there is none, or the file is not such a record.
    pub fn read(folder: &Path) -> Result<Self, FileError> {
        let path = folder.join(METRICS);
        let failed = FileError::of("read", &path);
        let text = std::fs::read_to_string(&path).map_err(&failed)?;
        let record = serde_json::from_str(&text).map(current);
        record.and_then(serde_json::from_value).map_err(|error| failed(error.into()))
    }

    /// Writes the record into the folder of a network.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), FileError> {
        let path = folder.join(METRICS);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| FileError::of("write", &path)(error.into()))?;
        write_file(&path, &text)
    }

    /// The record of a network of this cost, on the validation and test images.
    pub(crate) fn new(
        cost: Cost,
        fingerprint: u64,
        seed: u64,
        evaluations: &[Evaluation; 2],
        class_names: &[String],
    ) -> Self {
        let record = Self {
            trial: None,
            fingerprint: Some(fingerprint),
            params: cost.parameters,
            macs: cost.macs,
            peak_activation_bytes: Some(cost.peak_activation_bytes),
            flash_bytes: Some(cost.flash_bytes),
            ram_bytes: Some(cost.ram_bytes),
            epochs: 0,
            seed,
            split: None,
            split_is_known: true,
            recipe: None,
            batch_parts: None,
            validation_accuracy: 0.0,
            validation_loss: 0.0,
            test_accuracy: 0.0,
            test_loss: 0.0,
            validation: None,
            test: None,
            latency_us: None,
            latency_engine: None,
            seconds: 0.0,
            int8: None,
            repeats: Vec::new(),
            folds: Vec::new(),
            compression: None,
        };
        record.judged(evaluations, class_names)
    }

    /// The record with the metrics of weights on the validation and test images.
    pub(crate) fn judged(
        self,
        [validation, test]: &[Evaluation; 2],
        class_names: &[String],
    ) -> Self {
        let report = |evaluation| Some(MetricsReport::new(evaluation, class_names, self.seed));
        Self {
            validation_accuracy: validation.accuracy,
            validation_loss: validation.loss,
            test_accuracy: test.accuracy,
            test_loss: test.loss,
            validation: report(validation),
            test: report(test),
            ..self
        }
    }

    /// The record of a training: its epochs, recipe and parts of a batch.
    pub(crate) fn of_training(self, training: &Training) -> Self {
        Self {
            epochs: training.epoch(),
            recipe: Some(Recipe { epochs: training.epochs(), ..training.recipe().clone() }),
            batch_parts: Some(training.parts()).filter(|parts| *parts > 1),
            ..self
        }
    }

    /// Mean and standard deviation of the test accuracy over this training and its repeats; `None`
    /// without repeats.
    pub fn spread(&self) -> Option<(f64, f64)> {
        let repeats = self.repeats.iter().map(|repeat| repeat.test_accuracy);
        mean_and_deviation(std::iter::once(self.test_accuracy).chain(repeats))
    }

    /// Mean and standard deviation of the validation accuracy over the folds of a cross-validation;
    /// `None` without folds.
    pub fn cross_validated(&self) -> Option<(f64, f64)> {
        mean_and_deviation(self.folds.iter().map(|fold| fold.validation_accuracy))
    }

    /// Cost, accuracy and loss of the network.
    pub fn measured(&self) -> Measured {
        Measured {
            params: self.params,
            macs: self.macs,
            validation_accuracy: self.validation_accuracy,
            validation_loss: self.validation_loss,
            test_accuracy: self.test_accuracy,
            test_loss: self.test_loss,
        }
    }
}

/// Mean and standard deviation of two and more values.
fn mean_and_deviation(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let values: Vec<f64> = values.collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (mean, (squares / (count - 1.0)).sqrt()))
}

/// A record in the form of this version. Earlier versions kept the numbers of a compressed network in
/// `after`, and its compression beside them.
fn current(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut()
        && let Some(Value::Object(after)) = fields.remove("after")
    {
        let compression = Value::Object(fields.clone());
        fields.insert("compression".into(), compression);
        fields.extend(after);
    }
    record
}

fn yes() -> bool {
    true
}

/// Cost, accuracy and loss of a network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Parameters.
    pub params: u64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// Accuracy on the validation images, a fraction.
    pub validation_accuracy: f64,
    /// Mean cross-entropy on the validation images, in nats.
    pub validation_loss: f64,
    /// Accuracy on the test images, a fraction.
    pub test_accuracy: f64,
    /// Mean cross-entropy on the test images, in nats.
    pub test_loss: f64,
}

impl Measured {
    /// The numbers of a network of this cost on the validation and test images.
    pub(crate) fn new(cost: Cost, [validation, test]: &[Evaluation; 2]) -> Self {
        Self {
            params: cost.parameters,
            macs: cost.macs,
            validation_accuracy: validation.accuracy,
            validation_loss: validation.loss,
            test_accuracy: test.accuracy,
            test_loss: test.loss,
        }
    }
}

/// The int8 program of a network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Int8Record {
    /// Accuracy on the validation images, a fraction.
    pub validation_accuracy: f64,
    /// Accuracy on the test images, a fraction.
    pub test_accuracy: f64,
    /// Bytes of its constants.
    pub flash_bytes: u64,
    /// Bytes of its activations.
    pub ram_bytes: u64,
    /// Accuracy on the validation images before the network was fine-tuned for int8; absent where it
    /// was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_tuning: Option<f64>,
}

/// A further training of a network from other weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// The seed of weights, order and augmentation.
    pub seed: u64,
    /// Epochs of training.
    pub epochs: u64,
    /// Accuracy on the validation images, a fraction.
    pub validation_accuracy: f64,
    /// Mean cross-entropy on the validation images, in nats.
    pub validation_loss: f64,
    /// Accuracy on the test images, a fraction.
    pub test_accuracy: f64,
    /// Mean cross-entropy on the test images, in nats.
    pub test_loss: f64,
}

impl Repeat {
    /// The numbers of a training, on its validation and test images.
    pub(crate) fn evaluate(training: &Training) -> Self {
        let [validation, test] =
            [Split::Validation, Split::Test].map(|split| training.evaluate(split));
        Self {
            seed: training.seed(),
            epochs: training.epoch(),
            validation_accuracy: validation.accuracy,
            validation_loss: validation.loss,
            test_accuracy: test.accuracy,
            test_loss: test.loss,
        }
    }

    /// The numbers of a record.
    pub(crate) fn of(record: &NetworkRecord) -> Self {
        Self {
            seed: record.seed,
            epochs: record.epochs,
            validation_accuracy: record.validation_accuracy,
            validation_loss: record.validation_loss,
            test_accuracy: record.test_accuracy,
            test_loss: record.test_loss,
        }
    }
}

/// A way to make a network smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Removal of channels.
    #[default]
    Prune,
    /// Replacement of layers by chains of thinner ones.
    Decompose,
    /// Pruning for half of the reduction in ratio, then decomposition.
    Both,
}

/// The compression that made a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compression {
    /// The method.
    pub method: Method,
    /// The ranking of channels, where some were removed.
    pub importance: Option<Importance>,
    /// The number of pruning steps, where channels were removed.
    pub steps: Option<usize>,
    /// The rule for ranks, where there was no budget.
    pub ranks: Option<RankRule>,
    /// The limits that were asked for.
    pub budget: Option<Budget>,
    /// The highest learning rate of fine-tuning, as a share of the recipe's.
    pub rate: f64,
    /// The network before.
    pub before: Measured,
}
