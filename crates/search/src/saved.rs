//! Folders of trained networks: the record with everything that their use needs.

use crate::network_record::METRICS;
use crate::{NetworkRecord, SearchError};
use automl_arch::Graph;
use automl_data::DataSplits;
use automl_deploy::{ErrorSamples, NetworkFile, TrainedNetwork, WEIGHTS_FILE, Weights};
use std::path::Path;

/// Completes the folder of a network, where its weights are: `metrics.json`, and `network.json` with
/// graph, preprocessing, class names, metrics and the identity of the data, which the header of the
/// weights holds too; `errors.json` with samples of its errors.
pub(crate) fn describe(
    folder: &Path,
    graph: Graph,
    data: &DataSplits,
    record: &NetworkRecord,
    errors: &ErrorSamples,
) -> Result<(), SearchError> {
    let mut file = NetworkFile::new(graph);
    file.input = Some(data.preprocessing());
    file.classes.clone_from(&data.class_names);
    file.data = Some(data.identity.clone());
    let weights = Weights::read(&folder.join(WEIGHTS_FILE))?;
    let network =
        TrainedNetwork { path: folder.to_owned(), record: file, weights, notes: Vec::new() };
    errors.write(folder)?;
    write(network, folder, record)
}

/// The record of a network that was trained before; none where there is none, or its training did not get to
/// its end. Files that cannot be read are an error.
pub(crate) fn known(folder: &Path) -> Result<Option<NetworkRecord>, SearchError> {
    if !folder.join(METRICS).exists() {
        return Ok(None);
    }
    let record = NetworkRecord::read(folder)?;
    TrainedNetwork::read(folder)?;
    Ok(Some(record))
}

/// Replaces the metrics in the folder of a network.
pub(crate) fn update(folder: &Path, record: &NetworkRecord) -> Result<(), SearchError> {
    let network = TrainedNetwork::read(folder)?;
    if network.record.format == 0 {
        // Of an earlier version: what it lacks is not known here.
        return Ok(record.write(folder)?);
    }
    write(network, folder, record)
}

fn write(
    mut network: TrainedNetwork,
    folder: &Path,
    record: &NetworkRecord,
) -> Result<(), SearchError> {
    network.record.metrics = serde_json::to_value(record).unwrap_or_default();
    Ok(network.write(folder)?)
}
