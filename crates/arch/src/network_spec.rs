//! Networks in files.

use crate::{Architecture, ArchitectureError, Graph, GraphError, YamlError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A network as blocks (`model.yaml`) or, where pruning gave it widths that no block can have, as
/// primitive operations (`network.json`, the JSON form of [`Graph`]).
///
/// # Examples
/// ```
/// use automl_arch::{Architecture, Block, Layer, NetworkSpec};
///
/// let layers = [Layer::once(Block::Flatten), Layer::once(Block::linear(10))];
/// let spec = NetworkSpec::from(&Architecture::new(1, 8, layers));
/// assert_eq!((spec.file_name(), spec.graph()?.cost().parameters), ("model.yaml", 650));
/// # Ok::<(), automl_arch::NetworkSpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NetworkSpec {
    /// A chain of blocks.
    Blocks(Architecture),
    /// Primitive nodes.
    Nodes(Graph),
}

/// A network that cannot be read or built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkSpecError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The folder has neither `network.json` nor `model.yaml`.
    #[error("{} holds neither network.json nor model.yaml", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The file of blocks is not valid.
    #[error("{}: {source}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: YamlError,
    },
    /// The file of nodes is not valid.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// Blocks that cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// Nodes that cannot be built.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl NetworkSpec {
    /// The file that describes the network at `path`: itself, or in a folder of a trained network
    /// `model.yaml` or, without one, `network.json`.
    ///
    /// # Errors
    /// [`NetworkSpecError::Folder`] for a folder that holds neither.
    pub fn file(path: &Path) -> Result<PathBuf, NetworkSpecError> {
        if !path.is_dir() {
            return Ok(path.to_owned());
        }
        let files = ["model.yaml", "network.json"].map(|name| path.join(name));
        let found = files.into_iter().find(|file| file.exists());
        found.ok_or_else(|| NetworkSpecError::Folder { path: path.to_owned() })
    }

    /// Reads a `.json` file as nodes, any other as blocks. In the record of a trained network, the
    /// nodes are its `graph`.
    ///
    /// # Errors
    /// [`NetworkSpecError`] names the file and what is wrong in it.
    pub fn read(path: &Path) -> Result<Self, NetworkSpecError> {
        let own = || path.to_owned();
        let text = std::fs::read_to_string(path)
            .map_err(|source| NetworkSpecError::Read { path: own(), source })?;
        if path.extension().is_some_and(|extension| extension == "json") {
            return nodes(&text)
                .map(Self::Nodes)
                .map_err(|source| NetworkSpecError::Json { path: own(), source });
        }
        let blocks = Architecture::from_yaml(&text)
            .map_err(|source| NetworkSpecError::Yaml { path: own(), source })?;
        Ok(Self::Blocks(blocks))
    }

    /// The primitive nodes, checked.
    ///
    /// # Errors
    /// What cannot be built.
    pub fn graph(&self) -> Result<Graph, NetworkSpecError> {
        match self {
            Self::Blocks(architecture) => Ok(architecture.graph()?),
            Self::Nodes(graph) => {
                graph.check()?;
                Ok(graph.clone())
            }
        }
    }

    /// The file's name in a folder of a trained network.
    pub fn file_name(&self) -> &'static str {
        match self {
            Self::Blocks(_) => "model.yaml",
            Self::Nodes(_) => "network.json",
        }
    }

    /// The file's text; reading it gives the same network.
    ///
    /// # Errors
    /// A failure of the JSON writer.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Blocks(architecture) => Ok(architecture.to_yaml()),
            Self::Nodes(graph) => serde_json::to_string_pretty(graph),
        }
    }
}

/// The graph in a JSON text: the whole of it, or the field `graph` of a record.
fn nodes(text: &str) -> Result<Graph, serde_json::Error> {
    #[derive(Deserialize)]
    struct Record {
        graph: Graph,
    }
    let value: serde_json::Value = serde_json::from_str(text)?;
    match value.get("graph") {
        Some(_) => serde_json::from_str::<Record>(text).map(|record| record.graph),
        None => serde_json::from_str(text),
    }
}

impl From<&Architecture> for NetworkSpec {
    fn from(architecture: &Architecture) -> Self {
        Self::Blocks(architecture.clone())
    }
}

impl From<&Graph> for NetworkSpec {
    fn from(graph: &Graph) -> Self {
        Self::Nodes(graph.clone())
    }
}

impl From<&Self> for NetworkSpec {
    fn from(description: &Self) -> Self {
        description.clone()
    }
}
