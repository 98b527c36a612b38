//! What the commands share that use a trained network.

use crate::Failure;
use automl::data::{DataSplits, Dataset, DatasetFormat, Manifest, Side, Source, default_cache};
use automl::deploy::{NetworkFile, TrainedNetwork, TrainingData};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The data set of the training, for networks of which the record lacks it.
#[derive(Debug, Args)]
pub(crate) struct NetworkArgs {
    /// The network: the folder of a trained one, or its weights.safetensors
    #[arg(value_name = "NETWORK")]
    pub(crate) network: PathBuf,
    /// The data set of its training [default: the one in its record]
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub(crate) dataset: Option<String>,
    /// Where that data set's files lie
    #[arg(long, value_name = "FOLDER", help_heading = "Data")]
    pub(crate) data_dir: Option<PathBuf>,
}

impl NetworkArgs {
    /// Reads the network. Where its record lacks the normalization of images, it is taken from the
    /// data set of the training, if that is known and at hand; what is still lacking is said.
    pub(crate) fn load(&self) -> Result<TrainedNetwork, Failure> {
        let mut network = TrainedNetwork::read(&self.network)?;
        if network.record.input.is_none()
            && let Some(training) = self.training(&network)
            && is_at_hand(&training)
        {
            let dataset = read(&network.record, &training)?;
            network.complete(&split(&network, &training, &dataset)?)?;
        }
        for lack in &network.notes {
            note(format_args!("{}: {lack}", self.network.display()));
        }
        Ok(network)
    }

    /// The data set of the training, as the options or the record have it.
    pub(crate) fn training(&self, network: &TrainedNetwork) -> Option<TrainingData> {
        let known = network.training_data();
        let given = self.dataset.clone().or_else(|| {
            let folder = self.data_dir.as_ref().filter(|_| known.is_none());
            folder.map(|_| "folder".to_owned())
        });
        let (validation, seed) = known.as_ref().map_or((0.2, 0), |k| (k.validation, k.seed));
        let recorded = known.as_ref().and_then(|known| known.folder.clone());
        let dataset = given.or_else(|| known.map(|known| known.dataset))?;
        let folder = self.data_dir.clone().or(recorded);
        Some(TrainingData { dataset, folder, validation, seed })
    }
}

/// The images of a data set as a network takes them.
pub(crate) fn read(record: &NetworkFile, training: &TrainingData) -> Result<Dataset, Failure> {
    let cache = default_cache();
    let source = Source {
        folder: training.folder.as_deref(),
        side: Side::Pixels(record.graph.input_side),
        resize: record.input.as_ref().map_or_else(Default::default, |input| input.resize),
        channels: Some(record.graph.input_channels),
        cache: cache.as_deref(),
        ..Source::default()
    };
    Ok(DatasetFormat::find(&training.dataset)?.load(&source)?)
}

/// The split of the training: by the manifest of the network or of its study, else by the seed.
pub(crate) fn split(
    network: &TrainedNetwork,
    training: &TrainingData,
    dataset: &Dataset,
) -> Result<DataSplits, Failure> {
    let (validation, seed) = (training.validation, training.seed);
    Ok(match manifest(network)? {
        Some(known) => DataSplits::split_as(dataset, validation, seed, &known)?,
        None => DataSplits::split(dataset, validation, seed)?,
    })
}

/// The files of the training, as the network or its study keeps them.
pub(crate) fn manifest(network: &TrainedNetwork) -> Result<Option<Manifest>, Failure> {
    let path = &network.path;
    let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
    let study = folder.and_then(Path::parent).and_then(Path::parent);
    for folder in [folder, study].into_iter().flatten() {
        if let Some(known) = Manifest::read(folder)? {
            return Ok(Some(known));
        }
    }
    Ok(None)
}

/// Whether the data set needs no files, or their folder is known and exists.
fn is_at_hand(training: &TrainingData) -> bool {
    let embedded = DatasetFormat::find(&training.dataset).is_ok_and(|f| f.files.is_none());
    embedded || training.folder.as_deref().is_some_and(Path::exists)
}

/// Prints a note on standard error.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "note: {text}");
}

/// Threads on the CPU, where none are asked for.
pub(crate) fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
