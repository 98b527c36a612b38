//! Compression of a given network: pruned, decomposed or both, tested once and saved.

mod folder;

pub use crate::network_record::{Compression, Measured, Method};
pub use automl_compress::{Goal, GoalError};
pub use folder::OutFolderError;

use crate::data::{Earlier, input, open_data};
use crate::engine::pool::Pool;
use crate::split::{manifest, reconcile};
use crate::{Completion, NetworkRecord, SearchError, Settings, SplitError, SplitSettings, saved};
use automl_arch::{Cost, Graph, NetworkSpec, NetworkSpecError};
use automl_compress::{
    Budget, Callbacks, CompressError, CompressionEvent, FineTuning, Model, ModelError, Pruning,
    RankRule, RankTarget, both_and_tune, decompose_and_tune, fine_tuning, prune_and_tune,
};
use automl_data::{Manifest, Preprocessing, Recipe, Split};
use automl_deploy::{ErrorSamples, NETWORK_FILE, NetworkFile};
use automl_study::StopFlag;
use automl_train::{Evaluation, TrainError, Training, WeightsError, export, read_weights};
use folder::OutFolder;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use thiserror::Error;

/// A compression to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// A `model.yaml`, a `network.json`, or a folder that holds one of them.
    pub network: PathBuf,
    /// Its weights; `None` for `weights.safetensors` beside it.
    pub weights: Option<PathBuf>,
    /// The folder for the smaller network.
    pub out: PathBuf,
    /// The method.
    pub method: Method,
    /// The limits. Decomposition alone can do without, and then goes by `ranks`.
    pub goal: Goal,
    /// The rule for ranks where there is no goal.
    pub ranks: RankRule,
    /// The options of pruning.
    pub pruning: Pruning,
    /// Epochs of fine-tuning; `None` for a third of a search's final training.
    pub epochs: Option<u64>,
    /// The highest learning rate of fine-tuning, as a share of the recipe's.
    pub rate: f64,
    /// The names of settings that are meant as they are even where they are the defaults: of
    /// `data.dataset`, `data.validation` and `seed`. The others at their defaults are taken from the
    /// network's own training.
    pub meant: Vec<String>,
}

/// Failure to compress a network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// Settings, data or device cannot be used, or a file cannot be written.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The network cannot be used.
    #[error(transparent)]
    Network(#[from] InputError),
    /// The network was trained by another split of its data.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The goal cannot be used.
    #[error(transparent)]
    Goal(#[from] GoalError),
    /// The folder for the compressed network cannot be used.
    #[error(transparent)]
    Folder(#[from] OutFolderError),
    /// The compression failed.
    #[error(transparent)]
    Compress(#[from] CompressError),
}

/// A network that cannot be compressed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InputError {
    /// The network's description cannot be used.
    #[error(transparent)]
    NetworkSpec(#[from] NetworkSpecError),
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The weights are those of another network.
    #[error("{} does not fit {}: {source}", weights.display(), network.display())]
    Fit {
        /// The weights.
        weights: PathBuf,
        /// The description.
        network: PathBuf,
        /// The mismatch.
        source: Box<ModelError>,
    },
}

/// Progress of [`run`], for its observer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// A note on the results.
    Note(String),
    /// The compression begins.
    Start {
        /// The data in words, in lines.
        data: String,
        /// The device, in words.
        device: String,
        /// Parameters and multiply-accumulates of the network that was given.
        cost: Cost,
        /// The limits; `None` where a rule decides ranks.
        budget: Option<Budget>,
        /// Epochs of fine-tuning.
        epochs: u64,
    },
    /// A step or an epoch is over.
    Step(CompressionEvent),
}

/// Makes a network smaller and saves it in `out`: `network.json` (its nodes, which `automl train`
/// reads too), `weights.safetensors`, `weights.bpk`, `metrics.json`.
///
/// The seed of the settings decides split, order and augmentation. Under another split than that of
/// its training, the network would be tested on images of its own training, unless the data set has
/// test images of its own. Where the folder of the weights is one of a search, of [`fit`] or of this
/// function, data set, validation share and seed are therefore taken from it, and others are refused;
/// for any other network, a note says that the split is not known.
///
/// [`fit`]: crate::fit
///
/// # Errors
/// [`CompressionError`].
///
/// # Examples
/// ```no_run
/// use automl_compress::{Pruning, RankRule};
/// use automl_search::Settings;
/// use automl_search::compression::{Goal, Job, Method, run};
/// use automl_study::StopFlag;
///
/// let job = Job {
///     network: "runs/digits-1/front/trial-7".into(),
///     weights: None,
///     out: "runs/half".into(),
///     method: Method::Prune,
///     goal: Goal { keep_params: Some(0.5), ..Goal::default() },
///     ranks: RankRule::Energy(0.9),
///     pruning: Pruning::default(),
///     epochs: None,
///     rate: 0.3,
///     meant: Vec::new(),
/// };
/// let done = run(&Settings::default(), &job, &StopFlag::new(), &|_| {})?;
/// if let Some(record) = done.finished() {
///     println!("{} parameters, test accuracy {:.4}", record.params, record.test_accuracy);
/// }
/// # Ok::<(), automl_search::compression::CompressionError>(())
/// ```
pub fn run(
    settings: &Settings,
    job: &Job,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Completion<NetworkRecord>, CompressionError> {
    let start = Instant::now();
    let (model, weights) = read(job)?;
    let reconciled = reconcile(settings, &job.meant, &weights)?;
    let settings = &reconciled.settings;
    if let Some(note) = reconciled.note {
        observer(&Progress::Note(note));
    }
    let cost = model.cost();
    let budget = job.goal.budget(&cost)?;
    if budget.is_none() && job.method != Method::Decompose {
        return Err(GoalError::NoGoal.into());
    }
    let folder = OutFolder::claim(&job.out)?;
    let note = |note: String| observer(&Progress::Note(note));
    let known = manifest(&weights).map_err(SearchError::from)?;
    let (preprocessing, classes) = preparation(job);
    let input = input(model.graph()).known(preprocessing.as_ref(), &classes);
    let earlier = Earlier::new(known.as_ref(), reconciled.is_known).or_network(input);
    let opened = open_data(settings, earlier, &note, stop)?;
    let Some((chosen, mut data)) = opened else { return Ok(Completion::Interrupted) };
    if let Some(known) = preprocessing.filter(|known| known.channels == data.channels) {
        // The weights are those for pixels that are normalized so.
        (data.mean, data.sd) = (known.mean, known.sd);
    }
    let manifest = known.iter().fold(data.manifest(), Manifest::after);
    let epochs = job.epochs.unwrap_or_else(|| {
        settings.training.finish_epochs(&data, settings.search_epochs()).div_ceil(3)
    });
    let recipe = fine_tuning(&settings.training.recipe(&data, epochs), epochs, job.rate);
    let (data, device) = (Arc::new(data), &chosen.device);
    let tuning = FineTuning { data: &data, recipe: &recipe, seed: settings.seed, device };
    let (data, device) = (data.in_words(data.train.len()), chosen.description.clone());
    observer(&Progress::Start { data, device, cost, budget, epochs });
    let compressed = Pool::new(settings.workers, &chosen)
        .together(|| job.compress(&model, budget, &tuning, stop, observer));
    let (graph, record, errors) = match compressed {
        Err(error) if is_stop(&error) => return Ok(Completion::Interrupted),
        compressed => compressed?,
    };
    let record = NetworkRecord {
        epochs,
        split: Some(SplitSettings::of(settings)),
        split_is_known: reconciled.is_known,
        seconds: start.elapsed().as_secs_f64(),
        ..record
    };
    manifest.write(&job.out).map_err(SearchError::from)?;
    saved::describe(&job.out, graph, tuning.data, &record, &errors)?;
    folder.keep();
    Ok(Completion::Finished(record))
}

/// Whether the compression ended because it was told to.
fn is_stop(error: &CompressionError) -> bool {
    match error {
        CompressionError::Search(error) => error.is_stop(),
        CompressionError::Compress(error) => {
            matches!(error, CompressError::Train(TrainError::Stopped { .. }))
        }
        _ => false,
    }
}

/// The network of a job, and the file of its weights.
fn read(job: &Job) -> Result<(Model, PathBuf), InputError> {
    let network = NetworkSpec::file(&job.network)?;
    let graph = NetworkSpec::read(&network)?.graph()?;
    let beside = || network.with_file_name("weights.safetensors");
    let weights = job.weights.clone().unwrap_or_else(beside);
    match Model::new(graph, read_weights(&weights)?) {
        Ok(model) => Ok((model, weights)),
        Err(source) => Err(InputError::Fit { weights, network, source: Box::new(source) }),
    }
}

/// The preprocessing and the names of the classes in the record of a job's network, where it has one.
fn preparation(job: &Job) -> (Option<Preprocessing>, Vec<String>) {
    let file = match job.network.is_dir() {
        true => job.network.join(NETWORK_FILE),
        false => job.network.with_file_name(NETWORK_FILE),
    };
    NetworkFile::read(&file).map(|record| (record.input, record.classes)).unwrap_or_default()
}

impl Job {
    /// Compresses, tests and saves the network.
    fn compress(
        &self,
        model: &Model,
        budget: Option<Budget>,
        tuning: &FineTuning<'_>,
        stop: &StopFlag,
        observer: &(dyn Fn(&Progress) + Sync),
    ) -> Result<(Graph, NetworkRecord, ErrorSamples), CompressionError> {
        let tell = |step: &CompressionEvent| observer(&Progress::Step(step.clone()));
        let stop = || stop.is_set();
        let callbacks = Callbacks { stop: &stop, tell: &tell };
        // A network of other images is refused before any work.
        let before = assess(model, tuning)?;
        let smaller = compress(model, self, budget, tuning, callbacks)?;
        let after = assess(&smaller, tuning)?;
        let network = smaller
            .network(tuning.device)
            .map_err(|error| SearchError::from(TrainError::from(error)))?;
        export(&network, smaller.graph(), &self.out).map_err(SearchError::from)?;
        let prunes = self.method != Method::Decompose;
        let compression = Compression {
            method: self.method,
            importance: Some(self.pruning.importance).filter(|_| prunes),
            steps: Some(self.pruning.steps).filter(|_| prunes),
            ranks: Some(self.ranks).filter(|_| budget.is_none()),
            budget,
            rate: self.rate,
            before: Measured::new(model.cost(), &before),
        };
        let fingerprint = smaller.graph().fingerprint();
        let names = &tuning.data.class_names;
        let record = NetworkRecord {
            compression: Some(compression),
            ..NetworkRecord::new(smaller.cost(), fingerprint, tuning.seed, &after, names)
        };
        let [validation, test] = &after;
        let errors = ErrorSamples::new(validation, test, tuning.data);
        Ok((smaller.graph().clone(), record, errors))
    }
}

fn compress(
    model: &Model,
    job: &Job,
    budget: Option<Budget>,
    tuning: &FineTuning<'_>,
    callbacks: Callbacks<'_>,
) -> Result<Model, CompressError> {
    let target = budget.map_or(RankTarget::Rule(job.ranks), RankTarget::Budget);
    let budget = budget.unwrap_or_default();
    match job.method {
        Method::Prune => prune_and_tune(model, &budget, &job.pruning, tuning, callbacks),
        Method::Decompose => decompose_and_tune(model, target, tuning, callbacks),
        Method::Both => both_and_tune(model, &budget, &job.pruning, tuning, callbacks),
    }
}

/// Accuracy and loss of a network on the validation and test images.
fn assess(model: &Model, tuning: &FineTuning<'_>) -> Result<[Evaluation; 2], CompressError> {
    let recipe = Recipe { epochs: tuning.recipe.epochs.max(1), ..tuning.recipe.clone() };
    let (graph, weights) = (model.graph(), model.tensors().to_vec());
    let trained = Training::with_weights(graph, weights, tuning.data, &recipe, 0, tuning.device)?;
    Ok([Split::Validation, Split::Test].map(|split| trained.evaluate(split)))
}
