//! One given network, trained to the end, tested once and saved.

use crate::split::SplitSettings;
use crate::{
    Settings,
    engine::{CHECKPOINT_EVERY, SearchError, open_data, write_file},
};
use automl_arch::{NetworkSpec, NetworkSpecError};
use automl_data::Split;
use automl_study::StopFlag;
use automl_train::{EpochReport, Training, export, on_threads};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use thiserror::Error;

/// The checkpoint's file.
const CHECKPOINT: &str = "training.ckpt";

/// Why a network was not trained.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FitError {
    /// Settings, data or device do not do, the network cannot be trained, or not be saved.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The network's file cannot be read or is not valid.
    #[error(transparent)]
    NetworkSpec(#[from] NetworkSpecError),
    /// The folder holds a network that was trained before.
    #[error("{} holds a trained network already; choose another folder", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
}

/// `metrics.json`: what is known of the network in the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// Parameters.
    pub params: u64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// Epochs trained.
    pub epochs: u64,
    /// The seed of split, weights, order and augmentation.
    pub seed: u64,
    /// The data set and its split; not known of older ones.
    #[serde(default)]
    pub split: Option<SplitSettings>,
    /// The share of validation images that are classified rightly.
    pub validation_accuracy: f64,
    /// The mean cross-entropy on the validation images.
    pub validation_loss: f64,
    /// The share of test images that are classified rightly.
    pub test_accuracy: f64,
    /// The mean cross-entropy on the test images.
    pub test_loss: f64,
    /// Seconds since this process began with it.
    pub seconds: f64,
}

/// What [`run`] tells its observer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// It is about to start, or to go on after `epoch` epochs.
    Start {
        /// The data's name.
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
    /// An epoch is over.
    Epoch(EpochReport),
}

/// Trains the network of a `model.yaml` or `network.json`, or of a folder with one of them, as the
/// final training of a search with these settings would, and saves it in `out`: the same description,
/// `weights.safetensors`, `weights.bpk`, `metrics.json`. A training that was interrupted there goes on
/// from its last checkpoint.
///
/// The seed of the settings decides split, weights, order and augmentation.
///
/// # Errors
/// [`FitError`]; [`automl_train::TrainError::Stopped`] in it where `stop` was set.
pub fn run(
    settings: &Settings,
    model: &Path,
    out: &Path,
    stop: &StopFlag,
    observer: &(dyn Fn(&Progress) + Sync),
) -> Result<Fitted, FitError> {
    let description = NetworkSpec::read(&NetworkSpec::file(model)?)?;
    let cost = description.graph()?.cost();
    let results = out.join("metrics.json");
    if results.exists() {
        return Err(FitError::Taken { path: out.to_owned() });
    }
    let (chosen, data) = open_data(settings)?;
    let start = Instant::now();
    let epochs = settings.training.finish_epochs(&data, settings.search_epochs());
    let recipe = settings.training.recipe(&data, epochs);
    let (data, seed) = (Arc::new(data), settings.seed);
    std::fs::create_dir_all(out).map_err(|source| SearchError::File {
        action: "create",
        path: out.to_owned(),
        source,
    })?;
    let checkpoint = out.join(CHECKPOINT);

    let train = || -> Result<Training, SearchError> {
        let known = Training::resume(&checkpoint, &data, &chosen.device).ok().filter(|known| {
            (known.description(), known.seed(), known.recipe()) == (&description, seed, &recipe)
        });
        let mut training = match known {
            Some(known) => known,
            None => Training::new(&description, &data, &recipe, seed, &chosen.device)?,
        };
        observer(&Progress::Start {
            data: data.name.clone(),
            device: chosen.description.clone(),
            params: cost.parameters,
            macs: cost.macs,
            epoch: training.epoch(),
            epochs,
        });
        let mut saved = Instant::now();
        while training.epoch() < training.epochs() {
            let report = training.run_epoch(&|| stop.is_set())?;
            observer(&Progress::Epoch(report));
            let is_last = training.epoch() == training.epochs();
            if is_last || stop.is_set() || saved.elapsed() >= CHECKPOINT_EVERY {
                training.save(&checkpoint)?;
                saved = Instant::now();
            }
        }
        Ok(training)
    };
    let finish = || -> Result<Fitted, SearchError> {
        let training = train()?;
        let validation = training.evaluate(Split::Validation);
        let test = training.evaluate(Split::Test);
        export(&training.trained(), &description, out)?;
        Ok(Fitted {
            params: cost.parameters,
            macs: cost.macs,
            epochs: training.epoch(),
            seed,
            split: Some(SplitSettings::of(settings)),
            validation_accuracy: validation.accuracy,
            validation_loss: validation.loss,
            test_accuracy: test.accuracy,
            test_loss: test.loss,
            seconds: start.elapsed().as_secs_f64(),
        })
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let fitted = if chosen.is_gpu {
        finish()?
    } else {
        on_threads(settings.workers.unwrap_or(cores), finish)?
    };
    let text = serde_json::to_string_pretty(&fitted).unwrap_or_default();
    write_file(&results, &text)?;
    // The network is saved; a checkpoint that stays behind costs space and nothing else.
    let _ = std::fs::remove_file(&checkpoint);
    Ok(fitted)
}
