//! A given network made smaller: pruned, decomposed or both, tested once and saved.

use crate::split::reconcile;
pub use crate::split::{SplitError, SplitMismatch, SplitSettings};
use crate::{
    Settings,
    engine::{SearchError, open_data, write_file},
};
use automl_arch::{Cost, Graph};
use automl_arch::{NetworkSpec, NetworkSpecError};
use automl_compress::{
    Budget, Callbacks, CompressError, CompressionEvent, FineTuning, Importance, Model, ModelError,
    Pruning, RankRule, RankTarget, both_and_tune, decompose_and_tune, fine_tuning, prune_and_tune,
};
use automl_data::{DataSplits, Recipe, Split};
use automl_study::StopFlag;
use automl_train::{
    Device, Evaluation, TrainError, Training, WeightsError, export, on_threads, read_weights,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use thiserror::Error;

/// How a network is made smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Channels are removed.
    #[default]
    Prune,
    /// Layers become chains of thinner ones.
    Decompose,
    /// First the one, half of the way in ratio, then the other.
    Both,
}

/// How small the network is to become; what is `None` is not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Goal {
    /// The share of the parameters that may stay, above 0 and below 1.
    pub keep_params: Option<f64>,
    /// The share of the multiply-accumulates that may stay, likewise.
    pub keep_macs: Option<f64>,
    /// The most parameters.
    pub max_params: Option<u64>,
    /// The most multiply-accumulates of one image.
    pub max_macs: Option<u64>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// A `model.yaml`, a `network.json`, or a folder that holds one of them.
    pub network: PathBuf,
    /// Its weights; `None` for `weights.safetensors` beside it.
    pub weights: Option<PathBuf>,
    /// The folder for the smaller network.
    pub out: PathBuf,
    /// How.
    pub method: Method,
    /// How small. Decomposition alone does without: it then goes by `ranks`.
    pub goal: Goal,
    /// What decides ranks where there is no goal.
    pub ranks: RankRule,
    /// How channels are removed.
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

/// Why a network was not compressed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// Settings, data or device do not do, or a file cannot be written.
    #[error(transparent)]
    Search(#[from] SearchError),
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
        /// What does not fit.
        source: Box<ModelError>,
    },
    /// The compression failed.
    #[error(transparent)]
    Compress(#[from] CompressError),
    /// The folder holds a file of a network, which is not overwritten.
    #[error("{} exists already; choose another folder", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The network was trained by another split of its data.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A share that is none.
    #[error("the share to keep must lie above 0 and below 1, not {share}")]
    Keep {
        /// What was given.
        share: f64,
    },
    /// Pruning without a goal.
    #[error("pruning needs to know how far: give --keep, --max-params or --max-macs")]
    NoGoal,
    /// The network is that small.
    #[error(
        "the network has {parameters} parameters and {macs} multiply-accumulates, within {budget} \
         already"
    )]
    Small {
        /// Its parameters.
        parameters: u64,
        /// Its multiply-accumulates.
        macs: u64,
        /// What was asked for.
        budget: Budget,
    },
}

/// What is known of a network before or after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Parameters.
    pub params: u64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// The share of validation images that are classified rightly.
    pub validation_accuracy: f64,
    /// The mean cross-entropy on the validation images.
    pub validation_loss: f64,
    /// The share of test images that are classified rightly.
    pub test_accuracy: f64,
    /// The mean cross-entropy on the test images.
    pub test_loss: f64,
}

/// `metrics.json`: what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Compressed {
    /// How it was made smaller.
    pub method: Method,
    /// What ranked channels, where some were removed.
    pub importance: Option<Importance>,
    /// In how many steps, likewise.
    pub steps: Option<usize>,
    /// What decided ranks, where there was no budget.
    pub ranks: Option<RankRule>,
    /// What was asked for.
    pub budget: Option<Budget>,
    /// Epochs of fine-tuning.
    pub epochs: u64,
    /// The highest learning rate of fine-tuning, as a share of the recipe's.
    pub rate: f64,
    /// The seed of split, order and augmentation.
    pub seed: u64,
    /// The data set and its split.
    pub split: SplitSettings,
    /// Whether the network that was given is known to have been trained by it.
    pub split_is_known: bool,
    /// The network that was given.
    pub before: Measured,
    /// The smaller one.
    pub after: Measured,
    /// Seconds that it took.
    pub seconds: f64,
}

/// What [`run`] tells its observer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// Something to know about the results.
    Note(String),
    /// It is about to start.
    Start {
        /// The data's name.
        data: String,
        /// The device, in words.
        device: String,
        /// Parameters and multiply-accumulates of the network that was given.
        cost: Cost,
        /// What is asked for; `None` where a rule decides ranks.
        budget: Option<Budget>,
        /// Epochs of fine-tuning.
        epochs: u64,
    },
    /// The network is smaller now, or an epoch is over.
    Step(CompressionEvent),
}

/// Makes a network smaller and saves it in `out`: `network.json` (its nodes; the same command and
/// `automl train` read it), `weights.safetensors`, `weights.bpk`, `metrics.json`.
///
/// The seed of the settings decides split, order and augmentation. With another split than that of
/// its training the network would be tested on images that it has learnt, unless the data set has
/// test images of its own. So where the folder of the weights is one of a search, of [`fit`] or of
/// this function, data set, validation share and seed are taken from there, and others are refused;
/// of any other network a note says that nothing is known.
///
/// [`fit`]: crate::fit
///
/// # Errors
/// [`CompressionError`]; [`TrainError::Stopped`] in it where `stop` was set.
pub fn run(
    settings: &Settings,
    job: &Job,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Compressed, CompressionError> {
    let start = Instant::now();
    let (description, graph) = read(&job.network)?;
    let weights = match &job.weights {
        Some(path) => path.clone(),
        None => description.with_file_name("weights.safetensors"),
    };
    let model =
        Model::new(graph, read_weights(&weights)?).map_err(|source| CompressionError::Fit {
            weights: weights.clone(),
            network: description,
            source: Box::new(source),
        })?;
    let reconciled = reconcile(settings, &job.meant, &weights)?;
    let settings = &reconciled.settings;
    if let Some(note) = reconciled.note {
        observer(&Progress::Note(note));
    }
    let cost = model.cost();
    let budget = job.goal.budget(&cost)?;
    match budget {
        Some(budget) if budget.allows(&cost) => {
            let Cost { parameters, macs, .. } = cost;
            return Err(CompressionError::Small { parameters, macs, budget });
        }
        None if job.method != Method::Decompose => return Err(CompressionError::NoGoal),
        _ => {}
    }
    let folder = Folder::claim(&job.out)?;
    let (chosen, data) = open_data(settings)?;
    let epochs = job.epochs.unwrap_or_else(|| {
        settings.training.finish_epochs(&data, settings.search_epochs()).div_ceil(3)
    });
    let recipe = fine_tuning(&settings.training.recipe(&data, epochs), epochs, job.rate);
    let (data, device) = (Arc::new(data), &chosen.device);
    let prunes = job.method != Method::Decompose;
    observer(&Progress::Start {
        data: data.name.clone(),
        device: chosen.description.clone(),
        cost,
        budget,
        epochs,
    });
    let work = || -> Result<Compressed, CompressionError> {
        let tell = |step: &CompressionEvent| observer(&Progress::Step(step.clone()));
        let stop = || stop.is_set();
        let callbacks = Callbacks { stop: &stop, tell: &tell };
        let tuning = FineTuning { data: &data, recipe: &recipe, seed: settings.seed, device };
        // A network of other images is refused before anything is done with it.
        let before = assess(&model, &data, &recipe, device)?;
        let smaller = compress(&model, job, budget, &tuning, callbacks)?;
        let after = assess(&smaller, &data, &recipe, device)?;
        let network =
            smaller.network(device).map_err(TrainError::from).map_err(SearchError::from)?;
        export(&network, smaller.graph(), &job.out).map_err(SearchError::from)?;
        Ok(Compressed {
            method: job.method,
            importance: Some(job.pruning.importance).filter(|_| prunes),
            steps: Some(job.pruning.steps).filter(|_| prunes),
            ranks: Some(job.ranks).filter(|_| budget.is_none()),
            budget,
            epochs,
            rate: job.rate,
            seed: settings.seed,
            split: SplitSettings::of(settings),
            split_is_known: reconciled.is_known,
            before: measured(&cost, before),
            after: measured(&smaller.cost(), after),
            seconds: start.elapsed().as_secs_f64(),
        })
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let compressed =
        if chosen.is_gpu { work()? } else { on_threads(settings.workers.unwrap_or(cores), work)? };
    let text = serde_json::to_string_pretty(&compressed).unwrap_or_default();
    write_file(&job.out.join("metrics.json"), &text)?;
    folder.keep();
    Ok(compressed)
}

/// The files of a trained network, of which none is overwritten.
const FILES: [&str; 5] =
    ["metrics.json", "network.json", "model.yaml", "weights.safetensors", "weights.bpk"];

/// The folder for what comes out, made before the work; away again if there is nothing to keep.
struct Folder {
    /// The folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl Folder {
    /// Makes the folder and tries to write in it.
    fn claim(path: &Path) -> Result<Self, CompressionError> {
        let files = FILES.map(|name| path.join(name));
        // Also a link that leads nowhere.
        if let Some(path) = files.into_iter().find(|file| file.symlink_metadata().is_ok()) {
            return Err(CompressionError::Taken { path });
        }
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made = path.ancestors().take_while(missing).map(Path::to_owned).collect();
        let folder = Self { made };
        std::fs::create_dir_all(path).map_err(|source| SearchError::File {
            action: "create",
            path: path.to_owned(),
            source,
        })?;
        let probe = path.join("metrics.json.part");
        write_file(&probe, "")?;
        std::fs::remove_file(&probe).map_err(|source| SearchError::File {
            action: "remove",
            path: probe,
            source,
        })?;
        Ok(folder)
    }

    fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for path in &self.made {
            // Only empty folders can be removed so; another stays.
            if std::fs::remove_dir(path).is_err() {
                break;
            }
        }
    }
}

impl Goal {
    /// The caps that it amounts to for a network of a cost; `None` where nothing is asked for.
    fn budget(&self, cost: &Cost) -> Result<Option<Budget>, CompressionError> {
        let cap = |share: Option<f64>, most: Option<u64>, now: u64| match share {
            Some(share) if !(share > 0.0 && share < 1.0) => Err(CompressionError::Keep { share }),
            Some(share) => {
                let kept = (share * now as f64).floor() as u64;
                Ok(Some(most.map_or(kept, |most| most.min(kept))))
            }
            None => Ok(most),
        };
        let budget = Budget {
            parameters: cap(self.keep_params, self.max_params, cost.parameters)?,
            macs: cap(self.keep_macs, self.max_macs, cost.macs)?,
        };
        Ok((budget != Budget::default()).then_some(budget))
    }
}

/// The description's file, and its nodes.
fn read(path: &Path) -> Result<(PathBuf, Graph), CompressionError> {
    let file = NetworkSpec::file(path)?;
    let graph = NetworkSpec::read(&file)?.graph()?;
    Ok((file, graph))
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

/// How a network does on the validation and test images.
fn assess(
    model: &Model,
    data: &Arc<DataSplits>,
    recipe: &Recipe,
    device: &Device,
) -> Result<[Evaluation; 2], CompressError> {
    let recipe = Recipe { epochs: recipe.epochs.max(1), ..recipe.clone() };
    let weights = model.tensors().to_vec();
    let trained = Training::with_weights(model.graph(), weights, data, &recipe, 0, device)?;
    Ok([Split::Validation, Split::Test].map(|part| trained.evaluate(part)))
}

fn measured(cost: &Cost, [validation, test]: [Evaluation; 2]) -> Measured {
    Measured {
        params: cost.parameters,
        macs: cost.macs,
        validation_accuracy: validation.accuracy,
        validation_loss: validation.loss,
        test_accuracy: test.accuracy,
        test_loss: test.loss,
    }
}
