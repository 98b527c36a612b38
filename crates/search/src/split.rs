//! The split of the data set by which a saved network was trained.
//!
//! Under another split, the network would be tested on images of its own training, unless the data
//! set comes with test images.

use crate::engine::begun;
use crate::{ResumeError, Settings};
use automl_data::{Manifest, ManifestError, Side};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Failure to use the split of a network's training.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The settings give another split.
    #[error(transparent)]
    Mismatch(#[from] SplitMismatch),
    /// The settings of the network's study cannot be read.
    #[error(transparent)]
    Study(#[from] ResumeError),
    /// The record of the network's training cannot be read: its file, and the reason.
    #[error("{}, which names the split of the network's training: {}", .0.display(), .1)]
    Record(PathBuf, std::io::Error),
}

/// A setting that gives another split than that of the network's training.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "{name} = {value}: the network was trained with {known}, and another split would test it \
     on images that it has learnt; leave it out"
)]
pub struct SplitMismatch {
    /// Name of the setting.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Its value in the network's training.
    pub known: String,
}

/// Assignment of images to training, validation and test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSettings {
    /// The data set's name.
    pub dataset: String,
    /// The share of the training images that validation takes.
    pub validation: f64,
    /// The seed.
    pub seed: u64,
}

/// The split in a `metrics.json`; records of a search in earlier versions lack it.
#[derive(Deserialize)]
struct Record {
    split: Option<SplitSettings>,
    #[serde(default = "yes")]
    split_is_known: bool,
}

fn yes() -> bool {
    true
}

/// Facts about a network's training.
struct Known {
    split: SplitSettings,
    /// The folder of the data set's files.
    dir: Option<PathBuf>,
    /// The side to which they were resized.
    side: Option<Side>,
}

/// The settings under which a network is tested.
pub(crate) struct Reconciled {
    /// The settings, with those of the network's training in place of defaults.
    pub(crate) settings: Settings,
    /// Whether the split is known to be the training's.
    pub(crate) is_known: bool,
    /// A note on the split.
    pub(crate) note: Option<String>,
}

impl SplitSettings {
    /// The split that settings give.
    pub(crate) fn of(settings: &Settings) -> Self {
        let (dataset, validation) = (settings.data.dataset.clone(), settings.data.validation);
        Self { dataset, validation, seed: settings.seed }
    }
}

/// Reconciles settings with those of a network's training. A setting at its default takes the value
/// of the training, unless it is among the `meant` ones; any other one is refused where it differs.
pub(crate) fn reconcile(
    settings: &Settings,
    meant: &[String],
    weights: &Path,
) -> Result<Reconciled, SplitError> {
    let mut settings = settings.clone();
    let Some(Known { split, dir, side }) = known(weights)? else {
        let note = format!(
            "it is not known by which split the network of {} was trained: if data.dataset, \
             data.validation or seed were others then, it is tested on images that it has learnt",
            weights.display()
        );
        return Ok(Reconciled { settings, is_known: false, note: Some(note) });
    };
    let usual = Settings::default();
    let mut taken = Vec::new();
    let mut check = |name: &'static str, value: String, usual: String, known: String| {
        if value == known {
            return Ok(());
        }
        // A folder alone may be one of any format.
        let is_implied = name == "data.dataset" && value == "\"folder\"";
        if (is_implied || value == usual) && !meant.iter().any(|meant| meant == name) {
            taken.push(format!("{name} = {known}"));
            return Ok(());
        }
        Err(SplitMismatch { name, value, known })
    };
    let text = |name: &str| format!("{name:?}");
    let (data, default) = (&settings.data, &usual.data);
    let sets = [&data.dataset, &default.dataset, &split.dataset].map(|name| text(name));
    let shares = [data.validation, default.validation, split.validation].map(|x| x.to_string());
    let seeds = [settings.seed, usual.seed, split.seed].map(|seed| seed.to_string());
    let [value, usual_value, known] = sets;
    check("data.dataset", value, usual_value, known)?;
    let [value, usual_value, known] = shares;
    check("data.validation", value, usual_value, known)?;
    let [value, usual_value, known] = seeds;
    check("seed", value, usual_value, known)?;
    // The folder of class folders is the data set itself.
    let is_known = manifest(weights).is_ok_and(|known| known.is_some());
    if let (Some(own), Some(known), "folder") = (&data.dir, &dir, split.dataset.as_str())
        && !is_known
    {
        let place = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
        if place(own) != place(known) {
            let (value, known) = (text(&own.to_string_lossy()), text(&known.to_string_lossy()));
            return Err(SplitMismatch { name: "data.dir", value, known }.into());
        }
    }
    settings.seed = split.seed;
    settings.data.validation = split.validation;
    settings.data.dataset = split.dataset;
    settings.data.dir = settings.data.dir.or(dir);
    if let Some(side) = side.filter(|_| settings.data.side == usual.data.side) {
        settings.data.side = side;
    }
    let note = format!("going on with {}, as the network was trained", taken.join(", "));
    Ok(Reconciled { settings, is_known: true, note: Some(note).filter(|_| !taken.is_empty()) })
}

/// The training of the network in the folder of a file of weights, if known: from the settings of
/// its study, or its record.
fn known(weights: &Path) -> Result<Option<Known>, SplitError> {
    let Ok(weights) = weights.canonicalize() else { return Ok(None) };
    let Some(folder) = weights.parent() else { return Ok(None) };
    if let Some(study) = study(folder)
        && let Some(begun) = begun(study)?
    {
        let (dir, side) = (begun.data.dir.clone(), Some(begun.data.side));
        return Ok(Some(Known { split: SplitSettings::of(&begun), dir, side }));
    }
    let path = folder.join("metrics.json");
    if !path.exists() {
        return Ok(None);
    }
    let record = std::fs::read_to_string(&path).and_then(|text| Ok(serde_json::from_str(&text)?));
    let Record { split, split_is_known } = record.map_err(|e| SplitError::Record(path, e))?;
    let split = split.filter(|_| split_is_known);
    Ok(split.map(|split| Known { split, dir: None, side: None }))
}

/// The files of the data of the network in the folder of a file of weights, with their parts: from
/// its own folder, or that of its study.
pub(crate) fn manifest(weights: &Path) -> Result<Option<Manifest>, ManifestError> {
    let Ok(weights) = weights.canonicalize() else { return Ok(None) };
    let Some(folder) = weights.parent() else { return Ok(None) };
    match (Manifest::read(folder)?, study(folder)) {
        (None, Some(study)) => Manifest::read(study),
        (own, _) => Ok(own),
    }
}

/// The folder of the study that trained the network in `<study>/front/trial-<n>`.
fn study(folder: &Path) -> Option<&Path> {
    let is_named = |folder: &Path, start: &str| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
    };
    let front = folder.parent().filter(|_| is_named(folder, "trial-"))?;
    front.parent().filter(|_| is_named(front, "front"))
}
