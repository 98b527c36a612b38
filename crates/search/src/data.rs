//! The data of a job: reading, splitting, and whether they are those of before.

use crate::{DataError, Device, SearchError, Settings};
use automl_data::{
    DataIdentity, DataSplits, Dataset, DatasetFormat, Manifest, Side, Source, default_cache,
};
use automl_study::SharedStorage;
use automl_train::{DeviceChoice, SelectedDevice};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The study's attribute with the identity of its data, for processes in other folders.
const ATTRIBUTE: &str = "automl:data";

/// The time between notes on the progress of reading.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// An earlier job on the data.
#[derive(Clone, Copy, Debug)]
pub enum Earlier<'a> {
    /// None, or another program's.
    Nothing,
    /// One of a version that kept no manifest: classes in the order of text, always three channels.
    Former,
    /// One with a manifest.
    Files(&'a Manifest),
}

impl<'a> Earlier<'a> {
    /// The job with this manifest; without one, a former job where there was a job at all.
    pub(crate) fn new(known: Option<&'a Manifest>, is_job: bool) -> Self {
        match known {
            Some(known) => Self::Files(known),
            None if is_job => Self::Former,
            None => Self::Nothing,
        }
    }
}

/// The device, and the data in their splits. Where the manifest of an earlier job is known, its
/// split is kept, and other data are refused unless they were accepted.
pub fn open_data(
    settings: &Settings,
    earlier: Earlier<'_>,
    note: &(dyn Fn(String) + Sync),
) -> Result<(SelectedDevice, DataSplits), SearchError> {
    settings.check()?;
    let device = automl_train::choose(match settings.device {
        Device::Auto => DeviceChoice::Auto,
        Device::Cpu => DeviceChoice::Cpu,
        Device::Gpu => DeviceChoice::Gpu,
    })?;
    let dataset = read(settings, earlier, note)?;
    let (validation, seed) = (settings.data.validation, settings.seed);
    let Earlier::Files(known) = earlier else {
        let data = DataSplits::split(&dataset, validation, seed)?;
        settings.training.costs(&data.class_names, data.classes)?;
        return Ok((device, data));
    };
    let changes = known.changes(&dataset);
    let mut data = DataSplits::split_as(&dataset, validation, seed, known)?;
    settings.training.costs(&data.class_names, data.classes)?;
    if changes.is_none() {
        // Renamed files change nothing else.
        data.identity = known.identity.clone();
    } else if changes.classes.is_some() {
        return Err(DataError::Classes(Box::new(changes)).into());
    } else if settings.data.accept_new_data {
        note(format!("the data changed: {changes}; known images keep their part of the split"));
    } else {
        return Err(DataError::Changed(Box::new(changes)).into());
    }
    Ok((device, data))
}

/// The data in folds for cross-validation: each has another part of the images for validation, and
/// all have the same test images.
pub(crate) fn open_folds(
    settings: &Settings,
    earlier: Earlier<'_>,
    count: usize,
    note: &(dyn Fn(String) + Sync),
) -> Result<Vec<DataSplits>, SearchError> {
    Ok(DataSplits::folds(&read(settings, earlier, note)?, count, settings.seed)?)
}

/// The data set, read as the earlier job did unless the settings say otherwise.
fn read(
    settings: &Settings,
    earlier: Earlier<'_>,
    note: &(dyn Fn(String) + Sync),
) -> Result<Dataset, SearchError> {
    let (data, usual) = (&settings.data, Settings::default().data);
    let noted = Mutex::new(Instant::now());
    let progress = |done: usize, all: usize| {
        if let Ok(mut noted) = noted.try_lock()
            && noted.elapsed() >= NOTE_EVERY
        {
            *noted = Instant::now();
            note(format!("reading images: {done} of {all}"));
        }
    };
    let cache = default_cache().filter(|_| data.cache);
    let mut source = Source {
        folder: data.dir.as_deref(),
        side: data.side,
        resize: data.resize,
        channels: data.channels,
        strict: data.strict,
        cache: cache.as_deref(),
        progress: &progress,
    };
    match earlier {
        Earlier::Nothing => {}
        Earlier::Former => source.channels = data.channels.or(Some(3)),
        Earlier::Files(known) => {
            if data.side == Side::Auto || data.side == usual.side {
                source.side = Side::Pixels(known.side);
            }
            if data.resize == usual.resize {
                source.resize = known.resize;
            }
            source.channels = data.channels.or(Some(known.channels));
        }
    }
    let dataset = DatasetFormat::find(&data.dataset)?.load(&source)?;
    Ok(match earlier {
        Earlier::Former if data.dataset == "folder" => {
            let mut names = dataset.class_names.clone();
            names.sort();
            dataset.with_class_order(&names)
        }
        Earlier::Files(known) => dataset.with_class_order(&known.identity.classes),
        _ => dataset,
    })
}

/// Refuses data that are not those of the study's record, unless they were accepted; the first
/// process records its own.
pub(crate) fn check_record(
    record: &mut dyn SharedStorage,
    data: &DataSplits,
    accepts: bool,
) -> Result<(), SearchError> {
    let own = serde_json::json!(data.identity);
    let known = record.attribute_or_insert(ATTRIBUTE, &own)?;
    let Ok(known) = serde_json::from_value::<DataIdentity>(known) else { return Ok(()) };
    let own_identity = &data.identity;
    if known.fingerprint == own_identity.fingerprint {
        return Ok(());
    }
    if known.classes != own_identity.classes || !accepts {
        let (known, own) = (Box::new(known), Box::new(own_identity.clone()));
        return Err(DataError::OtherData { known, own }.into());
    }
    Ok(record.set_attribute(ATTRIBUTE, &own)?)
}

/// The data in words: a line of sizes, and what a user should know of them.
pub(crate) fn describe(data: &DataSplits, searched: usize) -> String {
    let shape = format!("{}x{}x{}", data.side, data.side, data.channels);
    let searched = if searched < data.train.len() {
        format!(" ({searched} of them in the search)")
    } else {
        String::new()
    };
    let sizes = format!(
        "{}: {} training{searched}, {} validation and {} test images of {shape} in {} classes",
        data.name,
        data.train.len(),
        data.validation.len(),
        data.test.len(),
        data.classes
    );
    std::iter::once(sizes).chain(data.lines()).collect::<Vec<_>>().join("\n        ")
}

/// The name of a data set with the characters that a study's name may have.
pub(crate) fn study_name(dataset: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = dataset.chars().map(plain).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "study".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_studies_are_names_of_folders() {
        assert_eq!(study_name("fashion-mnist"), "fashion-mnist");
        assert_eq!(study_name("../my photos (2)"), "-my-photos--2-");
        assert_eq!(study_name(".."), "study");
    }
}
