//! The trained networks in the folder of a search.

use automl_arch::{Graph, NetworkSpec};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// A trained network with what its folder tells of it.
#[derive(Clone, Debug)]
pub struct NetworkCard {
    /// The trial that found the network.
    pub trial: Option<u64>,
    /// The network's folder, relative to the study's.
    pub folder: String,
    /// The network as blocks or nodes.
    pub spec: NetworkSpec,
    /// The network as primitive nodes.
    pub graph: Graph,
    /// The measurements, `metrics.json`.
    pub metrics: Value,
    /// Samples of the network's errors with their images, `errors.json`; null where there is none.
    pub errors: Value,
    /// Names and sizes in bytes of the files.
    pub files: Vec<(String, u64)>,
}

/// The networks below `front`, in the order of their parameters. A folder that holds no network that
/// can be read is left out: a search may be writing it.
pub(super) fn read(folder: &Path) -> Vec<NetworkCard> {
    let entries = fs::read_dir(folder.join("front")).into_iter().flatten().flatten();
    let mut cards: Vec<NetworkCard> = entries
        .filter_map(|entry| card(&entry.path(), &entry.file_name().to_string_lossy()))
        .collect();
    cards.sort_by_key(|card| (card.graph.cost().parameters, card.trial));
    cards
}

/// The network of a folder of its own, with its files beside the page.
pub(crate) fn alone(folder: &Path) -> Option<NetworkCard> {
    let card = card(folder, "")?;
    Some(NetworkCard { folder: String::new(), ..card })
}

fn card(folder: &Path, name: &str) -> Option<NetworkCard> {
    let spec = spec(folder)?;
    let graph = spec.graph().ok()?;
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(folder.join(name)).ok();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    };
    let (metrics, errors) = (read("metrics.json"), read("errors.json"));
    let by_name = name.strip_prefix("trial-").and_then(|number| number.parse().ok());
    let mut files: Vec<(String, u64)> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let size = entry.metadata().ok().filter(fs::Metadata::is_file)?.len();
            Some((entry.file_name().to_string_lossy().into_owned(), size))
        })
        .collect();
    files.sort();
    Some(NetworkCard {
        trial: metrics["trial"].as_u64().or(by_name),
        folder: format!("front/{name}"),
        spec,
        graph,
        metrics,
        errors,
        files,
    })
}

/// The network of a folder: the blocks where there are some, which tell more than the nodes; else the
/// graph in the record, or the record that is a graph alone.
fn spec(folder: &Path) -> Option<NetworkSpec> {
    let blocks = folder.join("model.yaml");
    if blocks.exists() {
        return NetworkSpec::read(&blocks).ok();
    }
    let text = fs::read_to_string(folder.join("network.json")).ok()?;
    let json: Value = serde_json::from_str(&text).ok()?;
    let graph = json.get("graph").cloned().unwrap_or(json);
    serde_json::from_value(graph).ok().map(NetworkSpec::Nodes)
}
