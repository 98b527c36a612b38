//! The data of a job: reading, splitting, and whether they are those of before.

use crate::{DataError, Device, SearchError, Settings};
use automl_arch::Graph;
use automl_data::{DataIdentity, DataSplits, DatasetError};
pub use automl_settings::Earlier;
use automl_settings::NetworkInput;
use automl_study::{SharedStorage, StopFlag};
use automl_train::{DeviceChoice, SelectedDevice};

/// The study's attribute with the identity of its data, for processes in other folders.
const ATTRIBUTE: &str = "automl:data";

/// The device, and the data in their splits. Where the manifest of an earlier job is known, its
/// split is kept, and other data are refused unless they were accepted. `None` where it was stopped.
pub fn open_data(
    settings: &Settings,
    earlier: Earlier<'_>,
    note: &(dyn Fn(String) + Sync),
    stop: &StopFlag,
) -> Result<Option<(SelectedDevice, DataSplits)>, SearchError> {
    settings.check()?;
    let device = automl_train::choose(match settings.device {
        Device::Auto => DeviceChoice::Auto,
        Device::Cpu => DeviceChoice::Cpu,
        Device::Gpu => DeviceChoice::Gpu,
    })?;
    let dataset = match settings.data.read(&earlier, note, &|| stop.is_set()) {
        Err(DatasetError::Stopped) => return Ok(None),
        dataset => dataset?,
    };
    let (validation, seed) = (settings.data.validation, settings.seed);
    let Earlier::Files(known) = earlier else {
        let data = DataSplits::split(&dataset, validation, seed)?;
        settings.training.costs(&data.class_names, data.classes)?;
        return Ok(Some((device, data)));
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
        data.identity = data.identity.after(&known.identity);
        note(format!("the data changed: {changes}; known images keep their part of the split"));
    } else {
        return Err(DataError::Changed(Box::new(changes)).into());
    }
    Ok(Some((device, data)))
}

/// The images that a network takes.
pub(crate) fn input(graph: &Graph) -> NetworkInput {
    let (channels, side) = (graph.input_channels, graph.input_side);
    NetworkInput { channels, side, ..NetworkInput::default() }
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
