//! The data set of a network's training, as records of earlier versions name it.

use super::network_file::NetworkFile;
use super::trained_network::{TrainedNetwork, lacks};
use automl_data::DataSplits;
use automl_extent::Extent;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Data set and split of a network's training.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingData {
    /// Name of the data set.
    pub dataset: String,
    /// Folder of its files, where that is known.
    pub folder: Option<PathBuf>,
    /// Share of the training images that validation took.
    pub validation: f64,
    /// Seed of the split.
    pub seed: u64,
}

impl TrainedNetwork {
    /// The data set and split of the training: from the metrics, or from the settings of the study
    /// that the network is a result of; `None` if neither is known.
    pub fn training_data(&self) -> Option<TrainingData> {
        let split = self.record.metrics.get("split").filter(|split| !split.is_null());
        if let Some(split) = split {
            return read(split, split);
        }
        let folder = if self.path.is_dir() { &self.path } else { self.path.parent()? };
        let study = folder.parent()?.parent()?;
        let text = std::fs::read_to_string(study.join("settings.json")).ok()?;
        let settings: Value = serde_json::from_str(&text).ok()?;
        read(settings.get("data")?, &settings)
    }

    /// Takes preprocessing, class names and identity of the data from the data set of the training,
    /// where the record lacks them.
    ///
    /// # Errors
    /// A sentence, if the data set has other images or classes than the network.
    pub fn complete(&mut self, data: &DataSplits) -> Result<(), String> {
        let graph = &self.record.graph;
        let needed = (graph.input_channels, graph.input_side, graph.classes);
        let found = (data.channels, data.side, data.classes);
        if needed != found {
            let text = |(channels, side, classes): (usize, Extent, usize)| {
                format!("{channels} channels of side {side} and {classes} classes")
            };
            let name = &data.name;
            return Err(format!("{name} has {}, the network {}", text(found), text(needed)));
        }
        let NetworkFile { input, classes, data: identity, .. } = &mut self.record;
        input.get_or_insert_with(|| data.preprocessing());
        if classes.is_empty() {
            classes.clone_from(&data.class_names);
        }
        identity.get_or_insert_with(|| data.identity.clone());
        self.notes = lacks(&self.record);
        Ok(())
    }
}

fn read(data: &Value, seed: &Value) -> Option<TrainingData> {
    Some(TrainingData {
        dataset: data.get("dataset")?.as_str()?.to_owned(),
        folder: data.get("dir").and_then(Value::as_str).map(|dir| Path::new(dir).to_owned()),
        validation: data.get("validation")?.as_f64()?,
        seed: seed.get("seed")?.as_u64()?,
    })
}
