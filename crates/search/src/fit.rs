//! Training of one given network to the end, with one test, and its files.

mod folds;

use crate::data::{Earlier, input, open_data};
use crate::engine::CHECKPOINT_EVERY;
use crate::engine::pool::Pool;
use crate::file::remove;
use crate::init::start_from;
use crate::network_record::METRICS;
use crate::split::SplitSettings;
use crate::{Completion, FileError, NetworkRecord, SearchError, Settings, saved};
use automl_arch::{Cost, NetworkSpec, NetworkSpecError};
use automl_data::{DataSplits, Manifest, Recipe, Split};
use automl_deploy::ErrorSamples;
use automl_study::StopFlag;
use automl_train::{EpochReport, Saver, SelectedDevice, Training, export};
use folds::cross_validate;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use thiserror::Error;

/// The checkpoint's file.
const CHECKPOINT: &str = "training.ckpt";

/// Failure to train a network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FitError {
    /// Settings, data or device cannot be used, or the network cannot be trained or saved.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The network's file cannot be read or is not valid.
    #[error(transparent)]
    NetworkSpec(#[from] NetworkSpecError),
    /// The network does not end in a linear layer, which pretraining replaces.
    #[error("a network that is pretrained must end in a linear layer")]
    Classifier,
    /// The folder holds a network that was trained before.
    #[error(
        "{} holds a trained network already; choose another folder, or replace it by --overwrite",
        path.display()
    )]
    Taken {
        /// The folder.
        path: PathBuf,
    },
}

/// Progress of [`run`], for its observer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// A note on the data.
    Note(String),
    /// The training begins, or goes on after `epoch` epochs.
    Start {
        /// The data in words, in lines.
        data: String,
        /// The device, in words.
        device: String,
        /// Parameters.
        params: u64,
        /// Multiply-accumulates of one image.
        macs: u64,
        /// Epochs so far.
        epoch: u64,
        /// Epochs in all.
        epochs: u64,
    },
    /// The training starts from weights of another network.
    Init {
        /// That network.
        network: PathBuf,
        /// The number of tensors that fit.
        tensors: usize,
    },
    /// An epoch is over.
    Epoch(EpochReport),
}

/// Trains a network as the final training of a search with these settings would, and saves it.
///
/// `model` is a `model.yaml`, a `network.json`, or a folder with one of them. `out` gets the same
/// description, `weights.safetensors`, `weights.bpk` and `metrics.json`. An interrupted training in
/// `out` goes on from its last checkpoint. The seed of the settings decides split, weights, order and
/// augmentation.
///
/// # Errors
/// [`FitError`].
///
/// # Examples
/// ```no_run
/// use automl_search::{Settings, fit};
/// use automl_study::StopFlag;
///
/// let (model, out) = ("model.yaml".as_ref(), "runs/mine".as_ref());
/// let done = fit::run(&Settings::default(), model, out, &StopFlag::new(), &|_| {})?;
/// if let Some(record) = done.finished() {
///     println!("test accuracy {:.4}", record.test_accuracy);
/// }
/// # Ok::<(), fit::FitError>(())
/// ```
pub fn run(
    settings: &Settings,
    model: &Path,
    out: &Path,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Completion<NetworkRecord>, FitError> {
    let description = NetworkSpec::read(&NetworkSpec::file(model)?)?;
    if out.join(METRICS).exists() && !settings.search.overwrite {
        return Err(FitError::Taken { path: out.to_owned() });
    }
    // An interrupted training goes on with its data.
    let known = Manifest::read(out).map_err(SearchError::from)?;
    let input = input(&description.graph()?);
    let earlier = Earlier::new(known.as_ref(), out.join(CHECKPOINT).exists()).or_network(input);
    let note = |note: String| observer(&Progress::Note(note));
    let opened = open_data(settings, earlier, &note, stop)?;
    let Some((device, data)) = opened else { return Ok(Completion::Interrupted) };
    let manifest = data.manifest();
    let (description, data) = match settings.training.pretrain {
        true => pretraining(&description, &data)?,
        false => (description, data),
    };
    let graph = description.graph()?;
    let start = Instant::now();
    let epochs = settings.training.finish_epochs(&data, settings.search_epochs());
    let recipe = settings.training.final_recipe(&data, epochs);
    std::fs::create_dir_all(out).map_err(|e| SearchError::from(FileError::of("create", out)(e)))?;
    let manifest = known.iter().fold(manifest, Manifest::after);
    manifest.write(out).map_err(SearchError::from)?;
    let checkpoint = out.join(CHECKPOINT);
    let job = Job {
        description: &description,
        cost: graph.cost(),
        data: Arc::new(data),
        recipe: &recipe,
        seed: settings.seed,
        device: &device,
        checkpoint: &checkpoint,
        init: settings.training.init.as_deref(),
    };
    let trained = Pool::new(settings.workers, &device).together(|| -> Result<_, SearchError> {
        let training = job.train(stop, observer)?;
        let evaluations = [Split::Validation, Split::Test].map(|split| training.evaluate(split));
        // A record is taken for that of the weights beside it.
        remove(&out.join(METRICS));
        export(&training.trained(), &description, out)?;
        let record = NetworkRecord {
            split: Some(SplitSettings::of(settings)),
            folds: cross_validate(&job, settings, stop, observer)?,
            seconds: start.elapsed().as_secs_f64(),
            ..NetworkRecord::new(
                job.cost,
                graph.fingerprint(),
                job.seed,
                &evaluations,
                &job.data.class_names,
            )
        };
        let [validation, test] = &evaluations;
        let errors = ErrorSamples::new(validation, test, &job.data);
        Ok((record.of_training(&training), errors))
    });
    let (record, errors) = match trained {
        Err(error) if error.is_stop() => return Ok(Completion::Interrupted),
        trained => trained?,
    };
    saved::describe(out, graph, &job.data, &record, &errors)?;
    remove(&checkpoint);
    Ok(Completion::Finished(record))
}

/// The network with an output for each turn of an image, and the data of that task.
fn pretraining(
    description: &NetworkSpec,
    data: &DataSplits,
) -> Result<(NetworkSpec, DataSplits), FitError> {
    let data = data.rotations();
    let description = description.with_classes(data.classes).ok_or(FitError::Classifier)?;
    Ok((description, data))
}

/// The training of one network.
struct Job<'a> {
    description: &'a NetworkSpec,
    cost: Cost,
    data: Arc<DataSplits>,
    recipe: &'a Recipe,
    seed: u64,
    device: &'a SelectedDevice,
    checkpoint: &'a Path,
    init: Option<&'a Path>,
}

impl Job<'_> {
    /// The training at its last checkpoint, or a new one.
    fn begin(&self, observer: &(dyn Fn(&Progress) + Sync)) -> Result<Training, SearchError> {
        let Self { description, data, recipe, seed, device, init, .. } = self;
        let known = Training::resume_if_whole(self.checkpoint, data, &device.device, |error| {
            observer(&Progress::Note(format!("the training begins anew: {error}")));
        });
        let known = known.filter(|known| {
            (known.description(), known.seed(), known.recipe()) == (*description, *seed, *recipe)
        });
        if let Some(known) = known.filter(|known| known.transfer().is_some() == init.is_some()) {
            return Ok(known);
        }
        let mut training = Training::new(*description, data, recipe, *seed, &device.device)?;
        if let Some(init) = init {
            let tensors = start_from(&mut training, init)?;
            observer(&Progress::Init { network: init.to_path_buf(), tensors });
        }
        Ok(training)
    }

    /// Trains to the end, with checkpoints on the way.
    fn train(
        &self,
        stop: &StopFlag,
        observer: &(dyn Fn(&Progress) + Sync),
    ) -> Result<Training, SearchError> {
        let mut training = self.begin(observer)?;
        observer(&Progress::Start {
            data: self.data.in_words(self.data.train.len()),
            device: self.device.description.clone(),
            params: self.cost.parameters,
            macs: self.cost.macs,
            epoch: training.epoch(),
            epochs: training.epochs(),
        });
        training.in_parts().into_iter().for_each(|note| observer(&Progress::Note(note)));
        let mut saver = Saver::new(self.checkpoint, CHECKPOINT_EVERY);
        while training.epoch() < training.epochs() {
            let report = saver.run_epoch(&mut training, &|| stop.is_set())?;
            observer(&Progress::Epoch(report));
        }
        saver.save(&training)?;
        Ok(training)
    }
}
